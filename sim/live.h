// SPDX-License-Identifier: Apache-2.0
// What becomes of a live queue if nothing else is submitted: when each job that waits would start.
//
// Every job is taken to use up its time limit. One without a limit is taken to run as long as its
// class took of late, and where that is not known for an estimate, of which the core does not know:
// it keeps others from overtaking as it does live. Steps that run go on until the end of their
// job's time; of steps that have not started, those that wait for resources now are looked at, and
// take as long as their job. What is held or waits for anything but resources stays so, and what is
// on a lost node stays in doubt. Elements of arrays follow each other as live.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/time.h"
#include "controller/queue_copy.h"
#include "resmgr/resource_manager.h"

namespace jobq::sim {

// A copy of the queue at one moment, none of its jobs final, and the machine.
struct LiveQueue {
  Time now;
  std::vector<resmgr::NodeView> nodes;
  std::vector<resmgr::NamedResource> named;
  controller::QueueCopy copied;
};

// A job, or an element of an array, that has not started: when it would, if ever.
struct Foreseen {
  JobRef job;
  std::size_t place = 0;  // in the jobs of the copy; of an element its array's
  std::optional<Time> start;
};

// In queue order. The estimate is of jobs of which no other is known.
std::vector<Foreseen> foresee(const LiveQueue& queue, Millis estimate);

}  // namespace jobq::sim
