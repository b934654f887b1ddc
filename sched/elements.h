// SPDX-License-Identifier: Apache-2.0
// Elements of the cluster: named groups of nodes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sched/policy.h"
#include "sched/spec.h"

namespace jobq::sched {

// What the policy says of the element that the spec names; null where it names none, or one that
// the policy does not know.
const ElementPolicy* element_of(const Policy& policy, const JobSpec& spec);
// Null where the policy does not know the name.
const ElementPolicy* find_element(const Policy& policy, const std::string& name);

// The elements that a node of this name belongs to, by name.
std::vector<std::string> elements_of_node(const Policy& policy, const std::string& node);

// Is the name as the pattern says, in which '*' stands for any letters, or none?
bool matches(std::string_view pattern, std::string_view name);

}  // namespace jobq::sched
