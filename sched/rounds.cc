// SPDX-License-Identifier: Apache-2.0
// Loops: when a step sends the flow back, and what that means for the steps that go back.
//
// A step with `again` that ended so, with rounds left, wants to go back. From then on nothing of
// what goes back with it starts, and what of it waits for resources is withdrawn. What of it runs,
// on a branch beside, runs to its end; then all of it is pending again, with nothing known of how
// it ended, in its next round. Which steps want to go back follows from their states and counts:
// nothing more is kept. Where a loop wants to go back that has others count anew, these do not go
// back by themselves.
#include <fmt/format.h>

#include <algorithm>

#include "sched/core.h"

namespace jobq::sched {
namespace {

bool is_active(StepState state) {
  return state == StepState::kStarting || state == StepState::kRunning ||
         state == StepState::kEnding;
}

bool any_is_active(const Job& job, const LoopPlan& loop) {
  return std::any_of(loop.steps.begin(), loop.steps.end(),
                     [&](StepId id) { return is_active(job.step(id).state); });
}

// The step ended as its loop says. Only what an attempt of this round came to counts: a request
// that was refused would be refused again at once.
bool loop_holds(const Job& job, StepId id) {
  if (job.is_cleanup(id) || job.decided() != Outcome::kNone) return false;
  const std::optional<Loop>& loop = job.what().steps[id.value].again;
  const Step& step = job.step(id);
  const bool ended = step.state == StepState::kSucceeded || step.state == StepState::kFailed;
  return loop && ended && step.attempt_of_round() != nullptr &&
         holds(loop->when, {step.state, step.event()}) == Holds::kYes;
}

}  // namespace

bool wants_back(const Job& job, StepId id) {
  return loop_holds(job, id) && job.step(id).run->went_back < job.what().steps[id.value].again->max;
}

bool is_to_go_back(const Job& job, StepId id) {
  const std::vector<LoopPlan>& loops = job.spec->flow.loops();
  return !job.is_cleanup(id) && std::any_of(loops.begin(), loops.end(), [&](const LoopPlan& loop) {
    return loop.goes_back[id.value] && wants_back(job, loop.owner);
  });
}

const LoopPlan* loop_to_go_back(const Job& job) {
  const std::vector<LoopPlan>& loops = job.spec->flow.loops();
  std::vector<bool> yields(loops.size());
  for (const LoopPlan& loop : loops) {
    if (!wants_back(job, loop.owner)) continue;
    for (const std::size_t inner : loop.inner) yields[inner] = true;
  }
  for (std::size_t i = 0; i < loops.size(); ++i) {
    const bool may = !yields[i] && wants_back(job, loops[i].owner);
    if (may && !any_is_active(job, loops[i])) return &loops[i];
  }
  return nullptr;
}

// Of a step that ended: it would go back once more, and may not. Its end counts as it is.
void Core::note_used_up(Job& job, StepId id) {
  if (!loop_holds(job, id) || wants_back(job, id)) return;
  const Loop& loop = *job.what().steps[id.value].again;
  const std::string text = fmt::format("its loop is used up: it went back to {} {} of {} times, {}",
                                       loop.to, loop.max, loop.max, when_text(loop));
  std::string& reason = job.step(id).run->reason;
  reason += (reason.empty() ? "" : "; ") + text;
  note(job, "loop used up", fmt::format("step {}: {}", job.what().steps[id.value].name, text));
}

// A step ended and wants to go back: what waits of the steps that go back with it, waits no more.
void Core::end_round(Job& job, StepId owner) {
  for (const LoopPlan& loop : job.spec->flow.loops()) {
    if (loop.owner != owner) continue;
    for (const StepId id : loop.steps) {
      if (job.step(id).state != StepState::kWaiting) continue;
      withdraw(job, id);
      apply(job, id, StepInput::kHeld);
    }
  }
}

void Core::send_back(Job& job, const LoopPlan& loop) {
  const StepSpec& owner = job.what().steps[loop.owner.value];
  StepRun& counts = job.step(loop.owner).more();
  ++counts.went_back;
  note(job, "again",
       fmt::format("step {} goes back to {}, {} of {} times: {}", owner.name, owner.again->to,
                   counts.went_back, owner.again->max, when_text(*owner.again)));
  for (const std::size_t inner : loop.inner) {
    Step& other = job.step(job.spec->flow.loops()[inner].owner);
    if (other.run) other.run->went_back = 0;
  }
  for (const StepId id : loop.steps) {
    Step& step = job.step(id);
    StepRun& run = step.more();
    ++run.rounds;
    run.reason.clear();
    run.event.reset();
    run.not_before = {};
    step.outcome = Outcome::kNone;
    apply(job, id, StepInput::kSentBack);
    touch(job, id);
  }
  forget_failures(job);
}

// The reason of a job that goes on after failures is the first of those that still stand.
void Core::forget_failures(Job& job) {
  if (job.facts().reason.empty()) return;
  job.more().reason.clear();
  job.more().exit_code = 0;
  touch(job);
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) note_end(job, StepId{i});
}

// Lets a loop go back that can, and adds the steps that this ended; false where none can.
bool Core::go_round(Job& job, std::vector<StepId>& ended) {
  const LoopPlan* loop = loop_to_go_back(job);
  if (loop == nullptr) return false;
  send_back(job, *loop);
  for (const StepId id : loop->steps) {
    if (consider(job, id)) ended.push_back(id);
  }
  return true;
}

}  // namespace jobq::sched
