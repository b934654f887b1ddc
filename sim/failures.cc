// SPDX-License-Identifier: Apache-2.0
// Failures to come, the next one first.
#include "sim/failures.h"

#include <algorithm>
#include <cmath>

namespace jobq::sim {

Failures::Failures(const FailureModel& model, std::uint32_t nodes, Time start)
    : model_(model), random_(model.seed) {
  if (model.mtbf_s <= 0) return;
  for (std::uint32_t node = 0; node < nodes; ++node) plan_failure(node, start);
}

std::optional<Time> Failures::next() const {
  return changes_.empty() ? std::nullopt : std::optional(changes_.top().at);
}

Failures::Change Failures::take() {
  const Change change = changes_.top();
  changes_.pop();
  if (change.fails) {
    changes_.push({change.at + model_.repair, change.node, false});
  } else {
    plan_failure(change.node, change.at);
  }
  return change;
}

void Failures::plan_failure(std::uint32_t node, Time from) {
  constexpr double kLongestMs = 1e14;
  const double works_ms = -model_.mtbf_s * 1000 * portable_log(random_.unit());
  const std::int64_t ms = std::llround(std::min(works_ms, kLongestMs));
  changes_.push({from + Millis{std::max<std::int64_t>(ms, 1)}, node, true});
}

}  // namespace jobq::sim
