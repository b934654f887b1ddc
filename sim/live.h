// SPDX-License-Identifier: Apache-2.0
// What becomes of a live queue if nothing else is submitted: when each job that waits would start.
//
// Every job is taken to use up its time limit. A job without one is taken to run for an estimate;
// the core does not know that, and keeps others from overtaking as it does live. Steps that run go
// on until the end of their job's time; of steps that have not started, those that wait for
// resources now are looked at, and take as long as their job. What is held or waits for anything
// but resources stays so, and what is on a lost node stays in doubt.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "resmgr/resource_manager.h"
#include "sched/policy.h"
#include "sched/view.h"

namespace jobq::sim {

// A copy of the queue at one moment.
struct LiveQueue {
  Time now;
  std::vector<resmgr::NodeView> nodes;
  std::vector<resmgr::NamedResource> named;
  std::vector<sched::JobDetail> jobs;  // none of them final
  resmgr::Scheduling scheduling;
  std::vector<sched::ElementPolicy> elements;  // by name, with the names of their nodes
};

// A job that has not started: when it would, if ever.
struct Foreseen {
  JobNumber job;
  std::optional<Time> start;
};

// In the order of LiveQueue::jobs. The estimate is of jobs without a time limit.
std::vector<Foreseen> foresee(const LiveQueue& queue, Millis estimate);

}  // namespace jobq::sim
