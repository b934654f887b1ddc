// SPDX-License-Identifier: Apache-2.0
// Looking elements up.
#include "sched/elements.h"

#include <algorithm>

namespace jobq::sched {

const ElementPolicy* element_of(const Policy& policy, const JobSpec& spec) {
  return spec.needs.element.empty() ? nullptr : find_element(policy, spec.needs.element);
}

const ElementPolicy* find_element(const Policy& policy, const std::string& name) {
  const auto found = std::ranges::lower_bound(policy.elements, name, {}, &ElementPolicy::name);
  const bool known = found != policy.elements.end() && found->name == name;
  return known ? &*found : nullptr;
}

std::vector<std::string> elements_of_node(const Policy& policy, const std::string& node) {
  std::vector<std::string> names;
  for (const ElementPolicy& element : policy.elements) {
    const bool belongs = std::ranges::any_of(
        element.nodes, [&](const std::string& pattern) { return matches(pattern, node); });
    if (belongs) names.push_back(element.name);
  }
  return names;
}

// Each part between stars is found as early as it can be, which leaves most for those behind it;
// the first and the last stand at the ends.
bool matches(std::string_view pattern, std::string_view name) {
  const std::size_t first = pattern.find('*');
  if (first == std::string_view::npos) return pattern == name;
  if (!name.starts_with(pattern.substr(0, first))) return false;
  name.remove_prefix(first);
  pattern.remove_prefix(first + 1);
  while (true) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return name.ends_with(pattern);
    const std::size_t at = name.find(pattern.substr(0, star));
    if (at == std::string_view::npos) return false;
    name.remove_prefix(at + star);
    pattern.remove_prefix(star + 1);
  }
}

}  // namespace jobq::sched
