// SPDX-License-Identifier: Apache-2.0
// Which of the nodes that stay away are to be given up now: those that have been away for longer
// than their lease and its margin.
//
// A node is counted from the first beat at which it was away, and never from before its last
// welcome, so never too early: no heartbeat of it was answered since. Each node goes by the lease
// that it was promised itself, which may be of another length than what is promised today. One
// without a lease is counted as well, by the usual one: what was ordered to end is not waited for
// any longer. Points in time are of a clock that nobody sets.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sched/view.h"

namespace jobq::controller {

// The lease runs out on the node, which has then to end what is fenced; and clocks do not run
// alike.
Millis margin_of(Millis lease);

class AwayNodes {
 public:
  using Margin = Millis (*)(Millis lease);
  explicit AwayNodes(Millis usual_lease, Margin margin = margin_of)
      : usual_lease_(usual_lease), margin_(margin) {}

  // At a beat, with all nodes that are away. Those that are given up are counted anew where they
  // are named again.
  std::vector<NodeId> overdue(const std::vector<sched::AwayNode>& away, std::int64_t now_ns);
  // It has a new lease from now on.
  void welcomed(NodeId node) { since_ns_.erase(node); }

 private:
  Millis usual_lease_;
  Margin margin_;
  std::map<NodeId, std::int64_t> since_ns_;  // when a beat found them away first
};

}  // namespace jobq::controller
