// SPDX-License-Identifier: Apache-2.0
// What users are shown about arrays, and about elements that are no jobs yet.
#include <fmt/format.h>

#include "sched/core.h"

namespace jobq::sched {
namespace {

JobState state_of_unmade(const Job& array, Index index) {
  const ArrayRun& run = *array.array;
  if (run.dropped.contains(index)) return JobState::kCancelled;
  if (run.overdue.contains(index)) return JobState::kError;
  if (array.held || run.held.contains(index)) return JobState::kHeld;
  const bool is_queued = array.is_to_begin() || array.is_to_follow() || run.throttled();
  return is_queued ? JobState::kQueued : JobState::kWaitingResources;
}

std::string throttle_text(const ArrayRun& array) {
  return fmt::format("{} of its elements run, as many as its throttle allows",
                     array.running.size());
}

std::string reason_of_unmade(const Job& array, Index index) {
  const ArrayRun& run = *array.array;
  if (run.dropped.contains(index)) return "cancelled before it started";
  if (run.overdue.contains(index)) return deadline_text(array);
  if (array.held) return "held by " + array.facts().held_by;
  if (run.held.contains(index)) return "held";
  if (array.is_to_begin()) return begin_text(array);
  if (array.is_to_follow()) return follow_text(array);
  if (run.throttled()) return "waits: " + throttle_text(run);
  return run.front == nullptr ? "" : "its turn comes after " + to_string(run.front->ref());
}

std::vector<StepView> pending_steps(const JobSpec& spec) {
  std::vector<StepView> steps;
  for (std::uint32_t i = 0; i < step_count(spec); ++i) {
    steps.push_back(view_of(step_of(spec, StepId{i})));
  }
  return steps;
}

std::string array_sentence(const Job& array) {
  const ArrayRun& run = *array.array;
  return fmt::format("{} of the {} elements of job {} run, {} have ended, {} have not started",
                     run.running.size(), run.total(), array.number.value,
                     run.total() - run.unstarted_count() - run.running.size(),
                     run.unstarted_count());
}

}  // namespace

const Job* Core::job_of(JobRef ref) const {
  const Job* job = jobs_.find(ref.job);
  if (job == nullptr || !ref.index) return job;
  if (!job->array) return nullptr;
  const ArrayRun& array = *job->array;
  const auto running = array.running.find(*ref.index);
  if (running != array.running.end()) return running->second;
  return array.front != nullptr && array.front->index == *ref.index ? array.front : nullptr;
}

std::optional<JobDetail> Core::show(JobRef ref, Time now) const {
  if (const Job* job = job_of(ref)) return detail_of(*job, now);
  const Job* array = jobs_.find(ref.job);
  if (array == nullptr || !array->array || !ref.index) return std::nullopt;
  const ArrayRun& run = *array->array;
  const bool known = run.is_unstarted(*ref.index) || run.dropped.contains(*ref.index) ||
                     run.overdue.contains(*ref.index);
  return known ? std::optional(detail_of_unmade(*array, *ref.index, now)) : std::nullopt;
}

bool Core::has_ended(JobRef ref) const {
  const Job* job = jobs_.find(ref.job);
  if (job == nullptr) return true;
  if (!ref.index || !job->array) return false;
  return !job->array->is_unstarted(*ref.index) && !job->array->running.contains(*ref.index);
}

Result<void> Core::check_ref(JobRef ref) const {
  const Job* job = jobs_.find(ref.job);
  if (job == nullptr) return {};
  return check_element(ref, job->array ? job->array->spec.elements : IndexSet());
}

JobSummary Core::summary_of_rest(const Job& array) const {
  JobSummary summary = summary_of(array);
  summary.state = state_of_rest(array);
  summary.elements = to_string(array.array->unstarted(), kShownRanges);
  summary.started = Time{};
  return summary;
}

JobDetail Core::detail_of_unmade(const Job& array, Index index, Time now) const {
  JobDetail detail = detail_of(array, now);
  detail.array.reset();
  detail.summary.index = index;
  detail.summary.elements.clear();
  detail.summary.state = state_of_unmade(array, index);
  detail.summary.reason = reason_of_unmade(array, index);
  detail.summary.started = Time{};
  const bool dropped = detail.summary.state == JobState::kCancelled;
  const bool overdue = detail.summary.state == JobState::kError;
  detail.summary.outcome = dropped   ? Outcome::kCancel
                           : overdue ? Outcome::kFailure
                                     : Outcome::kNone;
  detail.steps = pending_steps(array.what());
  detail.history = {{array.submitted, "submitted", "by " + array.user->name}};
  return detail;
}

// Behind the front of an array come its other elements, as many as its throttle lets run.
resmgr::Followers Core::followers() const {
  return [this](resmgr::RequestId id) -> std::uint64_t {
    const Job* job = jobs_.find(id.job);
    if (job == nullptr || job->whole == nullptr || job->whole->array->front != job) return 0;
    const ArrayRun& run = *job->whole->array;
    const std::uint64_t others = run.unstarted_count() - run.held.size() - 1;
    if (run.spec.throttle == 0) return others;
    return std::min<std::uint64_t>(others, run.spec.throttle - run.running.size() - 1);
  };
}

// What keeps the array from making more of its elements.
void Core::explain_array(const Job& array, Why& why) const {
  const ArrayRun& run = *array.array;
  if (array.held) {
    why.blockers.push_back({"held", "", "held by " + array.facts().held_by,
                            fmt::format("jq release {}", array.number.value)});
  }
  explain_times(array, why);
  if (!run.throttled() || run.unstarted_count() == run.held.size()) return;
  why.blockers.push_back({"array_throttle", "", throttle_text(run), "wait for one of them to end"});
}

Why Core::why_array(const Job& array, Time now) const {
  const ArrayRun& run = *array.array;
  Why why;
  if (run.front != nullptr) why = why_job(*run.front, now);
  why.job = array.number;
  why.state = array.state();
  why.summary = array_sentence(array);
  why.spans = spans_of(array, now);
  explain_array(array, why);
  if (!run.held.empty()) {
    const std::string held =
        fmt::format("{}[{}]", array.number.value, to_string(run.held, kShownRanges));
    why.blockers.push_back({"held", "", held + " is held", "jq release " + held});
  }
  return why;
}

Why Core::why_unmade(const Job& array, Index index, Time now) const {
  const ArrayRun& run = *array.array;
  const std::string name = to_string(JobRef{array.number, index});
  Why why;
  if (run.front != nullptr && !run.held.contains(index)) why = why_job(*run.front, now);
  why.job = {array.number, index};
  why.state = state_of_unmade(array, index);
  why.expected_start.reset();
  if (run.front == nullptr || run.front->index != index) why.spans.clear();
  why.summary = fmt::format("{} has not started: {}", name, reason_of_unmade(array, index));
  explain_array(array, why);
  if (run.held.contains(index)) {
    why.blockers.push_back({"held", "", name + " is held", "jq release " + name});
  }
  return why;
}

}  // namespace jobq::sched
