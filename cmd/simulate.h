// SPDX-License-Identifier: Apache-2.0
// What the verb simulate is asked for, what that means, and how results are shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cmd/locate.h"
#include "cmd/options.h"
#include "sim/live.h"
#include "sim/metrics.h"
#include "sim/simulation.h"
#include "sim/synthetic.h"
#include "sim/workload.h"

namespace jobq::cmd {

// How great what is asked for may be: memory and time follow it.
inline constexpr std::uint32_t kMostNodes = 100'000;
inline constexpr std::uint32_t kMostCpusPerNode = 1'000'000;
inline constexpr std::uint32_t kMostDepth = 1000;
inline constexpr std::uint32_t kMostMadeUp = 2'000'000;  // jobs
inline constexpr std::uint32_t kMostShapes = 1'000'000;

// The options as they are given.
struct SimulateOptions {
  std::vector<std::string> given;  // their names
  std::vector<std::string> words;
  std::optional<std::uint32_t> cpus;
  std::optional<std::uint32_t> nodes;
  std::optional<std::uint32_t> cpus_per_node;
  std::vector<std::string> policies;
  std::optional<std::uint32_t> depth;

  bool synthetic = false;
  std::optional<std::uint32_t> jobs;
  std::string arrival = "poisson:1";
  std::string run = "exponential:60";
  std::string cpus_per_job = "1";
  std::string limit_factor = "2";
  std::optional<std::uint32_t> shapes;
  std::optional<std::uint32_t> seed;

  std::string dispatch_cost = "0";
  bool dispatch_parallel = false;
  std::string node_mtbf = "0";
  std::optional<Millis> node_repair;

  bool live = false;
  std::vector<std::string> add_nodes;
  std::vector<std::string> drain;
  std::vector<std::string> limits;
  std::optional<Millis> estimate;
  ControllerOptions where;

  std::optional<std::string> schedule;
  std::optional<std::string> check;
  bool json = false;
};
void declare_simulation(Options& options, SimulateOptions& simulate);

// --- what that means; an error is of usage

// Whether the options that are given go together, and their numbers are in range.
Result<void> check_options(const SimulateOptions& options);

struct PolicyChoice {
  std::string name;
  sim::Options options;
};
Result<std::vector<PolicyChoice>> policies_of(const SimulateOptions& options);
// The header of the trace, if there is one.
Result<sim::Machine> machine_of(const SimulateOptions& options, const sim::SwfTrace& trace);
Result<sim::Synthetic> synthetic_of(const SimulateOptions& options);

// --- the live queue
Result<sim::LiveQueue> fetch_live_queue(const ControllerOptions& where);
Result<int> simulate_live(const SimulateOptions& options);

// --- results

struct SimulationResult {
  PolicyChoice policy;
  sim::Metrics metrics;
  std::uint64_t lost = 0;
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
