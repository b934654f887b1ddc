// SPDX-License-Identifier: Apache-2.0
// The nodes of a simulated cluster: they run what they are told to, for as long as it takes, and
// may fail.
//
// A launch takes effect after the cost of dispatching. A node that fails loses what runs on it, and
// says so only when it is back: until then nobody knows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sched/action.h"
#include "sched/event.h"
#include "sim/failures.h"
#include "sim/workload.h"

namespace jobq::sim {

struct Dispatch {
  std::int64_t cost_us = 0;  // of each start
  bool parallel = false;     // else one start goes out after the other
};

class VirtualNodes {
 public:
  VirtualNodes(const Machine& machine, const Dispatch& dispatch, const FailureModel& failures,
               std::size_t jobs, Time start);

  // The nodes' first words, in the order of their ids: the core counts them from 1 as they come.
  std::vector<sched::NodeJoined> joins() const;

  // The process begins at the time returned, and runs for `length` from there.
  Time launch(const sched::Launch& launch, Time now, Millis length);
  void kill(const sched::Kill& kill, Time now);

  // When something is to be reported next.
  std::optional<Time> next() const;
  // Hands over what is to be reported at `now`: ends first, then failures and returns.
  void report(Time now, const std::function<void(sched::Event)>& to);

  // When the node failed that the job ran on; none where it did not, or not meanwhile.
  std::optional<Time> lost_at(JobNumber job) const;

 private:
  struct End {
    Time at;
    AttemptId id;
    std::uint32_t node = 0;
    std::uint32_t life = 0;  // of the node; an end of an earlier life does not come any more
  };
  struct Later {  // those of one instant end in the order of their jobs
    bool operator()(const End& a, const End& b) const {
      return a.at != b.at ? a.at > b.at : a.id > b.id;
    }
  };
  struct Node {
    std::uint32_t life = 1;
    Time failed;
  };
  struct Place {
    std::uint32_t node = 0;
    std::uint32_t life = 0;
  };

  sched::NodeJoined joined(std::uint32_t node) const;
  Time dispatched(Time now);

  std::uint32_t cpus_per_node_;
  Dispatch dispatch_;
  std::int64_t dispatcher_free_us_ = 0;
  Failures failures_;
  std::vector<Node> nodes_;
  std::vector<Place> places_;  // by job number, from 1
  std::priority_queue<End, std::vector<End>, Later> ends_;
};

}  // namespace jobq::sim
