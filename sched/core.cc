// SPDX-License-Identifier: Apache-2.0
// The turn, the marks of what changed, and the one place where a step's state is assigned.
#include "sched/core.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace jobq::sched {

Core::Core(Policy policy)
    : policy_(std::move(policy)), rm_(policy_.scheduling), fair_(policy_), quotas_(policy_, rm_) {
  std::vector<std::string> elements;
  for (const ElementPolicy& element : policy_.elements) elements.push_back(element.name);
  rm_.set_elements(std::move(elements));
  rm_.set_job_name([this](JobNumber number) {
    const Job* job = jobs_.find(number);
    return to_string(job == nullptr ? JobRef(number) : job->ref());
  });
  check(rm_.create({std::string(kTurn), resmgr::NamedKind::kExclusive, 1}).has_value(),
        "a new resource manager has no resources");
}

void Core::accept(Event& event, Time now, std::vector<Action>& actions) {
  now_ = now;
  out_ = &actions;
  submissions_.expire(now);
  expire_events();
  std::visit([this](auto& it) { on(it); }, event);
  out_ = nullptr;
}

void Core::decide(Time now, std::vector<Action>& actions) {
  now_ = now;
  out_ = &actions;
  if (wake_at_ <= now) wake_at_ = Time{};
  expire_events();
  enforce_limits();
  resume_due_nodes();
  try_due_again();
  fire_due();
  pass_estimates();
  share_fairly();
  handle_grants();
  touch_shares();
  settle_accounts();
  ask_to_wake();
  out_ = nullptr;
}

// A grant may start steps that ask for more, so until nothing changes; each round grants, or ends
// what could not be sent, or is the last.
void Core::handle_grants() {
  bool scheduled = false;
  while (schedule_due_ || !unsendable_.empty() || !arrays_due_.empty() || !to_carry_out_.empty() ||
         !news_.empty() || is_mail_due()) {
    end_unsendable();
    carry_out_steps();
    pass_news();
    look_at_arrays();
    hand_out_events();
    if (!std::exchange(schedule_due_, false)) continue;
    for (const resmgr::Grant& grant : rm_.schedule(now_)) on_grant(grant);
    scheduled = true;
  }
  if (scheduled) note_refusals();
}

void Core::end_unsendable() {
  for (auto& [id, why] : std::exchange(unsendable_, {})) {
    Job* job = jobs_.find(id.job);
    const AttemptRow* newest = job == nullptr ? nullptr : job->step(id.step).attempt();
    if (newest == nullptr || newest->id != id || newest->ended) continue;
    TaskEnd end;
    end.how = TaskEnd::How::kNotStarted;
    end.reason = std::move(why);
    // Another attempt could not be sent either.
    settle(*job, id.step, end, Again::kNever);
  }
}

void Core::ask_to_wake() {
  std::optional<Time> earliest = fair_.due(now_);
  const auto consider_first = [&](const auto& due) {
    if (due.empty()) return;
    const Time first = std::get<0>(*due.begin());
    if (!earliest || first < *earliest) earliest = first;
  };
  consider_first(deadlines_);
  consider_first(estimates_);
  consider_first(retries_);
  consider_first(drain_ends_);
  consider_first(recur_due_);
  if (const auto due = mailboxes_.due(); due && (!earliest || *due < *earliest)) earliest = due;
  if (!earliest || (wake_at_ && wake_at_ <= *earliest)) return;
  wake_at_ = *earliest;
  emit(WakeAt{*earliest});
}

void Core::reply(ReplyId to, decltype(Reply::body) body) {
  if (to) emit(Reply{to, std::move(body)});
}

void Core::reply(ReplyId to, const Result<void>& result) {
  if (result) {
    reply(to, Done{});
  } else {
    reply(to, result.error());
  }
}

void Core::touch(Job& job) {
  mark(job);
  if (!std::exchange(job.touched, true)) changes_.add_marked(job.number);
}

void Core::touch(Job& job, StepId step) {
  if (!std::exchange(job.step(step).touched, true)) {
    changes_.add_marked(StepKey{job.number, step});
  }
}

void Core::touch_attempt(Job& job, StepId step) {
  if (!std::exchange(job.step(step).attempt_touched, true)) {
    changes_.add_marked(AttemptKey{job.number, step, job.step(step).attempt()->id.attempt});
  }
}

void Core::note(Job& job, std::string what, std::string detail) {
  std::vector<TransitionRow>& transitions = job.more().transitions;
  const auto sequence = static_cast<std::uint32_t>(transitions.size()) + 1;
  transitions.push_back({job.number, sequence, now_, std::move(what), std::move(detail)});
  changes_.add_marked(TransitionKey{job.number, sequence});
}

std::uint64_t& Core::counter(Counter which) {
  switch (which) {
    case Counter::kJob: return next_job_;
    case Counter::kSpec: return next_spec_;
    case Counter::kNode: return next_node_;
    case Counter::kClass: return next_class_;
    case Counter::kEvent: return next_event_;
  }
  unreachable("counter out of range");
}

std::uint64_t Core::next(Counter which) {
  changes_.add(which);
  return counter(which)++;
}

bool Core::apply(Job& job, StepId step, StepInput input) {
  const StepCell cell = sched::on(job.step(step).state, input);
  if (cell.kind == StepCell::Kind::kReject) {
    check(false, fmt::format("step {} of job {} is {} and got '{}'", step.value, job.number.value,
                             to_string(job.step(step).state), to_string(input)));
  }
  if (cell.kind == StepCell::Kind::kIgnore) return false;
  enter(job, step, cell.next);
  return true;
}

namespace {

bool is_active(StepState state) {
  return state == StepState::kStarting || state == StepState::kRunning ||
         state == StepState::kEnding;
}

// Before it enters `next`.
void count_carried_out(Job& job, StepId id, StepState next) {
  const int change = (is_active(next) ? 1 : 0) - (is_active(job.step(id).state) ? 1 : 0);
  if (change == 0 || job.is_cleanup(id) || !is_built_in(job, id)) return;
  JobRun& run = job.more();
  run.carried_out = static_cast<std::uint16_t>(run.carried_out + change);
  const bool receives = job.what().steps[id.value].kind == StepKind::kRecv;
  if (receives) run.receiving = static_cast<std::uint16_t>(run.receiving + change);
}

}  // namespace

void Core::enter(Job& job, StepId id, StepState next) {
  Step& step = job.step(id);
  if (!job.is_cleanup(id)) {
    --job.counts.at(static_cast<std::size_t>(step.state));
    ++job.counts.at(static_cast<std::size_t>(next));
  }
  count_carried_out(job, id, next);
  step.state = next;
  mark(job);
  // Whether it is pending or waiting follows from the rest, and no row is written for that.
  if (next != StepState::kPending && next != StepState::kWaiting) touch(job, id);
}

}  // namespace jobq::sched
