// SPDX-License-Identifier: Apache-2.0
// Nodes that stay away: their steps are in doubt.
//
// A step in doubt is settled when its node returns. Where the node has a lease, what is fenced has
// ended there once the lease has run out; the controller's clock says when that is certain, and
// then these count as lost. An order to end is not waited for any longer either, unless others
// would get a named resource that the step still holds where it may run on. All else stays in doubt
// until the node returns, somebody cancels it, or the node is forgotten.
#include <fmt/format.h>

#include <algorithm>

#include "sched/core.h"
#include "sched/launch.h"

namespace jobq::sched {

bool Core::is_given_up(NodeId node) const {
  const Node* known = nodes_.find(node);
  return known == nullptr || known->row.given_up;
}

std::vector<AwayNode> Core::nodes_away() const {
  std::vector<AwayNode> away;
  for (const auto& [id, node] : nodes_.all()) {
    if (!node.connected && !node.row.given_up) away.push_back({id, node.row.lease});
  }
  return away;
}

// Of a node that is given up: is nothing heard of the step's attempt any more that others need to
// wait for? On a node with a lease what holds something named is fenced; on one without, it may run
// on for ever, ordered to end or not.
bool Core::counts_as_lost(const Node& node, const Job& job, StepId id) const {
  if (node.row.lease.count > 0 && job.step(id).attempt()->fenced) return true;
  return job.step(id).state == StepState::kEnding && !holds_named(job, id);
}

void Core::on(NodeGivenUp& event) {
  Node* node = nodes_.find(event.node);
  if (node == nullptr || node->connected || node->row.given_up) return;
  node->row.given_up = true;
  changes_.add(event.node);
  const std::set<AttemptId> attempts = node->attempts;
  for (const AttemptId& id : attempts) {
    if (!node->attempts.contains(id)) continue;  // its job ended by another one
    if (!counts_as_lost(*node, *jobs_.find(id.job), id.step)) continue;
    settle_as_lost(*node, id, "it stayed away");
  }
  leave_all(event.node);
  renew_wishes();
}

namespace {

bool has_beside(const AttemptRow& attempt, NodeId node) {
  return std::ranges::find(attempt.others, node, &OtherNode::node) != attempt.others.end();
}

}  // namespace

void Core::settle_as_lost(const Node& node, const AttemptId& id, const std::string& why) {
  Job* job = jobs_.find(id.job);
  TaskEnd end;
  end.how = TaskEnd::How::kLost;
  end.reason = fmt::format("{}{}{}", node.row.name, why.empty() ? "" : ", ", why);
  settle(*job, id.step, end);
}

// What runs with the node beside its own ends; jobs of which nothing runs any more need not wait
// there.
void Core::leave_all(NodeId node) {
  for (const resmgr::RequestId id : rm_.has_beside(node)) {
    Job* job = jobs_.find(id.job);
    for (std::uint32_t i = 0; job != nullptr && i < job->steps.size(); ++i) {
      AttemptRow* attempt = job->steps[i].attempt();
      const bool runs = attempt != nullptr && !attempt->ended && has_beside(*attempt, node);
      if (!runs || attempt->lost_beside) continue;
      attempt->lost_beside = node;
      touch_attempt(*job, StepId{i});
      order<Kill>(*attempt);
    }
  }
  for (const JobNumber number : rm_.whole_jobs_on(node)) {
    Job* job = jobs_.find(number);
    if (job != nullptr && leave_lost_home(*job)) go_on(*job);
  }
}

}  // namespace jobq::sched
