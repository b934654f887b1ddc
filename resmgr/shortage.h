// SPDX-License-Identifier: Apache-2.0
// What nodes have against what is needed, in words: the common ground of refusals and explanations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "resmgr/ledger.h"

namespace jobq::resmgr {

// What is free on the node; nothing where it holds more than it has.
Capacity free_of(const Ledger& ledger, const Node& node);

// One line of the needs against one node.
struct Line {
  std::string name;  // "cpus", "memory", "gpus" or a site's own
  std::uint64_t needed = 0;
  std::uint64_t present = 0;

  bool lacks() const { return present < needed; }
  std::uint64_t missing() const { return lacks() ? needed - present : 0; }
};
std::vector<Line> lines(const Needs& needs, const Capacity& present);

// "4 cpus", "8G memory", "1 gpu"
std::string amount_text(const Line& line);
// The number as users write it: "4", "8G".
std::string number_text(const Line& line, std::uint64_t number);

// Is `a` nearer to meeting the needs than `b`? By the number of lines that lack, then by how much.
bool nearer(const std::vector<Line>& a, const std::vector<Line>& b);

}  // namespace jobq::resmgr
