// SPDX-License-Identifier: Apache-2.0
// What users are shown about jobs and classes, as plain data; the journal's history gives the same
// shapes for jobs that have left memory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "resmgr/resource_manager.h"
#include "sched/account.h"
#include "sched/dependencies.h"
#include "sched/event.h"
#include "sched/index_set.h"
#include "sched/spec.h"
#include "sched/state.h"

namespace jobq::sched {

// One line of `jq queue` and `jq history`: a job, an element of an array, or an array; in the queue
// an array stands for what has not started of it.
struct JobSummary {
  JobNumber job;  // of an element: its array
  std::string name;
  std::string class_name;
  std::string user;
  JobState state = JobState::kQueued;
  std::string reason;
  int priority = 0;
  std::vector<std::string> nodes;
  Time submitted;
  Time started;
  Time ended;
  Outcome outcome = Outcome::kNone;
  int restarts = 0;
  int exit_code = 0;
  std::optional<Index> index;  // of an element
  std::string elements;        // of an array: those that are meant, cut off where they are many
  JobNumber record;            // under which it is stored; of an element another one than `job`
  std::string element;         // of the cluster, that it asks for; empty: any
  Millis cpu;                  // of all attempts that ended
  Bytes max_rss;               // the most that any of them had
  Bytes read_bytes;            // from storage, of all attempts that ended
  Bytes written_bytes;         // likewise, to storage

  JobRef ref() const { return {job, index}; }
};

void add_usage(const TaskEnd& end, JobSummary& summary);

// What a job that is an array shows beside.
struct ArrayView {
  std::string elements;  // "0-999%50"
  std::uint64_t total = 0;
  std::uint64_t waiting = 0;  // not started, with those held
  std::uint64_t held = 0;     // by themselves
  std::uint64_t running = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::string not_started;         // which, cut off where they are many
  std::vector<Index> now_running;  // likewise
};

// What has not started of an array, all of it.
struct ArrayRest {
  std::uint32_t throttle = 0;  // so many of its elements run at most at a time; 0: any number
  IndexSet waiting;
  IndexSet held;               // by themselves or with their array
  std::optional<Index> front;  // of those that wait, the one that is a job by now
  std::vector<StepId> first;   // the steps that wait for no other
};

struct AttemptRow;

struct AttemptView {
  Attempt attempt;
  std::string node;
  std::vector<std::string> others{};  // nodes that it has beside it
  std::string output;                 // the file that the user named; empty: the node's store
  std::string error;
  Time started;
  Time ended;
  TaskEnd end;              // when ended
  std::uint32_t round = 0;  // of its step, from 1; 0: the step is in no loop
};

struct StepView {
  std::string name;
  StepKind kind = StepKind::kRun;
  StepState state = StepState::kPending;
  std::string reason;
  Outcome outcome = Outcome::kNone;
  std::optional<std::string> event;
  std::optional<resmgr::Needs> needs;  // its own, beside its job's
  std::vector<Condition> after;        // all must hold
  std::vector<Condition> after_any;    // one must hold
  std::vector<AttemptView> attempts;   // oldest first
  std::uint32_t round = 0;             // that it is in, from 1; 0: it is in no loop
  std::optional<Loop> again;
  std::uint32_t went_back = 0;  // so often its own loop did, in this round of those around
};

// "step calc, attempt 2 on node1"; "... on node1, with node2 and node3".
std::string launched_text(const std::string& step, const AttemptView& attempt);
AttemptView view_of(const AttemptRow& attempt);

// What it has of its spec; of a step of which nothing has happened yet, that is all.
StepView view_of(const StepSpec& spec);

struct HistoryEntry {
  Time at;
  std::string what;
  std::string detail;
};

// What a part of a job's priority comes from. The parts add up to what it is ranked by.
struct PriorityTerm {
  std::string name;    // "base", "age", "size", "element", "fair_share"
  double points = 0;   // as of now
  std::string detail;  // "2d of waiting, 10 points a day"
};

struct JobDetail {
  JobSummary summary;
  std::vector<PriorityTerm> priority;  // of a job that is in the queue; base is always there
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string class_version;
  std::vector<NameValue> params;
  resmgr::Needs needs;
  std::string asks;  // in words: its needs, else those of its steps
  std::optional<Millis> time_limit;
  std::optional<Millis> estimate;  // without a time limit: how long its class took of late
  Time begin;                      // as its ticket said; 0: at once
  Time deadline;                   // likewise; 0: none
  JobNumber parent;                // whose step submitted it; 0: none
  std::vector<Dependency> after;   // its conditions on other jobs
  Time nominal;                    // that a recurring ticket of its name fired it for; 0: none did
  std::string workdir;
  std::string output;
  std::string error;
  std::vector<StepView> steps;
  std::vector<HistoryEntry> history;  // oldest first
  std::optional<ArrayView> array;
  std::vector<Span> spans;  // of its life, once it has ended
};

struct QueueFilter {
  std::vector<Selector::Range> ranges;  // an array's number means its elements too
  std::vector<Selector::Elements> elements;
  std::optional<std::string> user;
  std::vector<std::string> names;
  std::vector<std::string> classes;
  std::vector<std::string> node_elements;  // of the cluster, that jobs ask for; empty: any or none
  std::vector<JobState> states;            // empty: all
};

// One reason that a job does not go on, as `jq why` shows it.
struct WhyBlocker {
  std::string kind;  // held, array_throttle, dependency, resources, exclusive, tokens, priority,
                     // node_state, ...
  std::string step;  // of which step; empty: of the job
  std::string text;
  std::string remedy;
};
struct Why {
  JobRef job;
  JobState state = JobState::kQueued;
  std::string summary;  // one sentence: why it stands where it stands
  std::vector<WhyBlocker> blockers;
  std::optional<Time> expected_start;
  bool is_estimate = false;  // the expected start rests on estimates, not on time limits alone
  std::vector<Span> spans;   // of its life so far, in the order in which they began
};

struct ClassView {
  std::string name;
  std::string version;
  std::string user;
  Time registered;
  Time retired;
  std::string text;
  std::string file;
};

// A node that is not connected and not given up, and how long its lease is; 0: it has none.
struct AwayNode {
  NodeId node;
  Millis lease;
};

struct NodeView {
  resmgr::NodeView resources;
  std::string reason;  // of a drain, why it is lost, or why it starts nothing
  std::string drained_by;
  Time drain_until;                   // 0: until somebody resumes it
  std::vector<std::string> elements;  // that it belongs to, by name
  Time last_joined;
  struct Running {
    AttemptId id;
    JobRef job;
    std::string step;
    std::string user;
  };
  std::vector<Running> running;
};

}  // namespace jobq::sched
