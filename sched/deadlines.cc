// SPDX-License-Identifier: Apache-2.0
// Time limits of jobs and of cleanup steps.
//
// A job's clock runs from its start until its last step has ended, and stands while the job is
// suspended. The cleanup step has a limit of its own, from its launch. A limit that is due is
// enforced after the event that the turn is about: an end that is reported in time counts.
#include <fmt/format.h>

#include "sched/core.h"

namespace jobq::sched {
namespace {

bool is_live(StepState state) {
  return state == StepState::kStarting || state == StepState::kRunning;
}

}  // namespace

std::optional<Time> Core::deadline_of(const Job& job) const {
  const JobRun& run = job.facts();
  if (job.array) return std::nullopt;  // each of its elements has its own
  if (!run.started || run.ended || run.suspended) return std::nullopt;
  const Step* cleanup = job.cleanup();
  if (cleanup != nullptr && is_live(cleanup->state)) {
    return cleanup->attempt()->started +
           job.what().cleanup->time_limit.value_or(policy_.cleanup_limit);
  }
  const bool has_live = count_of(job.counts, StepState::kStarting) > 0 ||
                        count_of(job.counts, StepState::kRunning) > 0;
  const bool runs = run.decided == Outcome::kNone || has_live;
  if (!job.time_limit || !runs) return std::nullopt;
  return run.started + *job.time_limit + run.suspended_for;
}

// Call after whatever deadline_of() looks at has changed.
void Core::refresh_deadline(Job& job) {
  const Time deadline = deadline_of(job).value_or(Time{});
  JobRun& run = job.more();
  refresh_known_end(job);
  if (run.deadline == deadline) return;
  if (run.deadline) deadlines_.erase({run.deadline, job.number});
  if (deadline) deadlines_.emplace(deadline, job.number);
  run.deadline = deadline;
}

// Another end of what is held lets others start that would have been in somebody's way, or no more.
void Core::set_end(resmgr::RequestId id, std::optional<Time> end) {
  if (rm_.set_end(id, end)) schedule_due_ = true;
}

void Core::enforce_limits() {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_) {
    Job& job = *jobs_.find(deadlines_.begin()->second);
    expire(job);
    refresh_deadline(job);
  }
}

void Core::expire(Job& job) {
  if (Step* cleanup = job.cleanup(); cleanup != nullptr && is_live(cleanup->state)) {
    const Millis limit = job.what().cleanup->time_limit.value_or(policy_.cleanup_limit);
    order_end(job, cleanup_id(job.what()), Outcome::kFailure,
              "time limit " + format_duration(limit));
    return;
  }
  const std::string reason = "time limit " + format_duration(*job.time_limit);
  if (job.decided() == Outcome::kNone) decide(job, Outcome::kFailure, reason, 0);
  order_all_ends(job, Outcome::kFailure, reason);
  advance(job);
}

}  // namespace jobq::sched
