// SPDX-License-Identifier: Apache-2.0
// How arrays go on: their elements are made one after the other, as each before has started.
//
// An array is looked at once in a turn whenever something of it has changed. It then makes its next
// front, where it may; the front waits like any job, and when it starts, the array is looked at
// again: the rounds of the turn go on until nothing more can start.
#include <fmt/format.h>

#include "base/check.h"
#include "sched/core.h"

namespace jobq::sched {
namespace {

std::string failure_reason(const ArrayRun& array) {
  return fmt::format("{} of {} elements failed; the first: {}", array.failed, array.total(),
                     array.first_failure);
}

}  // namespace

void Core::touch_array(Job& array) {
  mark(array);
  if (!std::exchange(array.array->touched, true)) changes_.add_marked(ArrayKey{array.number});
}

void Core::look_at_later(Job& array) {
  if (!std::exchange(array.array->due, true)) arrays_due_.push_back(array.number);
}

void Core::look_at_arrays() {
  for (const JobNumber number : std::exchange(arrays_due_, {})) {
    Job& array = *jobs_.find(number);
    array.array->due = false;
    go_on_array(array);
  }
}

void Core::go_on_array(Job& array) {
  ArrayRun& run = *array.array;
  if (run.unstarted_count() == 0 && run.running.empty()) return end_array(array);
  if (is_kept(array) || run.front != nullptr || run.throttled()) return;
  const auto index = run.first_pending();
  if (!index) return;
  run.take(*index);
  make_front(array, JobNumber{next(Counter::kJob)}, *index);
  touch_array(array);
  go_on(*run.front);
}

// The job of the element, which asks for nothing yet and has no row.
void Core::make_front(Job& array, JobNumber number, Index index) {
  Job& job = jobs_.add_element(number, array, index);
  SpecStore::take(*array.spec);
  job.spec = array.spec;
  job.user = array.user;
  job.priority = array.priority;
  job.rank = array.rank;
  job.params = array.params;
  job.time_limit = array.time_limit;
  job.submitted = array.submitted;
  const JobRun& times = array.facts();
  if (times.begin) job.more().begin = times.begin;
  if (times.deadline) job.more().deadline = times.deadline;
  job.steps.resize(step_count(job.what()));
  job.counts.at(0) = static_cast<std::uint16_t>(job.what().steps.size());
  open_account_of_element(job);
  jobs_.enter_queue(job);
  array.array->front = &job;
}

// The front goes back among what has not been made: the array may not go on, or its index may not.
void Core::take_front_back(Job& array) {
  Job* front = std::exchange(array.array->front, nullptr);
  if (front == nullptr) return;
  check(!front->touched, "an element with a row was taken back");
  withdraw_job(*front);
  for (std::uint32_t i = 0; i < front->steps.size(); ++i) {
    if (front->steps[i].state == StepState::kWaiting) withdraw(*front, StepId{i});
  }
  array.array->again.add(IndexSet(front->index, front->index));
  SpecEntry& spec = *front->spec;
  jobs_.leave_queue(*front);
  jobs_.erase(front->number);
  specs_.leave(spec);
  touch_array(array);
}

void Core::element_started(Job& element) {
  Job& array = *element.whole;
  ArrayRun& run = *array.array;
  check(run.front == &element, "an element started that was not its array's front");
  run.front = nullptr;
  run.running.emplace(element.index, &element);
  ++run.made;
  count_waiting(array, -1);
  if (!array.started()) {
    array.more().started = now_;
    touch(array);
  }
  touch_array(array);
  look_at_later(array);
}

void Core::element_ended(Job& element) {
  Job& array = *element.whole;
  ArrayRun& run = *array.array;
  if (run.running.erase(element.index) == 0) {  // it was refused what it asked for
    run.front = nullptr;
    ++run.made;
    count_waiting(array, -1);
  }
  switch (element.decided()) {
    case Outcome::kSuccess: ++run.done; break;
    case Outcome::kFailure: ++run.failed; break;
    case Outcome::kCancel: ++run.cancelled; break;
    case Outcome::kNone: unreachable("an element ended without an outcome");
  }
  if (element.decided() == Outcome::kFailure && run.first_failure.empty()) {
    run.first_failure = fmt::format("{}, {}", to_string(element.ref()), element.facts().reason);
    array.more().exit_code = element.facts().exit_code;
    touch(array);
  }
  touch_array(array);
  look_at_later(array);
}

// A cancel has decided already; else failures count before cancels, as in `jq wait` of several.
void Core::end_array(Job& array) {
  const ArrayRun& run = *array.array;
  JobRun& job = array.more();
  const std::uint64_t cancelled = run.cancelled + run.dropped.size();
  if (job.decided == Outcome::kNone && run.failed > 0) {
    job.decided = Outcome::kFailure;
    job.reason = failure_reason(run);
  } else if (job.decided == Outcome::kNone && cancelled > 0) {
    job.decided = Outcome::kCancel;
    job.reason = fmt::format("{} of {} elements were cancelled", cancelled, run.total());
  } else if (job.decided == Outcome::kNone) {
    job.decided = Outcome::kSuccess;
  }
  arrays_.erase(array.number);
  end_job(array);
}

// They were cancelled before they started, or had not by the deadline, and never will.
void Core::drop(Job& array, const IndexSet& elements, Outcome outcome, const std::string& reason) {
  if (elements.empty()) return;
  ArrayRun& run = *array.array;
  run.held.remove(elements);
  run.again.remove(elements);
  (outcome == Outcome::kFailure ? run.overdue : run.dropped).add(elements);
  count_waiting(array, -static_cast<std::int64_t>(elements.size()));
  touch_array(array);
  look_at_later(array);
  emit(ElementsDropped{array.number, elements, outcome, reason});
}

}  // namespace jobq::sched
