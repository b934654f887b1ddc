// SPDX-License-Identifier: Apache-2.0
// The checks of needs against what the cluster is known to have.
#include "sched/feasible.h"

#include <fmt/format.h>

#include <algorithm>

namespace jobq::sched {
namespace {

resmgr::Needs node_part(const resmgr::Needs& needs) {
  resmgr::Needs part = needs;
  part.exclusive.clear();
  part.tokens.clear();
  return part;
}

resmgr::Needs sum(const resmgr::Needs& a, const resmgr::Needs& b) {
  resmgr::Needs total = a;
  total.cpus += b.cpus;
  total.memory.count += b.memory.count;
  total.gpus += b.gpus;
  total.counts.insert(total.counts.end(), b.counts.begin(), b.counts.end());
  total.features.insert(total.features.end(), b.features.begin(), b.features.end());
  total.exclusive.insert(total.exclusive.end(), b.exclusive.begin(), b.exclusive.end());
  total.tokens.insert(total.tokens.end(), b.tokens.begin(), b.tokens.end());
  resmgr::normalise(total);
  return total;
}

std::uint64_t amount_of(const std::vector<resmgr::Count>& counts, const std::string& name) {
  const auto it = std::find_if(counts.begin(), counts.end(),
                               [&](const resmgr::Count& c) { return c.name == name; });
  return it == counts.end() ? 0 : it->amount;
}

bool fits(const resmgr::Capacity& node, const resmgr::Needs& needs) {
  return resmgr::has_features(node, needs.features) && needs.cpus <= node.cpus &&
         needs.memory <= node.memory && needs.gpus <= node.gpus &&
         std::all_of(needs.counts.begin(), needs.counts.end(), [&](const resmgr::Count& c) {
           return c.amount <= amount_of(node.counts, c.name);
         });
}

// Job and step may be on nodes that have both, or on different ones: of those that are not large
// enough for both, each serves one of the two.
bool fit_together(const resmgr::ResourceManager& rm, const resmgr::Needs& job,
                  const resmgr::Needs& step) {
  const resmgr::Needs both = sum(job, step);
  const std::vector<resmgr::NodeView> nodes = rm.nodes();
  std::int64_t left_of_job = job.nodes;
  std::int64_t left_of_step = step.nodes;
  std::int64_t of_either = 0;
  for (const resmgr::NodeView& node : nodes) {
    const bool takes_job = rm.is_of(node.id, job.element) && fits(node.total, job);
    const bool takes_step = rm.is_of(node.id, step.element) && fits(node.total, step);
    const bool takes_both = takes_job && takes_step && fits(node.total, both);
    if (takes_both || (takes_job && !takes_step)) --left_of_job;
    if (takes_both || (takes_step && !takes_job)) --left_of_step;
    if (takes_job && takes_step && !takes_both) ++of_either;
  }
  const std::int64_t left =
      std::max<std::int64_t>(left_of_job, 0) + std::max<std::int64_t>(left_of_step, 0);
  return nodes.empty() || left <= of_either;
}

Result<void> step_feasible(const resmgr::ResourceManager& rm, const JobSpec& spec,
                           const resmgr::Needs& needs) {
  resmgr::Needs with_named = needs;
  with_named.exclusive = spec.needs.exclusive;
  with_named.tokens = spec.needs.tokens;
  resmgr::Needs named = needs;
  named.cpus = 0;
  named.memory = {};
  named.gpus = 0;
  named.counts.clear();
  named.features.clear();
  with_named = sum(with_named, named);
  with_named.element = needs.element;  // it must be known also where nothing is taken from a node
  if (auto possible = rm.feasible(with_named); !possible) return possible;
  if (!spec.needs.takes_from_node() || !needs.takes_from_node()) return {};
  if (fit_together(rm, node_part(spec.needs), node_part(needs))) return {};
  return fail(
      ErrorCode::kRefused,
      fmt::format("{} on top of the job's {} is more than the cluster has; ask for less, "
                  "or leave the step's needs out to run it in the job's",
                  resmgr::to_string(node_part(needs)), resmgr::to_string(node_part(spec.needs))));
}

}  // namespace

Result<void> feasible(const resmgr::ResourceManager& rm, const JobSpec& spec) {
  if (auto possible = rm.feasible(spec.needs); !possible) return possible;
  for (const StepSpec& step : spec.steps) {
    auto possible = step_feasible(rm, spec, asked_by(spec, step));
    if (possible) continue;
    if (spec.steps.size() == 1) return possible;
    return fail(possible.error().code,
                fmt::format("step {}: {}", step.name, possible.error().message));
  }
  return {};
}

}  // namespace jobq::sched
