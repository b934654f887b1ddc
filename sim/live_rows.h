// SPDX-License-Identifier: Apache-2.0
// A live queue as the rows that the core recovers from, and as what the nodes then say.
//
// Each job becomes one with the steps that take something now, or would next: no conditions, no
// texts. The rest of an array becomes an array whose indexes are counted anew, and running elements
// get numbers that nobody has.
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
  std::vector<sched::NodeJoined> joins;       // of nodes that are not lost
  std::vector<sched::NodeServices> services;  // of these

  // Attempts that run on these, by job; not those of jobs that are held.
  struct Running {
    AttemptId id;
    NodeId node;
  };
  std::vector<Running> running;

  // Under which each job of the queue is in the rows.
  std::vector<JobNumber> numbers;
};

// The elements that an array stands for, by the index that each has in the copy.
std::vector<sched::Index> elements_of(const sched::ArrayRest& rest);

LiveCopy copy_of(const LiveQueue& queue);

}  // namespace jobq::sim
