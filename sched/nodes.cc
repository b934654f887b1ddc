// SPDX-License-Identifier: Apache-2.0
// Nodes that come, go and report.
//
// What a node reports of an attempt that is not current changes nothing, and it is told to end and
// forget it. An attempt is launched again under its number only when the node, remembering
// everything since the launch, does not know it; else its fate is unknown, and it counts as lost.
//
// What is to end takes its time, and what it takes up is held by nobody any more. So a node that
// joins with such attempts starts nothing new before it has told the end of each.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/plant.h"
#include "sched/core.h"
#include "sched/elements.h"
#include "sched/launch.h"

namespace jobq::sched {
namespace {

bool is_active(StepState state) {
  return state == StepState::kStarting || state == StepState::kRunning ||
         state == StepState::kEnding;
}

// While attempts of ours are there, the longer of the two, and none is longer than any: what tells
// the node of the new lease may not get there.
Millis lease_to_wait_for(const Node& node) {
  const Millis before = node.row.lease;
  if (node.attempts.empty()) return node.promised;
  return before.count == 0 || node.promised.count == 0 ? Millis{} : std::max(before, node.promised);
}

}  // namespace

Node& Core::node_named(const std::string& name) {
  if (Node* known = nodes_.find(name)) return *known;
  Node& node = nodes_.add(NodeId{static_cast<std::uint32_t>(next(Counter::kNode))}, name);
  node.elements = elements_of_node(policy_, name);
  return node;
}

void Core::on(NodeJoined& event) {
  Node& node = node_named(event.name);
  node.row.incarnation = event.incarnation;
  node.row.capacity = event.capacity;
  node.row.last_joined = now_;
  node.promised = event.lease;
  node.row.forgotten = false;
  node.lost_reason.clear();
  node.row.given_up = false;
  changes_.add(node.row.id);
  emit(Welcome{event.name, node.row.id, event.link});
  rm_.set_node(node.row.id, event.name, event.capacity, node.elements);
  rm_.set_draining(node.row.id, node.row.draining);
  rm_.set_services(node.row.id, {});
  rm_.set_connected(node.row.id, true);
  nodes_.connect(node, true);
  schedule_due_ = true;
  reconcile(node, event);
  node.row.lease = lease_to_wait_for(node);
  refresh_deadlines(node);
  retry_node_waits();
  renew_wishes();
}

void Core::reconcile(Node& node, const NodeJoined& event) {
  std::map<AttemptId, bool> listed;  // and whether it runs
  for (const NodeJoined::Known& known : event.attempts) listed.emplace(known.id, known.running);
  const std::set<AttemptId> ours = node.attempts;
  std::set<AttemptId> strangers;
  for (const auto& [id, running] : listed) {
    if (!running || ours.contains(id)) continue;
    emit(Kill{node.row.id, id});
    strangers.insert(id);
  }
  nodes_.set_strangers(node, std::move(strangers));
  rm_.set_clearing(node.row.id, !node.strangers.empty());
  for (const AttemptId& id : ours) {
    Job& job = *jobs_.find(id.job);
    const auto it = listed.find(id);
    if (it == listed.end()) {
      not_found(node, job, id.step);
    } else if (it->second) {
      found_again(job, id.step);
    }
    // One that is listed as ended reports its end next.
  }
}

// One that was still on its way to the keeper when the node joined.
void Core::end_stranger(NodeId id, const AttemptId& attempt) {
  emit(Kill{id, attempt});
  Node* const node = nodes_.find(id);
  if (node == nullptr || !node->connected) return;
  std::set<AttemptId> strangers = node->strangers;
  strangers.insert(attempt);
  nodes_.set_strangers(*node, std::move(strangers));
  rm_.set_clearing(id, true);
}

void Core::stranger_ended(Node& node, const AttemptId& id) {
  if (!nodes_.erase_stranger(node, id)) return;
  rm_.set_clearing(node.row.id, false);
  schedule_due_ = true;
  retry_node_waits();
}

// A node speaks of attempts only after it was welcomed, and has passed on its lease before.
void Core::has_heard_welcome(NodeId id) {
  Node* const node = nodes_.find(id);
  if (node == nullptr || !node->connected || node->row.lease == node->promised) return;
  node->row.lease = node->promised;
  changes_.add(id);
}

void Core::found_again(Job& job, StepId id) {
  apply(job, id, StepInput::kStarted);
  send_standing(job, id);
}

// What stands about a running attempt is said again: the node may have missed it.
void Core::send_standing(const Job& job, StepId id) {
  const Step& step = job.step(id);
  if (step.state == StepState::kEnding || step.attempt()->lost_beside) {
    order<Kill>(*step.attempt());
  } else if (job.held) {
    order<Suspend>(*step.attempt());
  } else {
    order<Resume>(*step.attempt());
  }
}

void Core::not_found(Node& node, Job& job, StepId id) {
  const Step& step = job.step(id);
  const bool remembers =
      step.attempt()->incarnation == node.row.incarnation || JOBQ_PLANT(launch_again_after_reboot);
  TaskEnd end;
  if (remembers && step.state == StepState::kStarting) {
    apply(job, id, StepInput::kRelaunched);
    note(job, "launched again",
         fmt::format("step {}: {} never got it", step_of(job.what(), id).name, node.row.name));
    if (auto launch = launch_of(job, id)) emit(std::move(*launch));
    if (job.held) order<Suspend>(*step.attempt());
    return;
  }
  if (remembers && step.state == StepState::kEnding) {
    end.how = TaskEnd::How::kNotStarted;
    end.reason = "it never got to the node";
  } else {
    end.how = TaskEnd::How::kLost;
    end.reason = remembers ? fmt::format("{} does not know the step any more", node.row.name)
                           : fmt::format("{} was restarted", node.row.name);
  }
  settle(job, id, end);
}

// As in ask(): nothing is kept in reach for those of its steps that take named things alone.
void Core::wait_for_home(Job& job) {
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    if (job.steps[i].state != StepState::kWaiting) continue;
    const auto needs = own_needs(job, StepId{i});
    if (!needs || needs->takes_from_node()) continue;
    withdraw(job, StepId{i});
    place(job, StepId{i});
  }
}

void Core::on(NodeLost& event) {
  Node* node = nodes_.find(event.node);
  if (node == nullptr || !node->connected) return;
  node->lost_reason = event.reason;
  nodes_.connect(*node, false);
  rm_.set_connected(event.node, false);
  rm_.set_services(event.node, {});
  schedule_due_ = true;
  for (const JobNumber number : rm_.whole_jobs_on(event.node)) wait_for_home(*jobs_.find(number));
  refresh_deadlines(*node);
  renew_wishes();
  if (JOBQ_PLANT(silent_node_counts_as_dead)) {
    const std::set<AttemptId> attempts = node->attempts;
    for (const AttemptId& id : attempts) not_found(*node, *jobs_.find(id.job), id.step);
  }
}

// What waits for a service may start where it came, and must not keep room where it went.
void Core::on(NodeServices& event) {
  const Node* node = nodes_.find(event.node);
  if (node == nullptr || !node->connected) return;
  rm_.set_services(event.node, std::move(event.types));
  schedule_due_ = true;
  renew_wishes();
}

// The job whose step has this attempt now, on this node; nothing where it has ended or never was.
Job* Core::current(NodeId node, const AttemptId& id) {
  const Node* known = nodes_.find(node);
  if (known == nullptr || !known->attempts.contains(id)) return nullptr;
  Job* job = jobs_.find(id.job);
  check(job != nullptr && is_active(job->step(id.step).state), "an ended attempt is on a node");
  return job;
}

void Core::on(TaskStarted& event) {
  has_heard_welcome(event.node);
  Job* job = current(event.node, event.id);
  if (job == nullptr) return end_stranger(event.node, event.id);
  apply(*job, event.id.step, StepInput::kStarted);
  if (job->what().warning) refresh_deadline(*job);  // its end was known before
  const Step& step = job->step(event.id.step);
  // The hold may have overtaken the start. What is to end is left awake.
  if (job->held && step.state == StepState::kRunning) order<Suspend>(*step.attempt());
}

namespace {

// Of one that was told to end because a node that it had beside its own was lost: unless it came to
// a good end before.
TaskEnd as_lost(TaskEnd end, const AttemptRow& attempt) {
  const bool is_good = end.how == TaskEnd::How::kExited && end.exit_code == 0;
  if (!attempt.lost_beside || is_good || end.reported != Outcome::kNone) return end;
  const auto lost = std::ranges::find(attempt.others, attempt.lost_beside, &OtherNode::node);
  end.how = TaskEnd::How::kLost;
  end.reason =
      fmt::format("{}, which it had beside {}, stayed away", lost->name, attempt.node_name);
  return end;
}

}  // namespace

void Core::on(TaskComplete& event) {
  has_heard_welcome(event.node);
  if (Job* job = current(event.node, event.id)) {
    settle(*job, event.id.step, as_lost(event.end, *job->step(event.id.step).attempt()));
  } else if (Node* node = nodes_.find(event.node)) {
    stranger_ended(*node, event.id);
  }
  emit(Forget{event.node, event.id});
}

}  // namespace jobq::sched
