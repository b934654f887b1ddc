// SPDX-License-Identifier: Apache-2.0
// Normal form, text and names of needs.
#include "resmgr/needs.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace jobq::resmgr {
namespace {

constexpr std::size_t kMaxName = 64;

std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return a > most - b ? most : a + b;
}

// A count of nothing asks for nothing: it is dropped, so that equal needs compare equal.
void normalise(std::vector<Count>& counts) {
  std::ranges::stable_sort(counts, {}, &Count::name);
  std::vector<Count> joined;
  for (Count& count : counts) {
    if (count.amount == 0) continue;
    if (!joined.empty() && joined.back().name == count.name) {
      joined.back().amount = saturating_sum(joined.back().amount, count.amount);
    } else {
      joined.push_back(std::move(count));
    }
  }
  counts = std::move(joined);
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string counted(std::uint64_t amount, std::string_view one) {
  return fmt::format("{} {}{}", amount, one, amount == 1 ? "" : "s");
}

}  // namespace

void normalise(Needs& needs) {
  normalise(needs.counts);
  normalise(needs.tokens);
  std::ranges::sort(needs.exclusive);
  needs.exclusive.erase(std::unique(needs.exclusive.begin(), needs.exclusive.end()),
                        needs.exclusive.end());
  needs.nodes = std::max(needs.nodes, 1U);
  std::ranges::sort(needs.features);
  needs.features.erase(std::unique(needs.features.begin(), needs.features.end()),
                       needs.features.end());
  const bool wants_node =
      !needs.service.empty() || !needs.features.empty() || needs.takes_several_nodes();
  if (wants_node && !needs.takes_from_node()) needs.cpus = 1;
  if (!needs.takes_from_node()) needs.element.clear();
}

Needs of_node(Needs needs) {
  needs.exclusive.clear();
  needs.tokens.clear();
  return needs;
}

Needs of_cluster(Needs needs) {
  Needs named;
  named.exclusive = std::move(needs.exclusive);
  named.tokens = std::move(needs.tokens);
  return named;
}

std::string to_string(const Needs& needs) {
  std::vector<std::string> parts;
  if (needs.cpus) parts.push_back(counted(needs.cpus, "cpu"));
  if (needs.memory.count) parts.push_back(format_bytes(needs.memory) + " memory");
  if (needs.gpus) parts.push_back(counted(needs.gpus, "gpu"));
  for (const Count& c : needs.counts) parts.push_back(fmt::format("{} {}", c.amount, c.name));
  if (!parts.empty() && !needs.element.empty()) parts.back() += " of element " + needs.element;
  if (!needs.service.empty()) parts.push_back("service " + needs.service);
  if (!needs.features.empty()) parts.push_back(features_text(needs.features));
  if (!parts.empty() && needs.takes_several_nodes()) {
    parts.back() += fmt::format(" on each of {} nodes", needs.nodes);
  }
  for (const std::string& name : needs.exclusive) parts.push_back("exclusive " + name);
  for (const Count& c : needs.tokens) parts.push_back(fmt::format("{} of {}", c.amount, c.name));
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, ", "));
}

bool has_features(const Capacity& node, const std::vector<std::string>& wanted) {
  return std::ranges::includes(node.features, wanted);
}

std::string features_text(const std::vector<std::string>& features) {
  return fmt::format("feature{} {}", features.size() == 1 ? "" : "s", fmt::join(features, " and "));
}

bool valid_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || !is_letter_or_digit(name.front())) return false;
  return std::ranges::all_of(
      name, [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace jobq::resmgr
