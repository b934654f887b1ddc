// SPDX-License-Identifier: Apache-2.0
// The faults of sections that are the same whatever is read.
#include "conf/section.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"

namespace jobq::conf {

void add_unknown_key(const Node& node, std::string_view label,
                     const std::vector<std::string_view>& known,
                     std::span<const std::string_view> later, FaultSink& faults) {
  if (std::find(later.begin(), later.end(), node.key) != later.end()) {
    faults.add(node.key_place,
               fmt::format("'{}' in {} is not supported yet by this version", node.key, label));
    return;
  }
  faults.add(node.key_place, fmt::format("unknown key '{}' in {}{}", node.key, label,
                                         did_you_mean(node.key, known)));
}

bool expect_table(const Node& node, std::string_view label, FaultSink& faults) {
  if (node.kind == Node::Kind::kTable) return true;
  faults.add(node.place, fmt::format("expected a table for {}, found {}", label, describe(node)));
  return false;
}

}  // namespace jobq::conf
