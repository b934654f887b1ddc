// SPDX-License-Identifier: Apache-2.0
// How conditions are looked up and evaluated.
#include "sched/flow.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/check.h"

namespace jobq::sched {
namespace {

bool has_conditions(const StepSpec& step) {
  return step.is_export || !step.after.empty() || !step.after_any.empty();
}

bool has_loop(const StepSpec& step) { return step.again.has_value(); }

Holds verdict(bool yes) { return yes ? Holds::kYes : Holds::kNever; }

// A condition on a step that has ended.
bool met(const Condition& condition, const StepFacts& facts) {
  switch (condition.on) {
    case Condition::On::kSuccess: return facts.state == StepState::kSucceeded;
    case Condition::On::kFailure: return facts.state == StepState::kFailed;
    case Condition::On::kCancel: return facts.state == StepState::kCancelled;
    case Condition::On::kEnded: return facts.state != StepState::kSkipped;
    case Condition::On::kEvent: return facts.event != nullptr && *facts.event == condition.value;
  }
  unreachable("condition out of range");
}

// All must hold: the worst of them counts.
Holds both(Holds a, Holds b) {
  if (a == Holds::kNever || b == Holds::kNever) return Holds::kNever;
  return a == Holds::kYes && b == Holds::kYes ? Holds::kYes : Holds::kOpen;
}

// One must hold: the best of them counts.
Holds either(Holds a, Holds b) {
  if (a == Holds::kYes || b == Holds::kYes) return Holds::kYes;
  return a == Holds::kNever && b == Holds::kNever ? Holds::kNever : Holds::kOpen;
}

const Condition& condition_at(const StepSpec& step, std::size_t at) {
  return at < step.after.size() ? step.after[at] : step.after_any[at - step.after.size()];
}

void sort_once(std::vector<StepId>& steps) {
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
}

}  // namespace

Holds holds(const Condition& condition, const StepFacts& facts) {
  return is_final(facts.state) ? verdict(met(condition, facts)) : Holds::kOpen;
}

Flow::Flow(const JobSpec& spec) {
  const bool loops = std::any_of(spec.steps.begin(), spec.steps.end(), has_loop);
  if (!loops && std::none_of(spec.steps.begin(), spec.steps.end(), has_conditions)) return;
  std::unordered_map<std::string_view, StepId> by_name;
  for (std::uint32_t i = 0; i < spec.steps.size(); ++i) by_name.emplace(spec.steps[i].name, i);
  links_.resize(step_count(spec));
  for (std::uint32_t i = 0; i < spec.steps.size(); ++i) {
    const StepSpec& step = spec.steps[i];
    for (std::size_t c = 0; c < step.after.size() + step.after_any.size(); ++c) {
      const StepId source = by_name.at(condition_at(step, c).step);
      links_[i].sources.push_back(source);
      links_[source.value].dependents.emplace_back(i);
    }
  }
  // An export looks at all steps before it; that each of them ended is enough to look again.
  for (std::uint32_t i = 1; i < spec.steps.size(); ++i) {
    if (!spec.steps[i].is_export) continue;
    const std::uint32_t first = spec.steps[i - 1].is_export ? i - 1 : 0;
    for (std::uint32_t s = first; s < i; ++s) links_[s].dependents.emplace_back(i);
  }
  for (Links& links : links_) sort_once(links.dependents);
  if (!loops) return;
  StepGraph graph(spec.steps.size());
  for (std::size_t i = 0; i < graph.size(); ++i) {
    for (const StepId source : links_[i].sources) graph[i].push_back(source.value);
  }
  loops_ = plan_loops(spec, graph);
}

bool Flow::is_in_loop(StepId step) const {
  return std::any_of(loops_.begin(), loops_.end(), [step](const LoopPlan& loop) {
    return step.value < loop.goes_back.size() && loop.goes_back[step.value];
  });
}

const std::vector<StepId>& Flow::dependents(StepId step) const {
  static const std::vector<StepId> kNone;
  return links_.empty() ? kNone : links_[step.value].dependents;
}

StepId Flow::source(StepId step, std::size_t condition) const {
  return links_.at(step.value).sources.at(condition);
}

Holds Flow::readiness(const JobSpec& spec, StepId step, const FactsOf& facts) const {
  const StepSpec& it = spec.steps[step.value];
  if (it.is_export) return readiness_of_export(spec, step, facts);
  Holds all = Holds::kYes;
  for (std::size_t c = 0; c < it.after.size() && all != Holds::kNever; ++c) {
    all = both(all, holds(it.after[c], facts(source(step, c))));
  }
  if (it.after_any.empty()) return all;
  Holds any = Holds::kNever;
  for (std::size_t c = 0; c < it.after_any.size() && any != Holds::kYes; ++c) {
    any = either(any, holds(it.after_any[c], facts(source(step, it.after.size() + c))));
  }
  return both(all, any);
}

Holds Flow::readiness_of_export(const JobSpec& spec, StepId step, const FactsOf& facts) const {
  const StepId before{step.value - 1};
  if (step.value > 0 && spec.steps[before.value].is_export) {
    const StepState state = facts(before).state;
    return is_final(state) ? verdict(state == StepState::kSucceeded) : Holds::kOpen;
  }
  Holds all = Holds::kYes;
  for (std::uint32_t i = 0; i < step.value; ++i) {
    const StepState state = facts(StepId{i}).state;
    const bool is_bad = state == StepState::kFailed || state == StepState::kCancelled;
    if (!is_final(state)) all = Holds::kOpen;
    if (is_bad && !is_handled(spec, StepId{i}, facts)) return Holds::kNever;
  }
  return all;
}

bool Flow::is_handled(const JobSpec& spec, StepId step, const FactsOf& facts) const {
  for (const StepId dependent : dependents(step)) {
    const StepSpec& it = spec.steps[dependent.value];
    for (std::size_t c = 0; c < it.after.size() + it.after_any.size(); ++c) {
      if (source(dependent, c) != step) continue;
      if (holds(condition_at(it, c), facts(step)) == Holds::kYes) return true;
    }
  }
  return false;
}

}  // namespace jobq::sched
