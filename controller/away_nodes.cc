// SPDX-License-Identifier: Apache-2.0
// Counting how long nodes are away.
#include "controller/away_nodes.h"

#include <algorithm>
#include <utility>

namespace jobq::controller {
Millis margin_of(Millis lease) { return std::max(Millis{lease.count / 4}, seconds(2)); }

std::vector<NodeId> AwayNodes::overdue(const std::vector<sched::AwayNode>& away,
                                       std::int64_t now_ns) {
  std::vector<NodeId> over;
  std::map<NodeId, std::int64_t> still_away;
  for (const auto& [node, promised] : away) {
    const Millis lease = promised.count > 0 ? promised : usual_lease_;
    const std::int64_t patience_ns = (lease + margin_(lease)).count * kNsPerMs;
    const auto known = since_ns_.find(node);
    const std::int64_t since_ns = known == since_ns_.end() ? now_ns : known->second;
    if (now_ns - since_ns < patience_ns) {
      still_away.emplace(node, since_ns);
    } else {
      over.push_back(node);
    }
  }
  since_ns_ = std::move(still_away);
  return over;
}

}  // namespace jobq::controller
