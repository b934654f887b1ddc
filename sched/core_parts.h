// SPDX-License-Identifier: Apache-2.0
// Plain structures that the heart of the event manager keeps or hands from one of its functions to
// the next.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "resmgr/resource_manager.h"
#include "sched/action.h"
#include "sched/job_table.h"
#include "sched/lifecycle.h"
#include "sched/spec.h"
#include "sched/spec_store.h"

namespace jobq::sched {

// Of a request of what is tried again elsewhere: see Request. Nothing where both are 0.
struct Wish {
  NodeId avoid;
  NodeId rather_not;
  explicit operator bool() const { return avoid || rather_not; }
  bool operator==(const Wish&) const = default;
};

// Steps that could start and wait for a node to come; in queue order.
struct NodeWait {
  QueueKey job;
  StepId step;
  auto operator<=>(const NodeWait&) const = default;
};

// What is checked once for tickets of one request that share a spec.
struct CheckedSpec {
  std::shared_ptr<const JobSpec> spec;
  SpecEntry* entry = nullptr;  // none until a ticket with it is recorded
  std::optional<Error> refusal;
};
using CheckedSpecs = std::unordered_map<const JobSpec*, CheckedSpec>;  // for look-up only

// What one request asks about starts. Equal tickets are asked about once; when all of it has taken
// too much, the rest is not known.
struct Foresight {
  using Asked = std::tuple<const JobSpec*, std::optional<int>, std::optional<Millis>, Time>;
  std::map<Asked, Submitted::Expected> known;  // for look-up only
  resmgr::Work spent;
};

// Where a ticket comes from, and what is known of the jobs that it names and that have ended.
struct Origin {
  AttemptId parent;                  // that submitted it; job 0: no step did
  std::vector<JobNumber> ancestors;  // the parent's job is the last of them
  std::vector<JobFact> known;
  Time nominal;  // that a recurring ticket is fired for; 0: it is none
};
Result<void> check_generations(const Origin& origin);
// The jobs above it: those that submitted it, one after the other, and an element's array.
std::vector<JobNumber> jobs_above(const Job& job);

// Who is told when a job starts or ends: a job, or a step of it that waits.
struct Watcher {
  JobNumber job;
  std::optional<StepId> step;
  auto operator<=>(const Watcher&) const = default;
};

// How far a wait step is.
struct WaitStep {
  std::set<JobNumber> open;
  std::vector<JobFact> ended;
};

// A command on more jobs than a turn should take goes on from tick to tick.
struct OpenCommand {
  ReplyId to;
  Actor actor;
  Selector jobs;
  JobCommand what = JobCommand::kCancel;
  int signal = 0;
  std::uint64_t end = 0;  // numbers from here on were given later: not meant
  bool met = false;       // a job, or a reason why not
  // How far the selection is: in the ranges by number, or else in the queue.
  std::size_t elements = 0;
  std::size_t range = 0;
  std::uint64_t next = 0;
  bool met_in_range = false;
  bool waiting_done = false;
  QueueKey last_waiting = QueuePlace{}.last;
  QueuePlace place;
};

// The step ended, its loop's condition holds, and rounds are left.
bool wants_back(const Job& job, StepId id);
// Some step wants to go back, and this one goes back with it: it does not start before that.
bool is_to_go_back(const Job& job, StepId id);
// The loop that goes back now; none: none wants to, or something of it runs.
const LoopPlan* loop_to_go_back(const Job& job);

// It holds named things for all its steps, and has left its node: it waits for another one.
bool is_between_nodes(const Job& job);

}  // namespace jobq::sched
