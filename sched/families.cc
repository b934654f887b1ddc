// SPDX-License-Identifier: Apache-2.0
// Jobs that steps submit: by a spawn step, or by `jq submit` in a process.
//
// A child knows the attempt that submitted it, and all jobs above it. It outlives its parent,
// unless a spawn step waits for it and is ended: then it is cancelled. A cancel can take the
// family: all that live of those below a job, also when the job itself has ended.
#include <fmt/format.h>

#include <algorithm>

#include "sched/core.h"
#include "sched/launch.h"
#include "sched/values.h"

namespace jobq::sched {
namespace {

// A class that spawns itself ends here.
constexpr std::size_t kMostAncestors = 20;

bool is_active(StepState state) {
  return state == StepState::kRunning || state == StepState::kEnding;
}

Origin below(const Job& job, StepId id) {
  Origin origin;
  origin.parent = job.step(id).attempt()->id;
  origin.ancestors = jobs_above(job);
  origin.ancestors.push_back(job.number);
  return origin;
}

// The event value that is handed up: of the last step, in the order of the file, that has one.
std::optional<std::string> event_of(const Job& job) {
  if (job.array) return std::nullopt;
  for (std::size_t i = job.what().steps.size(); i-- > 0;) {
    if (const std::string* event = job.steps[i].event()) return *event;
  }
  return std::nullopt;
}

}  // namespace

std::vector<JobNumber> jobs_above(const Job& job) {
  if (job.whole == nullptr) return job.facts().ancestors;
  std::vector<JobNumber> above = job.whole->facts().ancestors;
  above.push_back(job.whole->number);
  return above;
}

Result<void> check_generations(const Origin& origin) {
  if (origin.ancestors.size() <= kMostAncestors) return {};
  return fail(ErrorCode::kRefused,
              fmt::format("there are {} jobs above it already, each submitted by a step of the one "
                          "before (the first is {}); does a class submit itself?",
                          kMostAncestors, origin.ancestors.front().value));
}

namespace {

std::shared_ptr<const JobSpec> working_in(const std::shared_ptr<const JobSpec>& spec,
                                          const std::string& workdir) {
  JobSpec there = *spec;
  there.workdir = as_literal(workdir);
  return std::make_shared<const JobSpec>(std::move(there));
}

}  // namespace

// It works where its parent does, unless its class says otherwise.
Result<Ticket> Core::ticket_of(const Job& job, StepId id) const {
  const Spawn& spawn = *job.what().steps[id.value].spawn;
  Ticket ticket;
  bool fits = true;
  const auto put = [&](const std::string& text) {
    Result<std::string> filled = fill_text(job, text);
    fits = fits && filled;
    return std::move(filled).value_or("");
  };
  ticket.class_name = put(spawn.class_name);
  ticket.class_version = put(spawn.class_version);
  ticket.name = put(spawn.name);
  for (const auto& [name, value] : spawn.params) ticket.params.emplace_back(name, put(value));
  ticket.priority = spawn.priority;
  const std::string workdir = put(job.what().workdir);
  if (!fits) return fail(ErrorCode::kRefused, "with its values put in it is too long");
  if (spawn.spec) {
    if (ticket.name.empty()) ticket.name = job.what().steps[id.value].name;
    ticket.spec = working_in(spawn.spec, workdir);
    return ticket;
  }
  const auto row = classes_.resolve(ticket.class_name, ticket.class_version);
  if (!row) return tl::unexpected(row.error());
  if (specs_.find((*row)->spec)->spec->workdir.empty()) ticket.workdir = as_literal(workdir);
  return ticket;
}

void Core::spawn(Job& job, StepId id) {
  const AttemptId attempt = job.step(id).attempt()->id;
  if (spawned_by(attempt) != nullptr) return;  // before a restart
  const User& user = *job.user;
  CheckedSpecs checked;
  auto child = [&]() -> Result<JobNumber> {
    const auto ticket = ticket_of(job, id);
    if (!ticket) return tl::unexpected(ticket.error());
    return submit(*ticket, {user.uid, user.gid, user.name, false}, checked, below(job, id));
  }();
  const Spawn& spawn = *job.what().steps[id.value].spawn;
  if (!child) {
    return end_built_in(
        job, id, Outcome::kFailure,
        fmt::format("{} was not submitted: {}",
                    spawn.spec ? "the job" : "class " + spawn.class_name, child.error().message));
  }
  note(job, "spawned",
       fmt::format("job {} by step {}", child->value, job.what().steps[id.value].name));
  if (spawn.wait) return;
  end_built_in(job, id, Outcome::kSuccess, "", fmt::to_string(child->value));
}

// The job that a spawn step waits for; none where it has ended, or there never was one.
const Job* Core::spawned_by(const AttemptId& attempt) const {
  const auto below = descendants_.find(attempt.job);
  if (below == descendants_.end()) return nullptr;
  for (const JobNumber number : below->second) {
    const Job* job = jobs_.find(number);
    if (job->facts().parent == attempt) return job;
  }
  return nullptr;
}

void Core::cancel_spawned(Job& job, StepId id) {
  const Job* found = spawned_by(job.step(id).attempt()->id);
  Job* child = found == nullptr ? nullptr : jobs_.find(found->number);
  if (child == nullptr || sched::on(child->state(), JobCommand::kCancel) != Verdict::kDo) return;
  const User& user = *job.user;
  note(*child, "cancel",
       fmt::format("by the end of step {} of job {}", job.what().steps[id.value].name,
                   to_string(job.ref())));
  cancel(*child, {user.uid, user.gid, user.name, false});
}

// A spawn step that waits for the job ends as it did.
void Core::tell_parent(const Job& child) {
  const AttemptId& id = child.facts().parent;
  Job* job = jobs_.find(id.job);
  if (job == nullptr) return;
  const StepSpec& spec = step_of(job->what(), id.step);
  const Step& step = job->step(id.step);
  const bool waits =
      spec.spawn && spec.spawn->wait && is_active(step.state) && step.attempt()->id == id;
  if (!waits) return;
  const Outcome outcome = child.facts().decided;
  end_built_in(*job, id.step, outcome,
               outcome == Outcome::kSuccess ? "" : ended_text(fact_of(child)), event_of(child));
}

// --- who is below whom

void Core::join_family(Job& job, const Origin& origin) {
  if (!origin.parent.job) return;
  job.more().parent = origin.parent;
  job.more().ancestors = origin.ancestors;
  index_family(job);
}

void Core::index_family(const Job& job) {
  for (const JobNumber above : job.facts().ancestors) descendants_[above].insert(job.number);
}

void Core::leave_family(const Job& job) {
  for (const JobNumber above : job.facts().ancestors) {
    const auto family = descendants_.find(above);
    family->second.erase(job.number);
    if (family->second.empty()) descendants_.erase(family);
  }
}

// All in the queue that it or those below it have submitted.
std::vector<JobNumber> Core::family_of(JobNumber number) const {
  const auto below = descendants_.find(number);
  if (below == descendants_.end()) return {};
  return {below->second.begin(), below->second.end()};
}

// A request that comes from a step of a job of the same user belongs to it.
Origin Core::origin_of(const Caller& caller, const Actor& actor) const {
  const Job* job = job_of(caller.job);
  if (job == nullptr || job->array || job->user->uid != actor.uid) return {};
  for (std::uint32_t i = 0; i < job->steps.size(); ++i) {
    const bool is_it = step_of(job->what(), StepId{i}).name == caller.step;
    if (is_it && job->step(StepId{i}).attempt() != nullptr) return below(*job, StepId{i});
  }
  return {};
}

void Core::note_children(const Origin& origin, const std::string& step,
                         const std::vector<JobNumber>& numbers) {
  std::vector<JobNumber> given;
  for (const JobNumber number : numbers) {
    if (number) given.push_back(number);
  }
  Job* parent = jobs_.find(origin.parent.job);
  if (parent == nullptr || given.empty()) return;
  const std::string jobs = given.size() == 1 ? fmt::format("job {}", given.front().value)
                                             : fmt::format("{} jobs, {} to {}", given.size(),
                                                           given.front().value, given.back().value);
  note(*parent, "submitted jobs", fmt::format("{} by step {}", jobs, step));
}

}  // namespace jobq::sched
