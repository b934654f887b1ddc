// SPDX-License-Identifier: Apache-2.0
// What is stored: the rows that the event manager changes and rebuilds itself from.
//
// A row is the whole new value under its key; writing one twice is harmless. Live state is exactly:
// all ClassRow, NodeRow, ResourceRow, SubmissionRow that have not expired, CounterRow, UsageRow,
// RunTimeRow, RecurRow, FiringRow and EventRow, the JobRows whose `ended` is 0 with their StepRows,
// AttemptRows, TransitionRows and ArrayRows, and the SpecRows that they or a ClassRow name.
// Everything else is history.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "resmgr/needs.h"
#include "sched/dependencies.h"
#include "sched/event.h"
#include "sched/index_set.h"
#include "sched/mailbox.h"
#include "sched/spec.h"
#include "sched/state.h"
#include "sched/zone.h"

namespace jobq::sched {

// The version of the rows; the store migrates forward.
inline constexpr int kRowsVersion = 4;

// Key: id. Never changes once written.
struct SpecRow {
  SpecId id;
  std::shared_ptr<const JobSpec> spec;
};

// One more node that a job or an attempt holds beside the first.
struct OtherNode {
  NodeId node;
  std::string name;
  std::vector<std::uint32_t> gpus;  // indexes on it
  bool operator==(const OtherNode&) const = default;
};

// Key: number.
struct JobRow {
  JobNumber number;
  SpecId spec;
  std::string name;
  std::string user;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  int priority = kDefaultPriority;
  std::vector<NameValue> params;
  std::optional<Millis> time_limit;

  bool held = false;
  std::string held_by;
  bool started_needs = false;  // its own needs are granted (grant: node, gpus)
  NodeId node;
  std::vector<std::uint32_t> gpus;
  std::vector<OtherNode> others;  // where it holds several nodes

  // Set once, when the job is decided: by its last step, a failure, a cancel, its limit.
  Outcome decided = Outcome::kNone;
  std::string reason;  // stands beside CU, JE, JC
  int exit_code = 0;   // of the step that decided
  std::string cancelled_by;

  Time submitted;
  Time started;          // first grant; 0: not yet
  Time suspended;        // since when its limit's clock stands; 0: it runs
  Millis suspended_for;  // before that, in total
  Time ended;            // 0: not final
  JobState state =
      JobState::kQueued;  // as shown when the row was written; final ones are history's truth

  JobNumber array;       // of an element: its array; 0: it is none
  Index index = 0;       // of an element
  std::string elements;  // of an array: what it was submitted with, "0-999%50"

  Time begin;             // as its ticket says; 0: at once
  bool to_begin = false;  // that is to come
  Time deadline;          // it is ended then; 0: none
  // The time that it was fired for, by the recurring ticket of its user and its name; 0: by none.
  Time nominal;

  AttemptId parent;                  // that submitted it; job 0: no step did
  std::vector<JobNumber> ancestors;  // the parent's job is the last of them
  std::string after;                 // its conditions on other jobs; see sched/dependencies.h
  bool keeps_never = false;          // as in its ticket
  std::string account;               // of its life so far; see sched/account.h

  bool operator==(const JobRow&) const = default;
};

// Key: job. How far an array is: an element has a JobRow only once it started (or was refused).
struct ArrayRow {
  JobNumber job;
  std::uint64_t next = 0;  // from here on nothing has been made; see sched/array.h
  JobNumber front;         // made and not started, so without a row; 0: none
  Index front_index = 0;
  std::uint32_t made = 0;
  std::uint32_t done = 0;
  std::uint32_t failed = 0;
  std::uint32_t cancelled = 0;
  std::string again;  // sets of indexes
  std::string held;
  std::string dropped;
  std::string overdue;
  std::string first_failure;
  bool operator==(const ArrayRow&) const = default;
};

// Key: (job, step). Absent means that it was never started, skipped or cancelled: whether it is
// pending or waiting then follows from the job and the other steps. `outcome` and `reason` of a
// step in kEnding say what its end will count as. A step in kPending or kWaiting is tried again, or
// a loop sent it back: `reason` says how its last attempt ended, of this round, and which of the
// two it is may be out of date.
struct StepRow {
  JobNumber job;
  StepId step;
  StepState state = StepState::kPending;
  std::string reason;
  Outcome outcome = Outcome::kNone;
  std::optional<std::string> event;  // what later steps branch on
  Attempt attempt;                   // the newest; 0: none yet
  Time not_before;                   // of a step that is tried again: not earlier; 0: at once
  std::uint32_t round = 0;           // that it is in, from 1; 0: it is in no loop
  std::uint32_t went_back = 0;       // so often its own loop did, in this round of those around
  bool operator==(const StepRow&) const = default;
};

// Key: (job, step, attempt). Written when the attempt is launched and when it ends.
struct AttemptRow {
  AttemptId id;
  NodeId node;
  std::string node_name;
  std::string incarnation;  // of the node, when it was launched
  std::vector<std::uint32_t> gpus;
  std::vector<OtherNode> others;  // that it has beside its own, by its own needs or by its job's
  NodeId lost_beside;             // the one of these for whose loss it was told to end; 0: none
  bool launched = false;          // always, so far
  std::string
      output;  // the file that the user named, absolute where the working directory is known,
  std::string error;                 // with values and %-letters put in; empty: the node's store
  Time started;                      // when it was granted and launched
  Time ended;                        // 0: not yet
  TaskEnd end;                       // when ended
  Time warned;                       // when it was sent the warning signal; 0: not yet
  Millis suspended_before;           // of its job, in total, when it started
  bool fenced = false;               // as it was launched: it must not outlive the node's lease
  std::uint32_t round = 0;           // of its step, from 1; 0: the step is in no loop
  std::vector<JobNumber> waits_for;  // of a wait step: the jobs that it was found to mean
  EventId received;                  // of a recv step that got one
};

// Key: (job, sequence): appended, never changed. What cannot be read from the other rows: holds,
// releases, cancels, signals, decisions.
struct TransitionRow {
  JobNumber job;
  std::uint32_t sequence = 0;
  Time at;
  std::string what;    // "held", "released", "cancel", ...
  std::string detail;  // "by ann"
};

// Key: (name, version).
struct ClassRow {
  std::string name;
  std::string version;
  std::uint64_t order = 0;  // of registration; the newest has the highest
  SpecId spec;
  std::string text;  // as written
  std::string file;
  std::string user;
  Time registered;
  Time retired;  // 0: in use
};

// Key: id.
struct NodeRow {
  NodeId id;
  std::string name;
  std::string incarnation;
  resmgr::Capacity capacity;
  bool draining = false;
  std::string drained_by;
  std::string drain_reason;
  Time drain_until;  // 0: until somebody resumes it
  Time last_joined;
  // So long after it lost its controller it has ended by itself what is fenced; 0: it never does.
  // The longest promise that it may go by: after a restart of the controller with another lease, by
  // the old one until it has surely heard of the new one.
  Millis lease;
  // By an operator: it is shown no more, and has no capacity; what jobs hold there they still hold.
  // It is as any other when it comes back.
  bool forgotten = false;
  bool given_up = false;  // forgotten, or away for longer than its lease; until it comes back
};

// Key: resource.name. `removed` deletes it.
struct ResourceRow {
  resmgr::NamedResource resource;
  bool removed = false;
};

// Key: (uid, key). What a submission key stands for; 0 where the ticket was refused. Keys of
// requests begin with "request:", those of tickets with "ticket:".
struct SubmissionRow {
  std::uint32_t uid = 0;
  std::string key;
  std::vector<JobNumber> jobs;
  Time expires;
};

// Key: name. "next_job", "next_spec", "next_node", "next_class", "next_event": the number to be
// given next, from 1.
struct CounterRow {
  std::string name;
  std::uint64_t value = 0;
};

// Key: user. What somebody used of processors, for fair share.
struct UsageRow {
  std::string user;
  std::uint64_t used = 0;  // processor-milliseconds, less for long ago, as of `as_of`
  Time as_of;
};

// Key: class_name. How long jobs of the class take; see sched/run_times.h.
struct RunTimeRow {
  std::string class_name;
  Millis estimate;
  std::uint64_t runs = 0;  // that it rests on
};

// Key: (uid, name). A recurring ticket, and how far it is. `removed` deletes it. Its nominal times
// up to `decided` have their FiringRows, and none of them is decided again.
struct RecurRow {
  std::uint32_t uid = 0;
  std::string name;
  std::uint32_t gid = 0;
  std::string user;
  std::shared_ptr<const Ticket> ticket;  // with `recur`
  std::shared_ptr<const Zone> zone;      // as it was known last
  Time added;
  Time decided;  // no nominal time up to this comes any more; 0: none has come yet
  Time next;     // the first that is not; 0: none comes
  Time paused;   // since then; 0: it is not
  std::string paused_by;
  Time paused_until;  // nominal times up to this fell into a pause
  Time waiting;       // the nominal time of the run that waits for those before it; 0: none
  JobNumber last_job;
  bool removed = false;
};

// Key: (uid, name, nominal). What became of a nominal time, or of several in a row of which the
// same is to be said. `removed` deletes it: the oldest leave when there are many.
struct FiringRow {
  std::uint32_t uid = 0;
  std::string name;
  Time nominal;             // of the first
  Time last;                // of the last
  std::uint64_t count = 1;  // how many
  FiringEnd what = FiringEnd::kFired;
  JobNumber job;       // its own, or the one because of which it was skipped
  std::string detail;  // why it was refused, or skipped
  Time at;             // when that was decided
  bool removed = false;
};

// Key: id. An event that was sent from flow to flow and waits to be received; or, with `received`
// set, what a request that comes again is answered with. `removed` deletes it.
struct EventRow {
  EventId id;
  Mailbox to;
  std::string name;
  std::string payload;
  bool broadcast = false;  // for everybody who waits before it expires
  std::uint32_t uid = 0;   // who sent it
  std::string user;
  std::string from;       // which flow: "41", "17[3]"; empty: sent by hand
  std::string from_name;  // the name of that job
  std::string from_step;
  std::string key;  // of the request that sent it; empty: none
  Time sent;
  Time expires;
  Time received;  // 0: it waits
  std::uint32_t received_uid = 0;
  std::string received_key;  // of the request that received it; empty: none
  EventId of;                // of what that request got: a copy of this event
  bool removed = false;

  bool operator==(const EventRow&) const = default;
};

using Row = std::variant<SpecRow, JobRow, StepRow, AttemptRow, TransitionRow, ClassRow, NodeRow,
                         ResourceRow, SubmissionRow, CounterRow, ArrayRow, UsageRow, RunTimeRow,
                         RecurRow, FiringRow, EventRow>;

}  // namespace jobq::sched
