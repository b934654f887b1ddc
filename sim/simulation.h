// SPDX-License-Identifier: Apache-2.0
// The real core on a virtual clock: jobs are submitted as the workload says, what the core starts
// runs for as long as the workload says, and nothing else happens.
//
// Time goes from one instant at which something is due to the next. Within an instant submissions
// come first, then ends (and failures of nodes), then starts: all that is due is handed to the
// core, which then decides once. So the result depends on the workload and the options alone, not
// on the machine or the wall clock.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "resmgr/resource_manager.h"
#include "sim/failures.h"
#include "sim/virtual_nodes.h"
#include "sim/workload.h"

namespace jobq::sim {

struct Options {
  resmgr::Scheduling scheduling;
  bool by_priority = false;  // else all jobs have the same: first come, first served
  Dispatch dispatch;
  FailureModel failures;
};

// What became of a job, in the place of the job in Workload::jobs.
struct Span {
  Time start;
  Time end;
};

// How fast the core decided, by the wall clock; nothing else depends on that.
struct Pace {
  std::uint64_t decisions = 0;     // jobs started
  std::int64_t elapsed_ns = 0;     // of the whole simulation
  std::int64_t worst_turn_ns = 0;  // the longest turn of the core
};

struct Simulated {
  std::vector<Span> spans;
  std::uint64_t lost = 0;  // jobs that ended with their node
  Pace pace;
};

// Called now and then with how many jobs have ended.
using Progress = std::function<void(std::size_t ended)>;

Result<Simulated> simulate(const Workload& workload, const Options& options,
                           const Progress& progress);

}  // namespace jobq::sim
