// SPDX-License-Identifier: Apache-2.0
// The loops of a spec's steps: what goes back with each, and which loops lie within which.
//
// A loop goes back to a step and begins anew with it and all that comes after it by conditions. Its
// way is what lies between: the steps that come after where it goes back to and before the step
// that has it, with both. Ways of two loops are apart, or one lies within the other; anything else
// is refused (check_spec.h), because neither could be said to be the other's inner one. A loop that
// goes back has those within it, and those behind it, count anew. None of these ever has the first
// count anew, so that every job comes to its end.
#pragma once

#include <cstddef>
#include <vector>

#include "base/ids.h"
#include "sched/spec.h"
#include "sched/step_graph.h"

namespace jobq::sched {

struct LoopPlan {
  StepId owner;                    // the step with `again`
  StepId to;                       // where it goes back to
  std::vector<StepId> steps;       // that go back: `to` and all that come after it; ascending
  std::vector<bool> goes_back;     // the same, by step
  std::vector<bool> is_on_way;     // by step
  std::vector<std::size_t> inner;  // the loops that count anew when it goes back
};

// In the order of their steps. `graph` has no circles; a loop back to a step that is not there is
// left out, and so is one back to a step that its own does not come after.
std::vector<LoopPlan> plan_loops(const JobSpec& spec, const StepGraph& graph);

// All of its way is on the other's, and they are not the same.
bool lies_within(const LoopPlan& loop, const LoopPlan& other);
bool are_apart(const LoopPlan& loop, const LoopPlan& other);

}  // namespace jobq::sched
