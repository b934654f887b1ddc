// SPDX-License-Identifier: Apache-2.0
// What follows from a job alone.
#include "sched/job.h"

#include <fmt/format.h>

#include <algorithm>

namespace jobq::sched {
namespace {

std::string standing_reason(const ArrayRun& array) {
  std::string text = fmt::format("{} of {} done", array.done, array.total());
  const std::uint64_t failed = array.failed + array.overdue.size();
  if (failed > 0) text += fmt::format(", {} failed", failed);
  const std::uint64_t cancelled = array.cancelled + array.dropped.size();
  if (cancelled > 0) text += fmt::format(", {} cancelled", cancelled);
  if (!array.held.empty()) text += fmt::format(", {} held", array.held.size());
  text += fmt::format(", {} running", array.running.size());
  if (array.throttled()) text += ", as many as may";
  return text;
}

}  // namespace

StepRun& Step::more() {
  if (!run) run = std::make_unique<StepRun>();
  return *run;
}

const AttemptRow* Step::attempt_of_round() const {
  const AttemptRow* newest = attempt();
  const bool is_older = newest != nullptr && newest->round != 0 && newest->round <= run->rounds;
  return is_older ? nullptr : newest;
}

std::uint32_t Step::tries() const {
  if (attempt_of_round() == nullptr) return 0;
  const auto is_older = [&](const AttemptRow& it) {
    return it.round != run->attempts.back().round;
  };
  const auto last = std::find_if(run->attempts.rbegin(), run->attempts.rend(), is_older);
  return static_cast<std::uint32_t>(last - run->attempts.rbegin());
}

JobRun& Job::more() {
  if (!run) run = std::make_unique<JobRun>();
  return *run;
}

const JobRun& Job::facts() const {
  static const JobRun kNothing;
  return run ? *run : kNothing;
}

JobRef Job::ref() const {
  return whole == nullptr ? JobRef{number, {}} : JobRef{whole->number, index};
}

JobState state_of_rest(const Job& array) {
  const ArrayRun& run = *array.array;
  if (array.held) return JobState::kHeld;
  if (run.front != nullptr) return run.front->state();
  const bool only_held = !run.held.empty() && !run.first_pending();
  return only_held ? JobState::kHeld : JobState::kQueued;
}

JobState Job::state() const {
  if (array && !ended()) {
    const bool runs = !held && !array->running.empty();
    return runs ? JobState::kProcessing : state_of_rest(*this);
  }
  JobFacts facts;
  facts.ended = ended();
  facts.held = held;
  facts.to_begin = is_to_begin() || is_to_follow();
  facts.started = started();
  facts.has_cleanup = what().cleanup.has_value();
  facts.decided = decided();
  facts.counts = counts;
  return shown_state(facts);
}

std::uint32_t round_of(const Job& job, StepId id) {
  if (!job.spec->flow.is_in_loop(id)) return 0;
  const Step& step = job.step(id);
  return step.run ? step.run->rounds + 1 : 1;
}

FactsOf facts_of(const Job& job) {
  return [&job](StepId id) {
    const Step& step = job.step(id);
    return StepFacts{step.state, step.event()};
  };
}

JobRow to_row(const Job& job) {
  const JobRun& run = job.facts();
  JobRow row;
  row.number = job.number;
  row.spec = job.spec->id;
  row.name = job.name->first;
  row.user = job.user->name;
  row.uid = job.user->uid;
  row.gid = job.user->gid;
  row.priority = job.priority;
  row.params = job.params;
  row.time_limit = job.time_limit;
  row.held = job.held;
  row.held_by = run.held_by;
  row.started_needs = run.has_grant;
  row.node = run.node;
  row.gpus = run.gpus;
  row.others = run.others;
  row.decided = run.decided;
  row.reason = run.reason;
  row.exit_code = run.exit_code;
  row.cancelled_by = run.cancelled_by;
  row.submitted = job.submitted;
  row.started = run.started;
  row.suspended = run.suspended;
  row.suspended_for = run.suspended_for;
  row.ended = run.ended;
  row.state = job.state();
  if (job.whole != nullptr) {
    row.array = job.whole->number;
    row.index = job.index;
  }
  if (job.array) row.elements = to_string(job.array->spec);
  row.begin = run.begin;
  row.to_begin = run.to_begin;
  row.deadline = run.deadline;
  row.parent = run.parent;
  row.ancestors = run.ancestors;
  row.after = to_text(run.after);
  row.keeps_never = run.keeps_never;
  row.nominal = run.nominal;
  if (run.account) row.account = run.account->to_text();
  return row;
}

StepRow to_row(const Job& job, StepId id) {
  const Step& step = job.step(id);
  StepRow row;
  row.job = job.number;
  row.step = id;
  row.state = step.state;
  row.outcome = step.outcome;
  row.round = round_of(job, id);
  if (!step.run) return row;
  row.went_back = step.run->went_back;
  row.reason = step.run->reason;
  row.event = step.run->event;
  row.not_before = step.run->not_before;
  if (const AttemptRow* attempt = step.attempt()) row.attempt = attempt->id.attempt;
  return row;
}

JobFact fact_of(const Job& job) {
  const JobRun& run = job.facts();
  return {job.number, run.started, run.ended, run.decided, run.reason};
}

std::string begin_text(const Job& job) { return "begins at " + format_rfc3339(job.facts().begin); }

std::string follow_text(const Job& job) {
  const std::vector<Dependency>& after = job.facts().after;
  std::string text;
  std::size_t open = 0;
  for (const Dependency& it : after) {
    if (it.state == Dependency::State::kHolds || ++open > 1) continue;
    text = open_text(it);
  }
  return open > 1 ? fmt::format("{}, and {} more", text, open - 1) : text;
}

std::string deadline_text(const Job& job) {
  return fmt::format("deadline {} passed", format_rfc3339(job.facts().deadline));
}

std::string standing_reason(const Job& job) {
  const JobRun& run = job.facts();
  if (!run.reason.empty()) return run.reason;
  if (job.held) return "held by " + run.held_by;
  if (run.to_begin) return begin_text(job);
  if (run.to_follow) return follow_text(job);
  if (job.array) return standing_reason(*job.array);
  const resmgr::Needs& needs = job.what().needs;
  if (job.state() == JobState::kWaitingResources && !needs.empty()) {
    return "waits for " + resmgr::to_string(needs);
  }
  const bool waits = count_of(job.counts, StepState::kWaiting) > 0;
  return waits ? fmt::format(
                     "{} waiting for resources",
                     count_of(job.counts, StepState::kWaiting) == 1 ? "a step is" : "steps are")
               : "";
}

}  // namespace jobq::sched
