// SPDX-License-Identifier: Apache-2.0
// What the event manager wants done. Actions leave the controller only after the rows of their
// batch are durable, and doing one twice is harmless.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "sched/event.h"
#include "sched/spec.h"
#include "sched/state.h"

namespace jobq::sched {

// Everything that a node needs to start one attempt; values are already put in.
struct Launch {
  NodeId node;
  AttemptId id;
  std::string job_name;
  std::string step_name;
  std::string user;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::string> argv;  // of a script: its arguments
  std::string script;             // not empty: the text to run
  std::vector<NameValue> env;  // JOBQ_JOB, JOBQ_STEP, ... and the job's own; the node adds the rest
  std::string workdir;         // empty: the user's home
  std::string output;          // %-letters are already replaced; empty: the node's store
  std::string error;           // empty: as output
  bool append_output = false;  // something of the job wrote to this file before; else it is emptied
  bool append_error = false;
  std::uint32_t cpus = 0;  // granted; limits follow from them
  Bytes memory;
  std::vector<std::uint32_t> gpus;
  bool fenced = false;  // it must not outlive the node's lease, see is_fenced() in launch.h
  std::uint32_t umask = kUsualUmask;
  std::vector<ResourceLimit> limits;
};

// Ask the step to end (TERM), and after the node's grace period make it (KILL).
struct Kill {
  NodeId node;
  AttemptId id;
};
struct Signal {
  NodeId node;
  AttemptId id;
  int signal = 0;
};
struct Suspend {
  NodeId node;
  AttemptId id;
};
struct Resume {
  NodeId node;
  AttemptId id;
};
// The end of this attempt is on disk here (or of no interest): the node may forget it.
struct Forget {
  NodeId node;
  AttemptId id;
};
// The node is known under this id from now on; sent for every NodeJoined, before anything else to
// it. Only for the connection that it joined on: what follows is decided by what it said there.
struct Welcome {
  std::string name;
  NodeId node;
  std::uint64_t link = 0;
};

// Answers. Per-job results stand in the order of the selection.
struct Submitted {
  std::vector<Result<JobNumber>> tickets;  // one each, in order
  // Of a dry run, one for each ticket: when it would start, as far as is known. Nothing is known of
  // one that was submitted before under its key: that has its number.
  struct Expected {
    std::optional<Time> start;
    bool is_estimate = false;  // it rests on estimates, not on time limits alone
    bool now = false;          // it would start at once; who asks may have another clock
  };
  std::vector<Expected> expected;
};
struct JobResults {
  struct One {
    JobNumber job;
    Result<void> result;
    IndexSet elements;  // of the array that were meant; empty: the whole job
  };
  std::vector<One> jobs;
};
struct Done {};
struct EventSent {
  EventId id;
};
struct EventReceived {
  EventId id;
  std::string event;
  std::string payload;
  std::string mailbox;  // where it was
  std::string from;     // which flow sent it; empty: it was sent by hand
  std::string user;     // who sent it
  Time sent;
};
struct Reply {
  ReplyId to;
  std::variant<Submitted, JobResults, Done, Error, EventSent, EventReceived> body;
  bool more = false;  // another one follows: a command on many jobs is answered piece by piece
};

// A job or an element became final: whoever waits for it can be told.
struct JobEnded {
  JobRef job;
  JobState state = JobState::kDone;
  Outcome outcome = Outcome::kNone;
  std::string reason;
  int exit_code = 0;  // of the step that decided, 0 where there is none
};

// Elements of an array were cancelled before they started.
struct ElementsDropped {
  JobNumber array;
  IndexSet elements;
  Outcome outcome = Outcome::kCancel;  // or kFailure: the deadline passed
  std::string reason;
};

// Ask the history for these jobs, which have ended, and say with LookedUp what it knows.
struct LookUp {
  AttemptId id;  // of the step that waits for them
  std::vector<JobNumber> jobs;
};

// Call with a Tick at this time, or a little later. Only the earliest one outstanding counts.
struct WakeAt {
  Time at;
};

using Action = std::variant<Launch, Kill, Signal, Suspend, Resume, Forget, Welcome, Reply, JobEnded,
                            ElementsDropped, LookUp, WakeAt>;

}  // namespace jobq::sched
