// SPDX-License-Identifier: Apache-2.0
// The parts of a rank.
#include "sched/rank.h"

#include <fmt/format.h>

#include <algorithm>

#include "sched/elements.h"

namespace jobq::sched {
namespace {

// The processors that the job holds at its widest, as far as its spec says.
std::int64_t width_of(const JobSpec& spec) {
  std::int64_t of_steps = spec.needs.takes_from_node() ? 0 : 1;
  for (const StepSpec& step : spec.steps) {
    if (step.needs) of_steps = std::max(of_steps, all_cpus(*step.needs));
  }
  constexpr std::int64_t kWidest = 1'000'000;  // more counts no more
  return std::min(all_cpus(spec.needs) + of_steps, kWidest);
}

double points(std::int64_t rank) { return static_cast<double>(rank) / static_cast<double>(kPoint); }

std::string per(int count, const char* what) {
  return fmt::format("{} {} {}", count, count == 1 || count == -1 ? "point" : "points", what);
}

}  // namespace

std::int64_t rank_of(const Policy& policy, int priority, const JobSpec& spec, Time since) {
  const ElementPolicy* element = element_of(policy, spec);
  std::int64_t whole = priority + std::int64_t{policy.priority.size} * width_of(spec);
  if (element != nullptr) whole += element->points;
  return whole * kPoint - policy.priority.age * since.ms;
}

std::vector<PriorityTerm> terms_of(const Policy& policy, int priority, const JobSpec& spec,
                                   Time since, Time now) {
  const PriorityPolicy& rules = policy.priority;
  std::vector<PriorityTerm> terms;
  terms.push_back({"base", static_cast<double>(priority), "as it was submitted"});
  if (rules.age != 0) {
    const Millis age = std::max(now - since, Millis{0});
    const Millis shown = seconds(age.count / 1000);
    terms.push_back({"age", points(rules.age * age.count),
                     fmt::format("{}, for {}", per(rules.age, "a day"), format_duration(shown))});
  }
  if (rules.size != 0) {
    const std::int64_t width = width_of(spec);
    terms.push_back({"size", static_cast<double>(rules.size * width),
                     fmt::format("{}, for {}", per(rules.size, "a processor"), width)});
  }
  const ElementPolicy* element = element_of(policy, spec);
  if (element != nullptr && element->points != 0) {
    terms.push_back({"element", static_cast<double>(element->points), "of " + element->name});
  }
  return terms;
}

}  // namespace jobq::sched
