// SPDX-License-Identifier: Apache-2.0
// From a job in the queue to steps on nodes: what it could use next is asked for, and what is
// granted starts.
//
// A job whose own needs are not empty waits for these (part 0) and starts with the grant. A step
// whose conditions hold waits for its own needs (part s+1). A step without needs of its own runs in
// its job's node grant; in a job without one it asks for a cpu. A step whose needs are given as
// empty takes nothing and starts at once, and so does the cleanup step. A job whose begin is to
// come asks for nothing.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "sched/core.h"
#include "sched/launch.h"

namespace jobq::sched {
namespace {

constexpr std::uint32_t kMovePart = 0xffffffff;  // no step has it

// Where the job's last step ran: the newest attempt, the later step of equals.
NodeId last_node(const Job& job) {
  const AttemptRow* last = nullptr;
  for (const Step& step : job.steps) {
    const AttemptRow* attempt = step.attempt();
    if (attempt == nullptr || !attempt->node) continue;
    if (last == nullptr || attempt->started >= last->started) last = attempt;
  }
  return last == nullptr ? NodeId{} : last->node;
}

// Its own needs come before any of its steps, also one that takes nothing by itself.
bool waits_for_itself(const Job& job) {
  const bool lacks = !job.facts().has_grant || is_between_nodes(job);
  return !job.what().needs.empty() && lacks && job.decided() == Outcome::kNone;
}

std::vector<OtherNode> others_of(const resmgr::Grant& grant, const NodeTable& nodes) {
  std::vector<OtherNode> others;
  for (const resmgr::NodeShare& share : grant.others) {
    others.push_back({share.node, nodes.find(share.node)->row.name, share.gpus});
  }
  return others;
}

}  // namespace

const std::string& element_of(const Job& job, StepId id) {
  const std::string& of_job = job.what().needs.element;
  if (job.is_cleanup(id)) return of_job;
  const std::optional<resmgr::Needs>& own = job.what().steps[id.value].needs;
  return own && !own->element.empty() ? own->element : of_job;
}

resmgr::RequestId request_of(JobNumber job) { return {job, 0}; }
resmgr::RequestId request_of(JobNumber job, StepId step) { return {job, step.value + 1}; }
resmgr::RequestId move_of(JobNumber job) { return {job, kMovePart}; }

resmgr::Needs needs_of(const Job& job, resmgr::RequestId id) {
  if (!is_of_whole(id)) return own_needs(job, StepId{id.part - 1}).value_or(resmgr::Needs{});
  resmgr::Needs needs = job_needs(job.what());
  return id == move_of(job.number) ? resmgr::of_node(std::move(needs)) : needs;
}

bool is_built_in(const Job& job, StepId id) { return is_built_in(step_of(job.what(), id).kind); }

bool is_of_whole(resmgr::RequestId id) { return id.part == 0 || id.part == kMovePart; }

bool is_between_nodes(const Job& job) {
  const JobRun& run = job.facts();
  return run.has_grant && !run.node && job.what().needs.takes_from_node();
}

std::optional<resmgr::Needs> own_needs(const Job& job, StepId id) {
  if (job.is_cleanup(id) || is_built_in(job, id)) return std::nullopt;
  const StepSpec& step = job.what().steps[id.value];
  const bool in_job = static_cast<bool>(job.facts().node);
  resmgr::Needs one_cpu;
  one_cpu.cpus = 1;
  one_cpu.element = job.what().needs.element;
  if (!step.needs) return in_job ? std::nullopt : std::optional(one_cpu);
  if (step.needs->empty()) return std::nullopt;
  resmgr::Needs needs = *step.needs;
  if (!in_job && !needs.takes_from_node()) needs.cpus = 1;
  if (needs.element.empty()) needs.element = job.what().needs.element;
  return needs;
}

resmgr::Needs job_needs(const JobSpec& spec) {
  resmgr::Needs needs = spec.needs;
  const std::vector<StepSpec>& steps = spec.steps;
  const bool more = std::any_of(steps.begin(), steps.end(), [](const StepSpec& step) {
    return step.needs && step.needs->takes_from_node();
  });
  if (needs.takes_from_node() && more) needs.exclusive.emplace_back(kTurn);
  resmgr::normalise(needs);
  return needs;
}

// Asks for whatever the job could use next: its own needs, its ready steps, its cleanup.
void Core::go_on(Job& job) {
  if (job.array) return look_at_later(job);
  if (is_kept(job) || job.ended()) return;
  if (waits_for_itself(job)) {
    ask_for_job(job);
    return;
  }
  std::vector<StepId> ended;
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    if (consider(job, StepId{i})) ended.emplace_back(i);
  }
  flow_on(job, std::move(ended));
}

// Lets the flow go on after these steps ended: an unhandled failure decides, steps whose conditions
// now hold become ready, those whose conditions no longer can are skipped, which ends them too, and
// so on. Where a loop can go back then, it does, and the flow goes on from there.
void Core::flow_on(Job& job, std::vector<StepId> ended) {
  std::size_t i = 0;
  do {
    for (; i < ended.size(); ++i) {
      note_end(job, ended[i]);
      if (wants_back(job, ended[i])) end_round(job, ended[i]);
      for (const StepId dependent : job.spec->flow.dependents(ended[i])) {
        if (consider(job, dependent)) ended.push_back(dependent);
      }
    }
  } while (go_round(job, ended));
  if (!ended.empty()) renew_wishes(job);
  advance(job);
}

// True when this ended the step: it was skipped, or its request refused.
bool Core::consider(Job& job, StepId step) {
  if (job.step(step).state != StepState::kPending || is_delayed(job, step)) return false;
  if (is_to_go_back(job, step)) return false;
  switch (job.spec->flow.readiness(job.what(), step, facts_of(job))) {
    case Holds::kOpen: return false;
    case Holds::kNever: return apply(job, step, StepInput::kUnreachable);
    case Holds::kYes: break;
  }
  if (is_kept(job) || waits_for_itself(job)) return false;
  return !make_ready(job, step);
}

// False when the request was refused, which ends the step.
bool Core::make_ready(Job& job, StepId step) {
  apply(job, step, StepInput::kReady);
  return ask(job, step);
}

// What takes named things only runs on its job's node: nothing is taken for it while that may not
// start it.
bool Core::ask(Job& job, StepId step) {
  const std::optional<resmgr::Needs> needs = own_needs(job, step);
  const bool counts = !job.started() && kind_of(job).counts_running();
  const bool asks = needs ? needs->takes_from_node() || nodes_.may_start(job.facts().node)
                          : counts && (is_built_in(job, step) || choose_node(job, step));
  if (!asks) {
    place(job, step);
    return true;
  }
  // With nothing, it asks for leave to start.
  const auto queued =
      enqueue(request_for(job, request_of(job.number, step), needs.value_or(resmgr::Needs{})));
  if (queued) {
    schedule_due_ = true;
    return true;
  }
  refuse(job, step, queued.error().message);
  return false;
}

void Core::refuse(Job& job, StepId step, const std::string& why) {
  job.step(step).more().reason = why;
  job.step(step).outcome = Outcome::kFailure;
  apply(job, step, StepInput::kRefused);
}

void Core::ask_for_job(Job& job) {
  const resmgr::RequestId id = is_between_nodes(job) ? move_of(job.number) : request_of(job.number);
  const auto queued = enqueue(request_for(job, id, needs_of(job, id)));
  schedule_due_ = true;
  if (queued) return;
  decide(job, Outcome::kFailure, queued.error().message, 0);
  advance(job);
}

Result<void> Core::enqueue(const resmgr::Request& request) {
  Result<void> queued = rm_.enqueue(request);
  const Wish wish{.avoid = request.avoid, .rather_not = request.rather_not};
  if (queued && wish) wishes_.insert_or_assign(request.id, wish);
  return queued;
}

void Core::withdraw(resmgr::RequestId id) {
  wishes_.erase(id);
  forget_refusal(id);
  if (rm_.withdraw(id)) schedule_due_ = true;
}

void Core::withdraw(Job& job, StepId step) {
  withdraw(request_of(job.number, step));
  node_waits_.erase({key_of(job), step});
}

void Core::withdraw_job(Job& job) {
  for (const resmgr::RequestId id : {request_of(job.number), move_of(job.number)}) withdraw(id);
}

// Starts a step that needs no grant, or that has to wait for a node first.
void Core::place(Job& job, StepId step) {
  if (is_built_in(job, step)) return start_built_in(job, step);
  const auto node = choose_node(job, step);
  if (node && !own_needs(job, step)) {
    start(job, step, {request_of(job.number, step), *node, {}});
  } else {
    wait_for_node(job, step);
  }
}

void Core::wait_for_node(Job& job, StepId step) {
  node_waits_.insert({key_of(job), step});
  note_refusal(job, {request_of(job.number, step), {Standing::Kind::kNodeState, ""}});
}

std::optional<NodeId> Core::choose_node(const Job& job, StepId step) const {
  const NodeId home = job.facts().node;
  const std::string& element = element_of(job, step);
  if (nodes_.is_connected(home)) return nodes_.may_start(home) ? std::optional(home) : std::nullopt;
  if (!job.is_cleanup(step)) {
    return home ? std::nullopt
                : nodes_.least_loaded(element, failed_on(job, request_of(job.number, step)));
  }
  const NodeId last = last_node(job);
  if (nodes_.is_connected(last)) return nodes_.may_start(last) ? std::optional(last) : std::nullopt;
  const auto open = nodes_.least_loaded(element);
  return open ? open : nodes_.any_that_may_start();
}

// A node came, or may start something again: what waits for one is asked for again.
void Core::retry_node_waits() {
  for (const NodeWait& wait : std::exchange(node_waits_, {})) {
    // An earlier one of these may have been refused and have ended the job or stopped this step.
    Job* job = jobs_.find(wait.job.number);
    if (job == nullptr || job->step(wait.step).state != StepState::kWaiting) continue;
    forget_refusal(request_of(job->number, wait.step));
    if (!ask(*job, wait.step)) flow_on(*job, {wait.step});
  }
}

void Core::on_grant(const resmgr::Grant& grant) {
  wishes_.erase(grant.id);
  forget_refusal(grant.id);
  Job* job = jobs_.find(grant.id.job);
  check(job != nullptr, "an ended job was granted something");
  if (grant.id == move_of(job->number)) return on_move(*job, grant);
  hold_share(*job, grant.id, 1);
  if (grant.id == request_of(job->number)) {
    JobRun& run = job->more();
    run.has_grant = true;
    run.node = grant.node;
    run.gpus = grant.gpus;
    run.others = others_of(grant, nodes_);
    start_job(*job);
    touch(*job);
    if (run.known_end) set_end(grant.id, run.known_end);
    go_on(*job);
    return;
  }
  const StepId step{grant.id.part - 1};
  if (!own_needs(*job, step)) {
    place(*job, step);
    rm_.release(grant.id);
    if (!job->started()) rm_.leave(kind_of(*job).fresh);  // its node went away
    schedule_due_ = true;
    return;
  }
  resmgr::Grant on = grant;
  if (!on.node) on.node = job->facts().node;
  if (nodes_.may_start(on.node)) {
    start(*job, step, on);
    if (job->facts().known_end) set_end(grant.id, job->facts().known_end);
    return;
  }
  // Named things for a step that its job's node may not start: others may have them until it may.
  give_back(*job, grant.id);
  wait_for_node(*job, step);
}

// What it held on and what it got become one grant again, as a job that never moved has it.
void Core::on_move(Job& job, const resmgr::Grant& grant) {
  const resmgr::RequestId id = request_of(job.number);
  rm_.release(grant.id);
  rm_.release(id);
  JobRun& run = job.more();
  run.node = grant.node;
  run.gpus = grant.gpus;
  run.others = others_of(grant, nodes_);
  rm_.restore(request_for(job, id, job_needs(job.what())),
              {id, grant.node, grant.gpus, grant.others});
  hold_share(job, id, 1);
  touch(job);
  if (run.known_end) set_end(id, run.known_end);
  go_on(job);
}

void Core::start_job(Job& job) {
  if (job.started()) return;
  jobs_.move_to_started(job);
  job.more().started = now_;
  touch(job);
  if (job.whole != nullptr) element_started(job);
  count_start(job);
  refresh_deadline(job);
  tell_of(job);
}

// On no node yet.
AttemptRow& Core::new_attempt(Job& job, StepId step) {
  std::vector<AttemptRow>& attempts = job.step(step).more().attempts;
  AttemptRow attempt;
  attempt.id = {job.number, step, Attempt{static_cast<std::uint32_t>(attempts.size()) + 1}};
  attempt.launched = true;
  attempt.started = now_;
  attempt.suspended_before = job.facts().suspended_for;
  attempt.round = round_of(job, step);
  attempts.push_back(std::move(attempt));
  job.step(step).attempt_touched = false;  // that was for the one before
  job.step(step).run->not_before = {};
  return attempts.back();
}

void Core::start(Job& job, StepId step, const resmgr::Grant& on) {
  start_job(job);
  AttemptRow& attempt = new_attempt(job, step);
  attempt.node = on.node;
  attempt.node_name = nodes_.find(on.node)->row.name;
  attempt.incarnation = nodes_.find(on.node)->row.incarnation;
  attempt.gpus = on.gpus;
  const auto own = own_needs(job, step);
  const bool in_job = (!own || !own->takes_from_node()) && on.node == job.facts().node;
  attempt.others = in_job ? job.facts().others : others_of(on, nodes_);
  attempt.fenced = is_fenced(job, step);
  nodes_.attach(on.node, attempt.id);
  apply(job, step, StepInput::kGranted);
  touch_attempt(job, step);
  refresh_deadline(job);
  if (auto launch = launch_of(job, step)) {
    attempt.output = launch->output;
    attempt.error = launch->error;
    emit(std::move(*launch));
  }
}

// Nothing where it cannot be sent to any node: the attempt ends with the turn, not in the middle of
// the flow that started it.
std::optional<Launch> Core::launch_of(const Job& job, StepId step) {
  const auto device = named_.find(step_of(job.what(), step).device);
  std::string command;
  if (device != named_.end()) command = device->second.resource.command;
  Result<Launch> launch = make_launch(job, step, own_needs(job, step), command);
  if (launch) return std::move(*launch);
  unsendable_.emplace_back(job.step(step).attempt()->id, launch.error().message);
  return std::nullopt;
}

}  // namespace jobq::sched
