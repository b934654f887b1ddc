// SPDX-License-Identifier: Apache-2.0
// Gathering ends.
#include "resmgr/sweep.h"

#include <algorithm>

namespace jobq::resmgr {

Sweep::Sweep(const Ledger& ledger, const Group& group, Time now)
    : group_(&group),
      dimensions_(ledger.dimensions()),
      next_{now + Millis{1}, 0, nullptr},
      last_(ledger.nodes().size()) {}

bool Sweep::extend() {
  if (ended_) return false;
  const std::size_t from = steps_.size();
  ended_ = true;
  group_->ends.each_from(next_, [&](const NodeEnd& end) {
    if (steps_.size() == from + kBlock) {
      next_ = end;
      ended_ = false;
      return false;
    }
    if (end.holding->node->usable()) add_step(end);
    return true;
  });
  if (steps_.size() == from) return false;
  most_.insert(most_.end(), free_.end() - static_cast<std::ptrdiff_t>(dimensions_), free_.end());
  const auto most = most_.end() - static_cast<std::ptrdiff_t>(dimensions_);
  for (std::size_t i = from; i < steps_.size(); ++i) {
    const std::span<const Amount> free = row(free_, i);
    for (std::size_t d = 0; d < dimensions_; ++d) {
      Amount& known = most[static_cast<std::ptrdiff_t>(d)];
      known = std::max(known, free[d]);
    }
  }
  return true;
}

void Sweep::add_step(const NodeEnd& end) {
  const Node& node = *end.holding->node;
  std::uint32_t& last = last_[node.position];
  const std::size_t place = free_.size();
  free_.resize(place + dimensions_);
  for (std::size_t d = 0; d < dimensions_; ++d) {
    const Amount before = last == 0 ? at(node.free, d) : free_[(last - 1) * dimensions_ + d];
    free_[place + d] = before + at(end.holding->demand->node, d);
  }
  steps_.push_back({end.at, &node});
  last = static_cast<std::uint32_t>(steps_.size());
}

}  // namespace jobq::resmgr
