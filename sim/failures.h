// SPDX-License-Identifier: Apache-2.0
// Nodes that fail and are repaired. Each works for a time of exponential distribution, is away for
// the time of a repair, and comes back without memory of what ran on it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "base/time.h"
#include "sim/random.h"

namespace jobq::sim {

struct FailureModel {
  double mtbf_s = 0;  // mean time between failures of one node; 0: none fails
  Millis repair;
  std::uint64_t seed = 1;
};

class Failures {
 public:
  // Nodes count from 0. All work at `start`.
  Failures(const FailureModel& model, std::uint32_t nodes, Time start);

  struct Change {
    Time at;
    std::uint32_t node = 0;
    bool fails = true;  // else it comes back
  };
  std::optional<Time> next() const;
  Change take();  // the next one; there is one

 private:
  struct Later {
    bool operator()(const Change& a, const Change& b) const {
      return a.at != b.at ? a.at > b.at : a.node > b.node;
    }
  };
  void plan_failure(std::uint32_t node, Time from);

  FailureModel model_;
  Random random_;
  std::priority_queue<Change, std::vector<Change>, Later> changes_;
};

}  // namespace jobq::sim
