// SPDX-License-Identifier: Apache-2.0
// The ends of attempts, steps and jobs.
//
// A job is decided once: by an unhandled failure or cancel of a step, a cancel, its time limit, or
// by its last step. From then on it takes no new steps; those that run, run to their end (a cancel
// and the limit order that end). Then its cleanup runs, if the job ever started, and what it held
// is given back after that.
#include <fmt/format.h>

#include "base/check.h"
#include "base/plant.h"
#include "sched/core.h"

namespace jobq::sched {
namespace {

StepInput input_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSuccess: return StepInput::kSucceeded;
    case Outcome::kFailure: return StepInput::kFailed;
    case Outcome::kCancel: return StepInput::kCancelled;
    case Outcome::kNone: break;
  }
  unreachable("an attempt ended without an outcome");
}

bool is_bad(StepState state) {
  return state == StepState::kFailed || state == StepState::kCancelled;
}

// The exit code that the job shows when this step decides it.
int exit_code_of(const Job& job, StepId id) {
  const AttemptRow* attempt = job.step(id).attempt();
  return attempt == nullptr ? 0 : judge(step_of(job.what(), id).exit, attempt->end).exit_code;
}

// Of a job whose steps have all ended: only failures can be left unhandled, cancels have decided.
Outcome outcome_by_steps(const Job& job) {
  const FactsOf facts = facts_of(job);
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    if (job.steps[i].state != StepState::kFailed) continue;
    if (!job.spec->flow.is_handled(job.what(), StepId{i}, facts)) return Outcome::kFailure;
  }
  return Outcome::kSuccess;
}

}  // namespace

void Core::settle(Job& job, StepId id, const TaskEnd& end, Again again) {
  Step& step = job.step(id);
  StepRun& run = step.more();
  AttemptRow& attempt = run.attempts.back();
  attempt.ended = now_;
  attempt.end = end;
  if (!JOBQ_PLANT(end_not_recorded)) touch_attempt(job, id);
  if (attempt.node) nodes_.detach(attempt.node, attempt.id);
  Judgement judgement = step.state == StepState::kEnding
                            ? judge_ordered(end, step.outcome, run.reason)
                            : judge(step_of(job.what(), id).exit, end);
  if (again == Again::kByPolicy && may_try_again(job, id, end, judgement.outcome)) {
    return try_again(job, id, judgement.reason);
  }
  step.outcome = judgement.outcome;
  run.reason = std::move(judgement.reason);
  run.event = std::move(judgement.event);
  apply(job, id, input_of(judgement.outcome));
  note_used_up(job, id);
  const bool keeps = JOBQ_PLANT(grant_of_lost_attempt_kept) && end.how == TaskEnd::How::kLost;
  if (!keeps) give_back(job, request_of(job.number, id));
  refresh_deadline(job);
  flow_on(job, {id});
  if (leave_lost_home(job)) go_on(job);
}

// What a step's end says about its job at once.
void Core::note_end(Job& job, StepId id) {
  const Step& step = job.step(id);
  if (job.is_cleanup(id) || !is_bad(step.state) || job.decided() != Outcome::kNone) return;
  if (wants_back(job, id)) return;
  if (job.spec->flow.is_handled(job.what(), id, facts_of(job))) return;
  const std::string reason =
      fmt::format("step {}: {}", step_of(job.what(), id).name, step.run->reason);
  const int exit_code = exit_code_of(job, id);
  if (step.state == StepState::kCancelled) {
    decide(job, Outcome::kCancel, reason, exit_code);
  } else if (job.what().on_failure == OnFailure::kStop) {
    decide(job, Outcome::kFailure, reason, exit_code);
  } else if (job.facts().reason.empty()) {
    // Independent branches go on; the first failure is the job's reason.
    job.more().reason = reason;
    job.more().exit_code = exit_code;
    touch(job);
  }
}

void Core::decide(Job& job, Outcome outcome, const std::string& reason, int exit_code) {
  JobRun& run = job.more();
  check(run.decided == Outcome::kNone, "a job was decided twice");
  run.decided = outcome;
  if (!reason.empty()) {
    run.reason = reason;
    run.exit_code = exit_code;
    note(job, "decided", fmt::format("{}: {}", to_string(outcome), reason));
  }
  touch(job);
  stop_steps(job);
  refresh_deadline(job);
}

void Core::stop_steps(Job& job) {
  withdraw_job(job);
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    const StepId id{i};
    if (job.steps[i].state == StepState::kWaiting) withdraw(job, id);
    if (!is_final(job.steps[i].state)) apply(job, id, StepInput::kStop);
  }
}

// The first order stands; a repeated one is passed on to the node again.
void Core::order_end(Job& job, StepId id, Outcome outcome, const std::string& reason) {
  Step& step = job.step(id);
  if (step.state == StepState::kWaiting) withdraw(job, id);
  if (!is_final(step.state) && step.state != StepState::kEnding) {
    step.outcome = outcome;
    step.more().reason = reason;
  }
  if (!apply(job, id, StepInput::kEndOrdered)) return;
  if (step.state != StepState::kEnding) return;
  if (is_built_in(job, id)) return to_carry_out_.push_back(step.attempt()->id);
  order<Kill>(*step.attempt());
  // Nobody will hear of it from there: the order is all that is known of its end.
  const AttemptRow attempt = *step.attempt();
  const Node& node = *nodes_.find(attempt.node);
  if (node.row.given_up && counts_as_lost(node, job, id)) settle_as_lost(node, attempt.id, "");
}

void Core::order_all_ends(Job& job, Outcome outcome, const std::string& reason) {
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    order_end(job, StepId{i}, outcome, reason);
  }
  refresh_deadline(job);
}

// When nothing is left to run: the outcome, the cleanup, the end.
void Core::advance(Job& job) {
  if (job.ended() || open_steps(job.counts) > 0) return;
  if (job.decided() == Outcome::kNone) {
    decide(job, outcome_by_steps(job), "", 0);
  }
  Step* cleanup = job.cleanup();
  if (job.started() && cleanup != nullptr && !is_final(cleanup->state)) {
    const bool is_due = cleanup->state == StepState::kPending && !job.held;
    if (is_due) make_ready(job, cleanup_id(job.what()));
    return;
  }
  end_job(job);
}

void Core::end_job(Job& job) {
  wake(job);
  jobs_.leave_queue(job);
  if (job.whole != nullptr) element_ended(job);
  JobRun& run = job.more();
  run.ended = now_;
  close_account(job);
  refresh_deadline(job);
  give_back(job, request_of(job.number));
  count_end(job);
  drop_events_of(job);
  learn_run_time(job);
  if (run.nominal) run_ended(job);
  touch(job);
  ended_.push_back(job.number);
  leave_family(job);
  tell_of(job);
  emit(JobEnded{job.ref(), job.state(), run.decided, run.reason, run.exit_code});
}

}  // namespace jobq::sched
