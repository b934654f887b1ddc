// SPDX-License-Identifier: Apache-2.0
// A live queue as the rows that the core recovers from, and as what the nodes then say.
//
// Each job becomes one with the steps that take something now, or would next: no conditions, no
// texts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sched/event.h"
#include "sched/rows.h"
#include "sim/live.h"

namespace jobq::sim {

struct LiveCopy {
  std::vector<sched::Row> rows;
  std::vector<sched::NodeJoined> joins;  // of nodes that are not lost

  // Attempts that run on these, by job; not those of jobs that are held.
  struct Running {
    AttemptId id;
    NodeId node;
  };
  std::vector<Running> running;
};

LiveCopy copy_of(const LiveQueue& queue);

}  // namespace jobq::sim
