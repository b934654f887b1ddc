// SPDX-License-Identifier: Apache-2.0
// The figures by which schedules are compared.
//
// Bounded slowdown: max(1, (wait + run) / max(run, tau)) with tau = 10 s (Feitelson and others,
// 1997), so that jobs of a moment do not outweigh all others.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/simulation.h"
#include "sim/workload.h"

namespace jobq::sim {

inline constexpr Millis kTau = seconds(10);

struct Metrics {
  std::uint64_t jobs = 0;
  double mean_wait_s = 0;
  double median_wait_s = 0;
  double p95_wait_s = 0;  // the least wait that 95 of 100 jobs do not exceed
  double mean_bounded_slowdown = 0;
  double utilization = 0;  // of all processors, from the first submission to the last end
  double makespan_s = 0;   // between these two
};

Metrics measure(const Workload& workload, const std::vector<Span>& spans);

}  // namespace jobq::sim
