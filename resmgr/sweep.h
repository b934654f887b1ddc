// SPDX-License-Identifier: Apache-2.0
// What will be free on the nodes of a group by the known ends of what is held, in order of time.
//
// One pass asks this for many requests: so the ends are gathered once, as far as somebody needs to
// look, and blocks in which nobody has enough are skipped.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "resmgr/ledger.h"

namespace jobq::resmgr {

class Sweep {
 public:
  // The ends after now. Grants and releases on a node make what is said of it wrong.
  Sweep(const Ledger& ledger, const Group& group, Time now);

  // At `at`, the node has room for the needs that were asked about.
  struct Step {
    Time at;
    const Node* node = nullptr;
  };
  // Calls `each` with every step that has room, in order of time, until it returns false, or until
  // `last()` is past. A node is named again by each later end. Counts what it looks at in glances.
  template <class Last, class Each>
  void each_with_room(std::span<const Amount> needs, std::uint64_t& glances, const Last& last,
                      const Each& each);

 private:
  static constexpr std::size_t kBlock = 32;  // steps

  bool extend();  // by a block; false at the last end
  void add_step(const NodeEnd& end);
  std::span<const Amount> row(const std::vector<Amount>& rows, std::size_t i) const {
    return {rows.data() + i * dimensions_, dimensions_};
  }

  const Group* group_;
  std::size_t dimensions_;
  NodeEnd next_;  // ends before it are gathered
  bool ended_ = false;
  std::vector<Step> steps_;
  std::vector<Amount> free_;         // a row for each step
  std::vector<Amount> most_;         // a row for each block: the most of each dimension
  std::vector<std::uint32_t> last_;  // by Node::position: its last step, counted from 1
};

template <class Last, class Each>
void Sweep::each_with_room(std::span<const Amount> needs, std::uint64_t& glances, const Last& last,
                           const Each& each) {
  for (std::size_t block = 0;; ++block) {
    const std::size_t from = block * kBlock;
    if (from >= steps_.size() && !extend()) return;
    ++glances;
    if (steps_[from].at > last()) return;
    if (!fits(needs, row(most_, block))) continue;
    for (std::size_t i = from; i < steps_.size() && i < from + kBlock; ++i) {
      if (steps_[i].at > last()) return;
      if (fits(needs, row(free_, i)) && !each(steps_[i])) return;
    }
  }
}

}  // namespace jobq::resmgr
