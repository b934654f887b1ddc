// SPDX-License-Identifier: Apache-2.0
// The needs of jobs and steps as they are asked for.
#include "sched/asked.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace jobq::sched {
namespace {

constexpr std::size_t kShownSteps = 5;

}  // namespace

resmgr::Needs asked_by(const JobSpec& spec, const StepSpec& step) {
  const bool job_has_node = spec.needs.takes_from_node();
  resmgr::Needs needs = step.needs.value_or(resmgr::Needs{});
  const bool takes_nothing = step.needs ? needs.empty() : job_has_node;
  if (!takes_nothing && !needs.takes_from_node() && !job_has_node) needs.cpus = 1;
  if (needs.element.empty()) needs.element = spec.needs.element;
  return needs;
}

std::string asked_text(const JobSpec& spec) {
  if (spec.needs.takes_from_node() || spec.steps.empty()) return resmgr::to_string(spec.needs);
  std::vector<std::string> parts;
  for (const StepSpec& step : spec.steps) {
    parts.push_back(resmgr::to_string(asked_by(spec, step)));
  }
  const bool same = std::ranges::count(parts, parts.front()) == std::ssize(parts);
  std::string text = parts.front();
  if (same && parts.size() > 1) text += " for each step";
  if (!same) {
    const std::size_t shown = std::min(parts.size(), kShownSteps);
    for (std::size_t i = 0; i < shown; ++i) parts[i] = spec.steps[i].name + ": " + parts[i];
    const std::size_t more = parts.size() - shown;
    parts.resize(shown);
    text = fmt::format("{}{}", fmt::join(parts, "; "),
                       more == 0 ? "" : fmt::format("; and {} more", more));
  }
  if (spec.needs.empty()) return text;
  return fmt::format("{}; {}", resmgr::to_string(spec.needs), text);
}

}  // namespace jobq::sched
