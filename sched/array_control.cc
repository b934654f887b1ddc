// SPDX-License-Identifier: Apache-2.0
// Hold, release, cancel and signal of arrays, whole and by element.
//
// What runs of an array are jobs, and is treated as such. What has not started is a matter of sets:
// a front that is meant goes back among the rest first.
#include <fmt/format.h>

#include "sched/core.h"

namespace jobq::sched {
namespace {

// Those that take the command, of these or of all.
std::vector<Job*> running_of(const Job& array, const IndexSet* among, JobCommand command) {
  std::vector<Job*> jobs;
  for (const auto& [index, job] : array.array->running) {
    if (among != nullptr && !among->contains(index)) continue;
    if (sched::on(job->state(), command) != Verdict::kRefuse) jobs.push_back(job);
  }
  return jobs;
}

Error too_many_exceptions(const Job& array) {
  return {ErrorCode::kRefused,
          fmt::format("job {} would have more than {} ranges of elements that are held or "
                      "cancelled by themselves; name them in longer ranges",
                      array.number.value, kMaxExceptions)};
}

}  // namespace

void Core::hold_array(Job& array, const Actor& actor) {
  if (array.held) return;
  array.held = true;
  array.more().held_by = actor.user;
  note(array, "held", "by " + actor.user);
  touch(array);
  take_front_back(array);
  for (Job* job : running_of(array, nullptr, JobCommand::kHold)) hold(*job, actor);
}

// Also elements that are held by themselves.
void Core::release_array(Job& array, const Actor& actor) {
  if (array.held || !array.array->held.empty()) note(array, "released", "by " + actor.user);
  wake(array);
  release_unstarted(array, IndexSet(array.array->held));
  for (Job* job : running_of(array, nullptr, JobCommand::kRelease)) release(*job, actor);
  look_at_later(array);
}

void Core::release_unstarted(Job& array, const IndexSet& elements) {
  ArrayRun& run = *array.array;
  if (elements.empty()) return;
  IndexSet passed = elements;
  passed.remove(elements.from(run.next));
  run.held.remove(elements);
  run.again.add(passed);
  touch_array(array);
  look_at_later(array);
}

void Core::cancel_array(Job& array, const Actor& actor) {
  const std::string reason = "cancelled by " + actor.user;
  wake(array);
  note(array, "cancel", "by " + actor.user);
  if (array.decided() == Outcome::kNone) {
    JobRun& run = array.more();
    run.cancelled_by = actor.user;
    run.decided = Outcome::kCancel;
    run.reason = reason;
    touch(array);
    refresh_deadline(array);
  }
  take_front_back(array);
  drop(array, array.array->unstarted(), Outcome::kCancel, reason);
  for (Job* job : running_of(array, nullptr, JobCommand::kCancel)) cancel(*job, actor);
  look_at_later(array);
}

Result<void> Core::signal_array(Job& array, const IndexSet* elements, const std::string& step,
                                int number, const Actor& actor) {
  Result<void> first =
      fail(ErrorCode::kRefused, fmt::format("job {} has no running element{}: no signal was sent",
                                            array.number.value, elements ? " among these" : ""));
  bool sent = false;
  for (Job* job : running_of(array, elements, JobCommand::kSignal)) {
    const Result<void> result = signal(*job, step, number, actor);
    if (!result && !sent) first = result;
    sent = sent || result;
  }
  return sent ? Result<void>{} : first;
}

// --- elements by their indexes

Result<void> Core::hold_elements(Job& array, const IndexSet& elements, const Actor& actor) {
  ArrayRun& run = *array.array;
  IndexSet waiting = run.unstarted().common(elements);
  waiting.remove(run.held);
  IndexSet held = run.held;
  held.add(waiting);
  if (held.ranges().size() > kMaxExceptions) return tl::unexpected(too_many_exceptions(array));
  if (run.front != nullptr && elements.contains(run.front->index)) take_front_back(array);
  if (!waiting.empty()) {
    run.again.remove(waiting);
    run.held = std::move(held);
    note(array, "held", fmt::format("{} by {}", name_of(array.number, waiting), actor.user));
    touch_array(array);
    look_at_later(array);
  }
  for (Job* job : running_of(array, &elements, JobCommand::kHold)) hold(*job, actor);
  return {};
}

Result<void> Core::release_elements(Job& array, const IndexSet& elements, const Actor& actor) {
  if (array.held) {
    return fail(ErrorCode::kRefused,
                fmt::format("job {} is held as a whole by {}; release that: jq release {}",
                            array.number.value, array.facts().held_by, array.number.value));
  }
  const IndexSet waiting = array.array->held.common(elements);
  if (!waiting.empty()) {
    note(array, "released", fmt::format("{} by {}", name_of(array.number, waiting), actor.user));
  }
  release_unstarted(array, waiting);
  for (Job* job : running_of(array, &elements, JobCommand::kRelease)) release(*job, actor);
  return {};
}

Result<void> Core::cancel_elements(Job& array, const IndexSet& elements, const Actor& actor) {
  ArrayRun& run = *array.array;
  const IndexSet waiting = run.unstarted().common(elements);
  IndexSet dropped = run.dropped;
  dropped.add(waiting);
  if (dropped.ranges().size() > kMaxExceptions) return tl::unexpected(too_many_exceptions(array));
  if (run.front != nullptr && elements.contains(run.front->index)) take_front_back(array);
  if (!waiting.empty()) {
    note(array, "cancel", fmt::format("{} by {}", name_of(array.number, waiting), actor.user));
  }
  drop(array, waiting, Outcome::kCancel, "cancelled by " + actor.user);
  for (Job* job : running_of(array, &elements, JobCommand::kCancel)) cancel(*job, actor);
  return {};
}

// What is left of them to be commanded; an error where they are none, or have all ended.
Result<void> Core::check_elements(const Job& array, const IndexSet& elements, JobCommand command) {
  const IndexSet all = array.array ? array.array->spec.elements : IndexSet();
  if (auto known = sched::check_elements(array.number, elements, all); !known) return known;
  const bool any = !array.array->unstarted().common(elements).empty() ||
                   !running_of(array, &elements, command).empty();
  if (any) return {};
  return fail(ErrorCode::kRefused,
              fmt::format("{} has ended: nothing to {}", name_of(array.number, elements),
                          to_string(command)));
}

// One element's running job: that of a step which is named.
Result<Job*> Core::element_with_step(Job& array, const IndexSet& elements) {
  const auto index = elements.next(0);
  const auto found = array.array->running.find(index.value_or(0));
  if (found != array.array->running.end()) return found->second;
  return fail(ErrorCode::kRefused, fmt::format("{} has not started: none of its steps can be meant",
                                               name_of(array.number, elements)));
}

}  // namespace jobq::sched
