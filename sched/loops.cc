// SPDX-License-Identifier: Apache-2.0
// What is reached from where, for each loop.
#include "sched/loops.h"

#include <string_view>
#include <unordered_map>

namespace jobq::sched {
namespace {

std::vector<bool> reached_from(StepId first, const StepGraph& next) {
  std::vector<bool> reached(next.size());
  std::vector<std::uint32_t> open{first.value};
  reached[first.value] = true;
  while (!open.empty()) {
    const std::uint32_t step = open.back();
    open.pop_back();
    for (const std::uint32_t follower : next[step]) {
      if (reached[follower]) continue;
      reached[follower] = true;
      open.push_back(follower);
    }
  }
  return reached;
}

StepGraph turned_round(const StepGraph& graph) {
  StepGraph turned(graph.size());
  for (std::uint32_t step = 0; step < graph.size(); ++step) {
    for (const std::uint32_t before : graph[step]) turned[before].push_back(step);
  }
  return turned;
}

LoopPlan plan_of(StepId owner, StepId to, const StepGraph& before, const StepGraph& after) {
  LoopPlan plan;
  plan.owner = owner;
  plan.to = to;
  plan.goes_back = reached_from(to, after);
  const std::vector<bool> leads_here = reached_from(owner, before);
  plan.is_on_way.resize(before.size());
  for (std::uint32_t i = 0; i < before.size(); ++i) {
    if (plan.goes_back[i]) plan.steps.emplace_back(i);
    plan.is_on_way[i] = plan.goes_back[i] && leads_here[i];
  }
  return plan;
}

}  // namespace

bool lies_within(const LoopPlan& loop, const LoopPlan& other) {
  for (const StepId step : loop.steps) {
    if (loop.is_on_way[step.value] && !other.is_on_way[step.value]) return false;
  }
  return loop.is_on_way != other.is_on_way;
}

bool are_apart(const LoopPlan& loop, const LoopPlan& other) {
  for (const StepId step : loop.steps) {
    if (loop.is_on_way[step.value] && other.is_on_way[step.value]) return false;
  }
  return true;
}

std::vector<LoopPlan> plan_loops(const JobSpec& spec, const StepGraph& graph) {
  std::vector<LoopPlan> plans;
  std::unordered_map<std::string_view, std::uint32_t> by_name;
  for (std::uint32_t i = 0; i < spec.steps.size(); ++i) by_name.emplace(spec.steps[i].name, i);
  const StepGraph after = turned_round(graph);
  for (std::uint32_t i = 0; i < spec.steps.size(); ++i) {
    if (!spec.steps[i].again) continue;
    const auto to = by_name.find(spec.steps[i].again->to);
    if (to == by_name.end()) continue;
    LoopPlan plan = plan_of(StepId{i}, StepId{to->second}, graph, after);
    if (plan.goes_back[i]) plans.push_back(std::move(plan));
  }
  for (LoopPlan& plan : plans) {
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const LoopPlan& other = plans[i];
      const bool begins_anew = &other != &plan && plan.goes_back[other.to.value];
      if (begins_anew && !lies_within(plan, other)) plan.inner.push_back(i);
    }
  }
  return plans;
}

}  // namespace jobq::sched
