// SPDX-License-Identifier: Apache-2.0
// Workloads that are made up: arrivals, run times and widths from distributions and a seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "sim/distribution.h"
#include "sim/workload.h"

namespace jobq::sim {

// Bursts of so many jobs, with a gap between one burst and the next.
struct Arrival {
  std::uint64_t at_once = 1;
  Distribution gap_s;
};

// "poisson:RATE" (jobs a second), "uniform:LOW,HIGH" (seconds from one to the next), "burst" (all
// at once), "burst:COUNT,SECONDS" (so many every so often).
Result<Arrival> parse_arrival(std::string_view text);

struct Synthetic {
  std::uint64_t jobs = 0;
  Arrival arrival;
  Distribution run_s;
  Distribution processors;
  // Of what a job's run time is, its time limit; at least 1.
  double limit_factor = 2;
  // Jobs come in so many kinds of equal width, run time and limit; 0: each is its own.
  std::uint64_t shapes = 0;
  std::uint64_t seed = 1;
};

// Jobs are as wide as one node at most.
Workload workload_of(const Synthetic& synthetic, const Machine& machine);

}  // namespace jobq::sim
