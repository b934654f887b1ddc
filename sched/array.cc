// SPDX-License-Identifier: Apache-2.0
// What an array has still to start.
#include "sched/array.h"

#include "base/check.h"
#include "sched/job.h"

namespace jobq::sched {
namespace {

constexpr std::size_t kShownRunning = 100;

IndexSet read_set(const std::string& text) {
  auto set = IndexSet::read_back(text);
  check(set.has_value(), "a set of indexes was recovered that cannot be read");
  return *std::move(set);
}

}  // namespace

IndexSet ArrayRun::pending() const {
  IndexSet rest = spec.elements.from(next);
  rest.remove(held);
  rest.remove(dropped);
  rest.remove(overdue);
  rest.add(again);
  return rest;
}

std::optional<Index> ArrayRun::first_pending() const {
  if (!again.empty()) return again.next(0);
  const auto first = spec.elements.next(next);
  const bool free =
      !first || !(held.contains(*first) || dropped.contains(*first) || overdue.contains(*first));
  return free ? first : pending().next(0);
}

IndexSet ArrayRun::unstarted() const {
  IndexSet all = pending();
  all.add(held);
  if (front != nullptr) all.add(IndexSet(front->index, front->index));
  return all;
}

bool ArrayRun::is_unstarted(Index index) const {
  if (front != nullptr && front->index == index) return true;
  if (again.contains(index) || held.contains(index)) return true;
  return index >= next && spec.elements.contains(index) && !dropped.contains(index) &&
         !overdue.contains(index);
}

void ArrayRun::take(Index index) {
  if (index >= next) {
    next = std::uint64_t{index} + 1;
  } else {
    again.remove(IndexSet(index, index));
  }
}

ArrayView view_of(const ArrayRun& array) {
  ArrayView view;
  view.elements = to_string(array.spec);
  view.total = array.total();
  view.waiting = array.unstarted_count();
  view.held = array.held.size();
  view.running = array.running.size();
  view.done = array.done;
  view.failed = array.failed + array.overdue.size();
  view.cancelled = array.cancelled + array.dropped.size();
  view.not_started = to_string(array.unstarted(), kShownRanges);
  for (const auto& [index, job] : array.running) {
    if (view.now_running.size() == kShownRunning) break;
    view.now_running.push_back(index);
  }
  return view;
}

ArrayRest rest_of(const Job& array) {
  const ArrayRun& run = *array.array;
  ArrayRest rest;
  rest.throttle = run.spec.throttle;
  const std::vector<StepSpec>& steps = array.what().steps;
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    if (steps[i].after.empty() && steps[i].after_any.empty()) rest.first.emplace_back(i);
  }
  if (array.held) {
    rest.held = run.unstarted();
    return rest;
  }
  rest.held = run.held;
  rest.waiting = run.unstarted();
  rest.waiting.remove(run.held);
  if (run.front != nullptr) rest.front = run.front->index;
  return rest;
}

ArrayRow to_row(const ArrayRun& array, JobNumber job) {
  ArrayRow row;
  row.job = job;
  row.next = array.next;
  if (array.front != nullptr) {
    row.front = array.front->number;
    row.front_index = array.front->index;
  }
  row.made = array.made;
  row.done = array.done;
  row.failed = array.failed;
  row.cancelled = array.cancelled;
  row.again = to_string(array.again);
  row.held = to_string(array.held);
  row.dropped = to_string(array.dropped);
  row.overdue = to_string(array.overdue);
  row.first_failure = array.first_failure;
  return row;
}

void restore(const ArrayRow& row, ArrayRun& array) {
  array.next = row.next;
  array.made = row.made;
  array.done = row.done;
  array.failed = row.failed;
  array.cancelled = row.cancelled;
  array.again = read_set(row.again);
  array.held = read_set(row.held);
  array.dropped = read_set(row.dropped);
  array.overdue = read_set(row.overdue);
  array.first_failure = row.first_failure;
}

}  // namespace jobq::sched
