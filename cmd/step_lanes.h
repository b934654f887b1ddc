// SPDX-License-Identifier: Apache-2.0
// The drawing of steps that come after one another: a row for each, lines between them.
//
// A step stands in a lane, and its lane goes on down to the last step that comes after it; others
// branch off on the way. Steps stand in an order in which they could run, each as near as may be to
// what it comes after.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace jobq::cmd {

struct DrawnRow {
  std::string before;               // of the step's mark, or the whole line
  std::string after;                // of the mark
  std::optional<std::size_t> step;  // none: lines alone
  std::size_t columns = 0;          // the mark is one of them
};

// sources[i]: the steps that step i comes after; no circles. Nothing where that takes more lanes.
std::optional<std::vector<DrawnRow>> draw(const std::vector<std::vector<std::size_t>>& sources,
                                          std::size_t most_lanes, bool unicode);

// The same order, without a drawing.
std::vector<std::size_t> running_order(const std::vector<std::vector<std::size_t>>& sources);

}  // namespace jobq::cmd
