// SPDX-License-Identifier: Apache-2.0
// Steps that the controller carries out itself: spawn, wait, send and recv.
//
// They take nothing and run on no node, but they have attempts like any other step: one that begins
// is running at once, and is carried out (or ended, where that was ordered) before the turn is
// over, after the flow that started it. So a journal never has one that was begun and not carried
// out, and what a step brings about is durable with the step. Those that wait are carried out again
// after a restart: that asks for what they wait for, and brings nothing about twice.
#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "sched/core.h"

namespace jobq::sched {

void Core::start_built_in(Job& job, StepId id) {
  start_job(job);
  new_attempt(job, id);
  apply(job, id, StepInput::kGranted);
  apply(job, id, StepInput::kStarted);
  touch_attempt(job, id);
  refresh_deadline(job);
  to_carry_out_.push_back(job.step(id).attempt()->id);
}

// After the flow: an end goes through all of it again.
void Core::carry_out_steps() {
  for (const AttemptId& id : std::exchange(to_carry_out_, {})) {
    Job* job = jobs_.find(id.job);
    if (job == nullptr) continue;
    const Step& step = job->step(id.step);
    if (step.attempt()->id != id || step.attempt()->ended) continue;
    if (step.state == StepState::kEnding) {
      abandon(*job, id.step);
    } else {
      carry_out(*job, id.step);
    }
  }
}

void Core::carry_out(Job& job, StepId id) {
  switch (job.what().steps[id.value].kind) {
    case StepKind::kSpawn: return spawn(job, id);
    case StepKind::kWait: return wait_for_jobs(job, id);
    case StepKind::kSend: return send_event(job, id);
    case StepKind::kRecv: return receive_event(job, id);
    case StepKind::kRun:
    case StepKind::kScript:
    case StepKind::kGive:
    case StepKind::kDispose:
    case StepKind::kInquire: break;
  }
  unreachable("the controller carries out no processes");
}

// Its end was ordered: what it is waiting for is of no interest any more.
void Core::abandon(Job& job, StepId id) {
  if (job.what().steps[id.value].kind == StepKind::kSpawn) cancel_spawned(job, id);
  waits_.erase(job.step(id).attempt()->id);
  if (const auto key = mailboxes_.waiting(job.step(id).attempt()->id)) mailboxes_.leave(*key);
  end_built_in(job, id, Outcome::kCancel, "");
}

void Core::end_built_in(Job& job, StepId id, Outcome outcome, std::string reason,
                        std::optional<std::string> event) {
  TaskEnd end;
  end.how = TaskEnd::How::kBuiltIn;
  end.reported = outcome;
  end.reason = std::move(reason);
  end.event = std::move(event);
  end.wall = now_ - job.step(id).attempt()->started;
  settle(job, id, end);
}

}  // namespace jobq::sched
