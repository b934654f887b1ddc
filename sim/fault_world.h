// SPDX-License-Identifier: Apache-2.0
// One simulated world: controller, journal, network, nodes and clients in one process on a virtual
// clock, all of it from one seed. Faults come for a while; then everything heals, and every job
// must end. docs/fault-simulator.md tells how to use it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "sim/promises.h"

namespace jobq::sim {

struct WorldReport {
  std::optional<Violation> violation;
  std::uint64_t fingerprint = 0;  // of the history: the same seed gives the same
  std::map<std::string, std::uint64_t> faults;
  std::map<std::string, std::uint64_t> counts;  // events, commits, processes, ...
};

// The history goes to `trace`, line by line, where it is not empty.
WorldReport run_world(std::uint64_t seed, Promises::Trace trace = {});

}  // namespace jobq::sim
