// SPDX-License-Identifier: Apache-2.0
// Hold, release, cancel and signal.
//
// A hold takes what waits out of the queue and suspends what runs; the clock of the time limit
// stands. A cancel also wakes. Cleanup is neither held nor cancelled; it can be sent a signal.
#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "sched/core.h"
#include "sched/selection.h"

namespace jobq::sched {
namespace {

std::string by(const Actor& actor) { return "by " + actor.user; }

bool is_live(StepState state) {
  return state == StepState::kStarting || state == StepState::kRunning;
}

// The step of this name; cleanup is one too.
Result<StepId> step_named(const Job& job, const std::string& name) {
  std::vector<std::string_view> known;
  for (std::uint32_t i = 0; i < step_count(job.what()); ++i) {
    known.emplace_back(step_of(job.what(), StepId{i}).name);
    if (known.back() == name) return StepId{i};
  }
  return fail(ErrorCode::kNotFound, fmt::format("job {} has no step '{}'{}", to_string(job.ref()),
                                                name, did_you_mean(name, known)));
}

}  // namespace

void Core::on(Hold& event) { command(event.reply, event.actor, event.jobs, JobCommand::kHold); }

void Core::on(Release& event) {
  command(event.reply, event.actor, event.jobs, JobCommand::kRelease);
}

void Core::on(Cancel& event) {
  const JobCommand what = event.signal != 0 ? JobCommand::kSignal : JobCommand::kCancel;
  command(event.reply, event.actor, event.jobs, what, event.signal);
}

// Also one that comes early: the clock was set back.
void Core::on(Tick&) {
  wake_at_ = Time{};
  if (commands_.empty()) return;
  OpenCommand open = std::move(commands_.front());
  commands_.pop_front();
  if (!carry_on(open)) commands_.push_back(std::move(open));
  if (!commands_.empty()) emit(WakeAt{now_});
}

void Core::command(ReplyId to, const Actor& actor, const Selector& jobs, JobCommand what,
                   int signal) {
  if (const auto good = check_selector(actor, jobs, what); !good) {
    reply(to, good.error());
    return;
  }
  OpenCommand open;
  open.to = to;
  open.actor = actor;
  open.jobs = jobs;
  open.what = what;
  open.signal = signal;
  open.end = next_job_;
  if (carry_on(open)) return;
  commands_.push_back(std::move(open));
  emit(WakeAt{now_});
}

// One piece; true when that was the last.
bool Core::carry_on(OpenCommand& open) {
  std::vector<Choice> choices;
  const bool more = select(open, choices);
  open.met = open.met || !choices.empty();
  if (!more && !open.met) {
    reply(open.to, no_match(open.actor, open.jobs));
    return true;
  }
  JobResults results;
  results.jobs.reserve(choices.size());
  for (Choice& choice : choices) {
    Result<void> result = tl::unexpected(choice.error);
    if (open.jobs.family && choice.elements == nullptr) {
      result = cancel_family(open, choice);
    } else if (choice.job != nullptr) {
      result = choice.elements == nullptr ? carry_out(open, *choice.job)
                                          : carry_out(open, *choice.job, *choice.elements);
    }
    results.jobs.push_back({choice.number, std::move(result),
                            choice.elements == nullptr ? IndexSet() : *choice.elements});
  }
  if (open.to && !(more && results.jobs.empty())) emit(Reply{open.to, std::move(results), more});
  return !more;
}

Result<void> Core::carry_out(const OpenCommand& open, Job& job) {
  const std::string& step = open.jobs.step;
  switch (open.what) {
    case JobCommand::kHold: hold(job, open.actor); return {};
    case JobCommand::kRelease: release(job, open.actor); return {};
    case JobCommand::kSignal: return signal(job, step, open.signal, open.actor);
    case JobCommand::kCancel: break;
  }
  if (!step.empty()) return cancel_step(job, step, open.actor);
  cancel(job, open.actor);
  return {};
}

Result<void> Core::carry_out(const OpenCommand& open, Job& array, const IndexSet& elements) {
  if (!open.jobs.step.empty()) {
    const auto job = element_with_step(array, elements);
    return job ? carry_out(open, **job) : tl::unexpected(job.error());
  }
  switch (open.what) {
    case JobCommand::kHold: return hold_elements(array, elements, open.actor);
    case JobCommand::kRelease: return release_elements(array, elements, open.actor);
    case JobCommand::kSignal: return signal_array(array, &elements, "", open.signal, open.actor);
    case JobCommand::kCancel: break;
  }
  return cancel_elements(array, elements, open.actor);
}

// With all that live below it; the job itself may have ended.
Result<void> Core::cancel_family(const OpenCommand& open, const Choice& choice) {
  const std::vector<JobNumber> family = family_of(choice.number);
  if (choice.job == nullptr && family.empty()) return tl::unexpected(choice.error);
  if (choice.job != nullptr) cancel(*choice.job, open.actor);
  for (const JobNumber number : family) {
    const Choice member = choose(open.actor, number, JobCommand::kCancel);
    if (member.job != nullptr) cancel(*member.job, open.actor);
  }
  return {};
}

void Core::hold(Job& job, const Actor& actor) {
  if (job.array) return hold_array(job, actor);
  if (job.held) return;
  job.held = true;
  job.more().held_by = actor.user;
  if (job.started()) job.more().suspended = now_;
  note(job, "held", by(actor));
  touch(job);
  withdraw_job(job);
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    const StepId id{i};
    if (job.steps[i].state == StepState::kWaiting) withdraw(job, id);
    if (is_live(job.steps[i].state)) order<Suspend>(*job.steps[i].attempt());
    apply(job, id, StepInput::kHeld);
  }
  refresh_deadline(job);
}

void Core::release(Job& job, const Actor& actor) {
  if (job.array) return release_array(job, actor);
  if (!job.held) return;
  note(job, "released", by(actor));
  wake(job);
  for (const Step& step : job.steps) {
    if (is_live(step.state)) order<Resume>(*step.attempt());
  }
  go_on(job);
}

// Ends the hold and lets the clock run again.
void Core::wake(Job& job) {
  if (!job.held) return;
  JobRun& run = job.more();
  job.held = false;
  run.held_by.clear();
  if (run.suspended) run.suspended_for = run.suspended_for + (now_ - run.suspended);
  run.suspended = Time{};
  touch(job);
  refresh_deadline(job);
}

void Core::cancel(Job& job, const Actor& actor) {
  if (job.array) return cancel_array(job, actor);
  wake(job);
  note(job, "cancel", by(actor));
  const std::string reason = "cancelled " + by(actor);
  if (job.decided() == Outcome::kNone) {
    job.more().cancelled_by = actor.user;
    decide(job, Outcome::kCancel, reason, 0);
  }
  order_all_ends(job, Outcome::kCancel, reason);
  advance(job);
}

Result<void> Core::cancel_step(Job& job, const std::string& name, const Actor& actor) {
  if (job.array) {
    return fail(ErrorCode::kUsage,
                fmt::format("job {} is an array: a step is named with its element, like {}[{}].{}",
                            job.place().value, job.place().value,
                            job.array->spec.elements.next(0).value_or(0), name));
  }
  const auto id = step_named(job, name);
  if (!id) return tl::unexpected(id.error());
  if (job.is_cleanup(*id)) {
    return fail(ErrorCode::kRefused,
                fmt::format("the cleanup of job {} always runs; send it a signal instead: jq "
                            "cancel --signal TERM {}.{}",
                            to_string(job.ref()), to_string(job.ref()), name));
  }
  if (is_final(job.step(*id).state)) {
    return fail(ErrorCode::kRefused, fmt::format("step {} of job {} has ended: nothing to cancel",
                                                 name, to_string(job.ref())));
  }
  note(job, "cancel", fmt::format("step {} {}", name, by(actor)));
  order_end(job, *id, Outcome::kCancel, "cancelled " + by(actor));
  refresh_deadline(job);
  if (is_final(job.step(*id).state)) flow_on(job, {*id});
  return {};
}

Result<void> Core::signal(Job& job, const std::string& step, int number, const Actor& actor) {
  if (job.array) return signal_array(job, nullptr, step, number, actor);
  std::uint32_t first = 0;
  std::uint32_t last = static_cast<std::uint32_t>(job.steps.size());
  if (!step.empty()) {
    const auto id = step_named(job, step);
    if (!id) return tl::unexpected(id.error());
    first = id->value;
    last = first + 1;
  }
  bool sent = false;
  std::string away;  // a node that cannot be told
  for (std::uint32_t i = first; i < last; ++i) {
    const StepState state = job.steps[i].state;
    // One that is starting gets it behind its launch, on the same connection.
    if (!is_live(state) && state != StepState::kEnding) continue;
    const AttemptRow& attempt = *job.steps[i].attempt();
    if (!attempt.node) continue;
    if (!nodes_.is_connected(attempt.node)) {
      away = attempt.node_name;
      continue;
    }
    emit(Signal{attempt.node, attempt.id, number});
    sent = true;
  }
  if (!sent && !away.empty()) {
    return fail(ErrorCode::kRefused,
                fmt::format("node {}, where it runs, is not connected: no signal was sent", away));
  }
  if (!sent) {
    return fail(ErrorCode::kRefused,
                fmt::format("job {} has no running step{}: no signal was sent",
                            to_string(job.ref()), step.empty() ? "" : " '" + step + "'"));
  }
  note(job, "signal", fmt::format("{} {}", number, by(actor)));
  return {};
}

}  // namespace jobq::sched
