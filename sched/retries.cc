// SPDX-License-Identifier: Apache-2.0
// Further attempts at steps that did not succeed, and where they are made.
//
// A step that is tried again is pending, as before its first attempt; its conditions hold still. It
// waits for its delay, and then for what it needs, anew. A job that holds a node for all its steps
// leaves it where the step is to be tried on another one, or where it is given up; not while
// anything of the job runs. What it holds by name it holds on.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sched/core.h"

namespace jobq::sched {
namespace {

// Before the attempt behind so many.
Millis delay_after(const Retry& retry, std::uint32_t tries) {
  const Millis most = retry.max_delay.value_or(kLongestRetryDelay);
  Millis delay = std::min(retry.delay, most);
  for (std::uint32_t i = 1; i < tries && delay.count > 0 && delay < most; ++i) {
    delay = std::min(Millis{delay.count * retry.backoff}, most);
    if (retry.backoff == 1) break;
  }
  return delay;
}

const Retry& retry_of(const Job& job, StepId id) { return step_of(job.what(), id).retry; }

NodeId node_to_leave(const Job& job, StepId id) {
  const AttemptRow* last = job.step(id).attempt_of_round();
  const bool leaves = last != nullptr && last->ended && retry_of(job, id).elsewhere;
  return leaves ? last->node : NodeId{};
}

}  // namespace

bool Core::may_try_again(const Job& job, StepId id, const TaskEnd& end, Outcome outcome) const {
  const Step& step = job.step(id);
  const Retry& retry = retry_of(job, id);
  const bool ended_by_itself = step.state != StepState::kEnding && outcome == Outcome::kFailure;
  const bool is_left = step.tries() <= retry.max;
  const bool lost = end.how == TaskEnd::How::kLost;
  return ended_by_itself && is_left && job.decided() == Outcome::kNone &&
         (lost ? retry.on_node_lost : retry.on_failure);
}

void Core::try_again(Job& job, StepId id, const std::string& why) {
  const Retry& retry = retry_of(job, id);
  const std::uint32_t tries = job.step(id).tries();
  const NodeId node = job.step(id).attempt()->node;
  const Millis delay = delay_after(retry, tries);
  StepRun& run = job.step(id).more();
  run.reason = fmt::format("attempt {} of {}: {}", tries, retry.max + 1, why);
  run.not_before = delay.count > 0 ? now_ + delay : Time{};
  note(job, "tried again",
       fmt::format("step {}: {}{}", step_of(job.what(), id).name, run.reason,
                   delay.count > 0 ? "; the next one in " + format_duration(delay) : ""));
  apply(job, id, StepInput::kTriedAgain);
  touch(job, id);
  give_back(job, request_of(job.number, id));
  refresh_deadline(job);
  if (run.not_before) retries_.emplace(run.not_before, job.number, id);
  const bool ran_at_home = node == job.facts().node;
  const bool leaves = retry.elsewhere && ran_at_home && has_other_node(node, job_needs(job.what()));
  std::vector<StepId> ended;
  if (leaves ? leave_node(job) : leave_lost_home(job)) {
    go_on(job);
  } else if (consider(job, id)) {
    ended.push_back(id);
  }
  flow_on(job, std::move(ended));  // a loop may have waited for the end of this attempt
}

bool Core::is_delayed(const Job& job, StepId id) const {
  const Step& step = job.step(id);
  return step.run && step.run->not_before > now_;
}

// One that has been cancelled meanwhile, or whose job has ended, is not pending any more.
void Core::try_due_again() {
  while (!retries_.empty() && std::get<Time>(*retries_.begin()) <= now_) {
    const auto [due, number, id] = *retries_.begin();
    retries_.erase(retries_.begin());
    Job* job = jobs_.find(number);
    if (job == nullptr) continue;
    // What was due once stays due, though the job is held and the clock set back meanwhile.
    StepRun* const run = job->step(id).run.get();
    if (run != nullptr && run->not_before == due) {
      run->not_before = {};
      touch(*job, id);
    }
    if (!job->held && consider(*job, id)) flow_on(*job, {id});
  }
}

// --- where

bool Core::has_other_node(NodeId than, const resmgr::Needs& needs) const {
  std::uint32_t left = needs.nodes;
  return std::any_of(nodes_.all().begin(), nodes_.all().end(), [&](const auto& entry) {
    const Node& node = entry.second;
    return node.row.id != than && !node.row.draining && !node.row.given_up &&
           rm_.could_serve(node.row.id, needs) && --left == 0;
  });
}

// Where the last attempt of what is asked for did not succeed, and the next one is to be made
// elsewhere; 0: it may be made anywhere.
NodeId Core::failed_on(const Job& job, resmgr::RequestId id) const {
  if (job.array) return {};
  if (!is_of_whole(id)) return node_to_leave(job, StepId{id.part - 1});
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    const std::optional<resmgr::Needs>& own = job.what().steps[i].needs;
    const bool runs_there = !own || !own->takes_from_node();
    if (!runs_there || job.steps[i].state != StepState::kPending) continue;
    if (const NodeId node = node_to_leave(job, StepId{i})) return node;
  }
  return {};
}

// Who holds nothing waits for another node, as long as there is one. Others may wait for what a job
// holds, and it may itself be in the way on the other nodes: it takes another one that has room,
// else the same again.
Wish Core::wish_of(const Job& job, resmgr::RequestId id) const {
  const NodeId failed = failed_on(job, id);
  if (!failed || job.facts().has_grant) return {.avoid = {}, .rather_not = failed};
  const resmgr::Needs needs = needs_of(job, id);
  const bool waits = needs.takes_from_node() && has_other_node(failed, needs);
  return waits ? Wish{.avoid = failed, .rather_not = {}} : Wish{.avoid = {}, .rather_not = failed};
}

// Whether there is another node depends on what nodes have and offer: this is called whenever one
// came, went or changed.
void Core::renew_wishes() {
  std::vector<resmgr::RequestId> changed;
  for (const auto& [id, wish] : wishes_) {
    if (wish_of(*jobs_.find(id.job), id) != wish) changed.push_back(id);
  }
  ask_anew(changed);
}

// What a job asks for as a whole follows from its steps: this is called when some of them ended.
void Core::renew_wishes(const Job& job) {
  std::vector<resmgr::RequestId> changed;
  for (const resmgr::RequestId id : {request_of(job.number), move_of(job.number)}) {
    const auto known = wishes_.find(id);
    if (known != wishes_.end() && wish_of(job, id) != known->second) changed.push_back(id);
  }
  ask_anew(changed);
}

void Core::ask_anew(const std::vector<resmgr::RequestId>& ids) {
  for (const resmgr::RequestId id : ids) {
    Job* job = jobs_.find(id.job);
    if (job == nullptr || !rm_.is_waiting(id)) continue;  // an earlier one ended it
    if (is_of_whole(id)) {
      withdraw_job(*job);
      ask_for_job(*job);
    } else {
      const StepId step{id.part - 1};
      withdraw(*job, step);
      if (!ask(*job, step)) flow_on(*job, {step});
    }
  }
}

// A job stays on a node that is given up while something of it is active, there or elsewhere; so
// this is asked whenever something of it ended, not only when the node is given up.
bool Core::leave_lost_home(Job& job) {
  const JobRun& run = job.facts();
  const bool is_lost = is_given_up(run.node) ||
                       std::any_of(run.others.begin(), run.others.end(),
                                   [&](const OtherNode& it) { return is_given_up(it.node); });
  return is_lost && leave_node(job);
}

// Gives back what the job holds of a node for all its steps, so that it is asked for anew; false
// where it holds no node, or something of it runs.
bool Core::leave_node(Job& job) {
  if (!job.facts().has_grant || !job.facts().node || job.ended()) return false;
  if (job.decided() != Outcome::kNone || active_steps(job.counts) > 0) return false;
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    if (job.steps[i].state != StepState::kWaiting) continue;
    withdraw(job, StepId{i});
    apply(job, StepId{i}, StepInput::kHeld);
  }
  JobRun& run = job.more();
  note(job, "left its node", nodes_.find(run.node)->row.name);
  const resmgr::RequestId id = request_of(job.number);
  const resmgr::Needs named = resmgr::of_cluster(job_needs(job.what()));
  give_back(job, id);
  run.has_grant = !named.empty();
  run.node = {};
  run.gpus.clear();
  run.others.clear();
  if (run.has_grant) rm_.restore(request_for(job, id, named), {id, {}, {}});
  touch(job);
  return true;
}

}  // namespace jobq::sched
