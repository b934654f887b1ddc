// SPDX-License-Identifier: Apache-2.0
// The flow of a spec's steps: conditions by position instead of by name, and who waits for whom.
//
// Made once for each spec; answers about one job are given from its steps' states and event values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "sched/loops.h"
#include "sched/spec.h"
#include "sched/state.h"

namespace jobq::sched {

// What a condition, or all conditions of a step, come to so far.
enum class Holds : std::uint8_t { kOpen, kYes, kNever };

// What a condition looks at.
struct StepFacts {
  StepState state = StepState::kPending;
  const std::string* event = nullptr;  // none: no value
};
using FactsOf = std::function<StepFacts(StepId)>;

Holds holds(const Condition& condition, const StepFacts& facts);

class Flow {
 public:
  Flow() = default;
  explicit Flow(const JobSpec& spec);

  // The steps that have a condition on this one, ascending, each once.
  const std::vector<StepId>& dependents(StepId step) const;
  // The step that a condition (by its position in after, then after_any) names.
  StepId source(StepId step, std::size_t condition) const;

  // Of an export, which has no conditions: that all other steps have ended well, and the export
  // before it.
  Holds readiness(const JobSpec& spec, StepId step, const FactsOf& facts) const;

  // In the order of the steps that have them.
  const std::vector<LoopPlan>& loops() const { return loops_; }
  bool is_in_loop(StepId step) const;

  // A failure or cancel is handled if another step's condition names it, also when that step has
  // other conditions that do not hold.
  bool is_handled(const JobSpec& spec, StepId step, const FactsOf& facts) const;

 private:
  Holds readiness_of_export(const JobSpec& spec, StepId step, const FactsOf& facts) const;

  struct Links {
    std::vector<StepId> sources;  // of after, then of after_any
    std::vector<StepId> dependents;
  };
  std::vector<Links> links_;  // empty where no step has a condition or a loop
  std::vector<LoopPlan> loops_;
};

}  // namespace jobq::sched
