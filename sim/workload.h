// SPDX-License-Identifier: Apache-2.0
// What is simulated: a machine, and the jobs that come to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "sched/spec.h"
#include "sim/swf.h"

namespace jobq::sim {

// Nodes that are all alike.
struct Machine {
  std::uint32_t nodes = 1;
  std::uint32_t cpus_per_node = 1;
  std::uint64_t cpus() const { return std::uint64_t{nodes} * cpus_per_node; }
};

// One job; millions of them are kept.
struct SimJob {
  std::int64_t name = 0;  // its number in the trace
  Time submit;            // on the virtual clock
  Millis run;             // as long as it would take
  Millis limit;           // of its time; it runs min(run, limit)
  std::uint32_t processors = 1;
  int priority = sched::kDefaultPriority;

  Millis length() const { return run < limit ? run : limit; }
};

// Records that are not simulated, and why.
struct LeftOut {
  std::string reason;
  std::uint64_t count = 0;
  std::uint64_t first_line = 0;  // of the trace
};

struct Workload {
  Machine machine;
  std::vector<SimJob> jobs;  // by submission; of one instant in the order of the trace
  std::vector<LeftOut> left_out;
};

// The longest time limit that the core takes.
inline constexpr Millis kLongestLimit = seconds(std::int64_t{36500} * 86400);

// The virtual clock at second 0 of a trace. The core takes a time of 0 for "not yet".
inline constexpr Time kTraceStart{1'000'000'000'000};

// The jobs of a trace. Processors are those allocated, else those requested, at most the machine;
// the limit is the requested time, else the run time; a job runs for at least one second. A queue
// with a lower number gets a higher priority.
Workload workload_of(const SwfTrace& trace, const Machine& machine);

}  // namespace jobq::sim
