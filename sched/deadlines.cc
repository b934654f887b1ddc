// SPDX-License-Identifier: Apache-2.0
// Time limits of jobs and of steps, deadlines, and the warning signal before them; and when jobs
// begin.
//
// A job's clock runs from its start until its last step has ended, a step's from the start of each
// attempt; both stand while the job is suspended. The cleanup step has a limit of its own alone.
// Begins and deadlines are times of the world: no hold moves them, and a deadline ends the hold. In
// the index a job stands with the first thing that is due: its begin, its end, its deadline, or
// the end or the warning of one of its steps. A limit that is due is enforced after the event that
// the turn is about: an end that is reported in time counts.
//
// An attempt is warned once. It is recorded with the order; no node is sent it twice, whatever
// happens to the order on its way. What has begun stays begun, also where the clock is set back.
#include <fmt/format.h>

#include <algorithm>

#include "sched/core.h"
#include "sched/warning.h"

namespace jobq::sched {
namespace {

bool is_live(StepState state) {
  return state == StepState::kStarting || state == StepState::kRunning;
}

bool is_live(const Step* step) { return step != nullptr && is_live(step->state); }

// Without its cleanup.
std::size_t live_steps(const Job& job) {
  return count_of(job.counts, StepState::kStarting) + count_of(job.counts, StepState::kRunning);
}

bool clock_runs(const Job& job) {
  const JobRun& run = job.facts();
  return !job.array && run.started && !run.ended && !run.suspended;
}

// An earlier one, where there is any.
void take_earlier(std::optional<Time>& first, const std::optional<Time>& other) {
  if (other && (!first || *other < *first)) first = other;
}

bool is_due(const std::optional<Time>& at, Time now) { return at && *at <= now; }

std::string limit_text(Millis limit) { return "time limit " + format_duration(limit); }

}  // namespace

// Of the job as a whole: of its steps by its limit, then of its cleanup.
std::optional<Time> Core::end_of(const Job& job) const {
  if (!clock_runs(job)) return std::nullopt;
  const JobRun& run = job.facts();
  if (is_live(job.cleanup())) {
    return job.cleanup()->attempt()->started +
           job.what().cleanup->time_limit.value_or(policy_.cleanup_limit);
  }
  const bool runs = run.decided == Outcome::kNone || live_steps(job) > 0;
  if (!job.time_limit || !runs) return std::nullopt;
  return run.started + *job.time_limit + run.suspended_for;
}

// Of a step other than cleanup, by its own limit.
std::optional<Time> Core::end_of(const Job& job, StepId id) const {
  const std::optional<Millis>& limit = job.what().steps[id.value].time_limit;
  if (!limit || !clock_runs(job) || !is_live(job.step(id).state)) return std::nullopt;
  const AttemptRow& attempt = *job.step(id).attempt();
  return attempt.started + *limit + (job.facts().suspended_for - attempt.suspended_before);
}

// A step can be warned once it runs, while its node is there.
Core::StepTimes Core::times_of(const Job& job, StepId id) const {
  StepTimes times;
  times.end = end_of(job, id);
  const Step& step = job.step(id);
  const std::optional<Warning>& warning = job.what().warning;
  if (!warning || step.state != StepState::kRunning || !clock_runs(job)) return times;
  const AttemptRow& attempt = *step.attempt();
  if (attempt.warned || !nodes_.is_connected(attempt.node)) return times;
  std::optional<Time> end = times.end;
  take_earlier(end, end_of(job));
  take_earlier(end, deadline_of(job));
  if (end) times.warning = std::max(*end - warning->before, attempt.started);
  return times;
}

std::optional<Time> Core::begin_of(const Job& job) const {
  if (!job.is_to_begin() || job.ended()) return std::nullopt;
  return job.facts().begin;
}

// By its ticket, as long as it may end or be ended otherwise; an array's front goes with its array.
std::optional<Time> Core::deadline_of(const Job& job) const {
  const JobRun& run = job.facts();
  if (!run.deadline || run.ended || job.is_front()) return std::nullopt;
  const bool runs = run.decided == Outcome::kNone || live_steps(job) > 0;
  return runs ? std::optional(run.deadline) : std::nullopt;
}

bool Core::is_overdue(const Job& job) const {
  const JobRun& run = job.facts();
  return run.decided == Outcome::kNone && run.deadline && run.deadline <= now_;
}

// Nothing new of it is asked for; past its deadline, until it is decided for that.
bool Core::is_kept(const Job& job) const {
  return job.held || job.is_to_begin() || job.is_to_follow() || is_overdue(job);
}

std::optional<Time> Core::due_of(const Job& job) const {
  std::optional<Time> first = end_of(job);
  take_earlier(first, begin_of(job));
  take_earlier(first, deadline_of(job));
  take_earlier(first, next_delay_of(job));
  if (!job.spec->times_steps || !clock_runs(job)) return first;
  // Only what is live is timed, and most steps of a long job are not.
  std::size_t live = live_steps(job);
  for (std::uint32_t i = 0; live > 0; ++i) {
    if (!is_live(job.steps[i].state)) continue;
    --live;
    const StepTimes times = times_of(job, StepId{i});
    take_earlier(first, times.end);
    take_earlier(first, times.warning);
  }
  return first;
}

// Call after whatever due_of() looks at has changed.
void Core::refresh_deadline(Job& job) {
  const Time due = due_of(job).value_or(Time{});
  JobRun& run = job.more();
  refresh_known_end(job);
  if (run.due == due) return;
  if (run.due) deadlines_.erase({run.due, job.number});
  if (due) deadlines_.emplace(due, job.number);
  run.due = due;
}

// The node came or went: what runs there can be warned, or not.
void Core::refresh_deadlines(const Node& node) {
  for (const AttemptId& id : node.attempts) {
    Job& job = *jobs_.find(id.job);
    if (job.what().warning) refresh_deadline(job);
  }
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

// What is due of the job now. An end needs no warning any more.
void Core::expire(Job& job) {
  const std::optional<Time> limit = end_of(job);
  const std::optional<Time> deadline = deadline_of(job);
  if (is_due(deadline, now_) && !(limit && *limit < *deadline)) return end_overdue(job);
  if (is_due(limit, now_)) return expire_all(job);
  if (is_due(begin_of(job), now_)) return begin(job);
  if (is_due(next_delay_of(job), now_)) return pass_delays(job);
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    const StepId id{i};
    const StepTimes times = times_of(job, id);
    if (is_due(times.end, now_)) {
      order_end(job, id, Outcome::kFailure, limit_text(*job.what().steps[i].time_limit));
    } else if (is_due(times.warning, now_)) {
      warn(job, id);
    }
  }
}

// From here on it is like a job that was submitted just now.
void Core::begin(Job& job) {
  job.more().to_begin = false;
  note(job, "begun", "");
  touch(job);
  go_on(job);
}

void Core::expire_all(Job& job) {
  if (is_live(job.cleanup())) {
    const Millis limit = job.what().cleanup->time_limit.value_or(policy_.cleanup_limit);
    order_end(job, cleanup_id(job.what()), Outcome::kFailure, limit_text(limit));
    return;
  }
  end_all(job, limit_text(*job.time_limit));
}

void Core::end_all(Job& job, const std::string& reason) {
  if (job.decided() == Outcome::kNone) decide(job, Outcome::kFailure, reason, 0);
  order_all_ends(job, Outcome::kFailure, reason);
  advance(job);
}

void Core::end_overdue(Job& job) {
  wake(job);
  if (job.array) return end_whole_array(job, Outcome::kFailure, deadline_text(job));
  end_all(job, deadline_text(job));
}

// What has not started. What runs of it has the same deadline, and is ended by itself.
void Core::end_whole_array(Job& array, Outcome outcome, const std::string& reason) {
  JobRun& run = array.more();
  run.decided = outcome;
  run.reason = reason;
  note(array, "decided", fmt::format("{}: {}", to_string(outcome), reason));
  touch(array);
  refresh_deadline(array);
  take_front_back(array);
  drop(array, array.array->unstarted(), outcome, reason);
  look_at_later(array);
}

void Core::warn(Job& job, StepId id) {
  AttemptRow& attempt = *job.step(id).attempt();
  const Warning& warning = *job.what().warning;
  attempt.warned = now_;
  touch_attempt(job, id);
  emit(Signal{attempt.node, attempt.id, warning.signal});
  note(job, "warned", fmt::format("step {}: {}", step_of(job.what(), id).name, to_string(warning)));
}

}  // namespace jobq::sched
