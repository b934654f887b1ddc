// SPDX-License-Identifier: Apache-2.0
// What the verb simulate was asked for, and how its results are shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/metrics.h"
#include "sim/simulation.h"
#include "sim/workload.h"

namespace jobq::cmd {

struct PolicyChoice {
  std::string name;
  sim::Options options;
};

// "fcfs", "easy", "conservative" or "priority". `depth` is of conservative.
Result<PolicyChoice> policy_named(const std::string& name, std::optional<std::uint32_t> depth);

struct SimulationResult {
  PolicyChoice policy;
  sim::Metrics metrics;
  sim::Pace pace;
};

void print_simulations(const sim::Workload& workload, const std::vector<SimulationResult>& results);
void print_as_json(const sim::Workload& workload, const SimulationResult& result);
// A line for each reason, as a message.
void note_left_out(const std::vector<sim::LeftOut>& left_out);

// A line on the terminal that says how far it is, where messages go to a terminal.
sim::Progress progress_line(const std::string& policy, std::size_t jobs);
void clear_progress_line();

}  // namespace jobq::cmd
