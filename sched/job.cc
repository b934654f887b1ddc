// SPDX-License-Identifier: Apache-2.0
// What follows from a job alone.
#include "sched/job.h"

#include <fmt/format.h>

namespace jobq::sched {

StepRun& Step::more() {
  if (!run) run = std::make_unique<StepRun>();
  return *run;
}

JobRun& Job::more() {
  if (!run) run = std::make_unique<JobRun>();
  return *run;
}

const JobRun& Job::facts() const {
  static const JobRun kNothing;
  return run ? *run : kNothing;
}

JobState Job::state() const {
  JobFacts facts;
  facts.ended = ended();
  facts.held = held;
  facts.started = started();
  facts.has_cleanup = what().cleanup.has_value();
  facts.decided = decided();
  facts.counts = counts;
  return shown_state(facts);
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
  return row;
}

StepRow to_row(const Job& job, StepId id) {
  const Step& step = job.step(id);
  StepRow row;
  row.job = job.number;
  row.step = id;
  row.state = step.state;
  row.outcome = step.outcome;
  if (!step.run) return row;
  row.reason = step.run->reason;
  row.event = step.run->event;
  if (const AttemptRow* attempt = step.attempt()) row.attempt = attempt->id.attempt;
  return row;
}

std::string standing_reason(const Job& job) {
  const JobRun& run = job.facts();
  if (!run.reason.empty()) return run.reason;
  if (job.held) return "held by " + run.held_by;
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
