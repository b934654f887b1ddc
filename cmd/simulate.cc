// SPDX-License-Identifier: Apache-2.0
// The verb simulate: a workload on a simulated cluster, decided by the real core.
#include "cmd/simulate.h"

#include <fmt/format.h>

#include <filesystem>

#include "cmd/messages.h"
#include "cmd/verbs.h"
#include "sim/schedule.h"
#include "sim/swf.h"

namespace jobq::cmd {
namespace {

Result<sim::Workload> workload_of_trace(const SimulateOptions& options) {
  if (options.words.size() != 1) {
    return fail(ErrorCode::kUsage,
                "expected one trace, a file in the Standard Workload Format, or --synthetic, or "
                "--live");
  }
  const Result<sim::SwfTrace> trace = sim::read_swf(options.words.front());
  if (!trace) return tl::unexpected(trace.error());
  if (trace->records.empty()) {
    return fail(ErrorCode::kRefused, fmt::format("{} holds no jobs", options.words.front()));
  }
  const Result<sim::Machine> machine = machine_of(options, *trace);
  if (!machine) return tl::unexpected(machine.error());
  sim::Workload workload = sim::workload_of(*trace, *machine);
  if (!workload.jobs.empty()) return workload;
  note_left_out(workload.left_out);
  return fail(ErrorCode::kRefused,
              fmt::format("{} has no job that could be simulated", options.words.front()));
}

Result<sim::Workload> workload_of(const SimulateOptions& options) {
  if (!options.synthetic) return workload_of_trace(options);
  const Result<sim::Synthetic> synthetic = synthetic_of(options);
  if (!synthetic) return tl::unexpected(synthetic.error());
  const Result<sim::Machine> machine = machine_of(options, {});
  if (!machine) return tl::unexpected(machine.error());
  return sim::workload_of(*synthetic, *machine);
}

Result<SimulationResult> simulate_one(const sim::Workload& workload, const PolicyChoice& policy,
                                      const SimulateOptions& options) {
  const auto progress = progress_line(policy.name, workload.jobs.size());
  const auto simulated = sim::simulate(workload, policy.options, progress);
  clear_progress_line();
  if (!simulated) return tl::unexpected(simulated.error());
  if (options.schedule) {
    const sim::Schedule schedule = sim::schedule_of(workload, simulated->spans);
    if (auto written = sim::write_schedule(*options.schedule, schedule); !written) {
      return tl::unexpected(written.error());
    }
  }
  return SimulationResult{policy, sim::measure(workload, simulated->spans), simulated->lost,
                          simulated->pace};
}

// Also through a link, and as standard input.
bool is_trace(const std::string& schedule, const SimulateOptions& options) {
  if (options.words.empty()) return false;
  const std::string& trace = options.words.front();
  std::error_code error;
  return std::filesystem::is_regular_file(schedule, error) &&
         std::filesystem::equivalent(trace == "-" ? "/dev/stdin" : trace, schedule, error);
}

Result<int> simulate_all(const sim::Workload& workload, const std::vector<PolicyChoice>& policies,
                         const SimulateOptions& options) {
  if (options.schedule && is_trace(*options.schedule, options)) {
    return fail(ErrorCode::kUsage,
                fmt::format("--schedule: {} is the trace itself; it would be overwritten",
                            *options.schedule));
  }
  if (options.schedule) {  // what cannot be written is better known before the work
    if (auto writable = sim::write_schedule(*options.schedule, {}); !writable) {
      return tl::unexpected(writable.error());
    }
  }
  std::vector<SimulationResult> results;
  for (const PolicyChoice& policy : policies) {
    Result<SimulationResult> result = simulate_one(workload, policy, options);
    if (!result) return tl::unexpected(result.error());
    results.push_back(std::move(*result));
    if (options.json) print_as_json(workload, results.back());
  }
  if (!options.json) print_simulations(workload, results);
  return 0;
}

Result<int> check_against(const sim::Workload& workload, const std::string& path) {
  const Result<sim::Schedule> schedule = sim::read_schedule(path);
  if (!schedule) return tl::unexpected(schedule.error());
  if (auto right = sim::check_schedule(*schedule, workload); !right) {
    return fail(right.error().code,
                fmt::format("{} is no schedule of this workload: {}", path, right.error().message));
  }
  print(fmt::format("{} is a schedule of {} jobs on {} processors\n", path, schedule->size(),
                    workload.machine.cpus()));
  return 0;
}

Result<int> run(const SimulateOptions& options) {
  if (auto right = check_options(options); !right) return tl::unexpected(right.error());
  if (options.live) return simulate_live(options);
  const Result<std::vector<PolicyChoice>> policies = policies_of(options);
  if (!policies) return tl::unexpected(policies.error());
  const Result<sim::Workload> workload = workload_of(options);
  if (!workload) return tl::unexpected(workload.error());
  return options.check ? check_against(*workload, *options.check)
                       : simulate_all(*workload, *policies, options);
}

}  // namespace

Result<int> run_simulate(const Words& words) {
  SimulateOptions simulate;
  Options options("jq simulate TRACE | --synthetic | --live [OPTIONS]",
                  "Runs a workload on a simulated cluster, decided by the real core.\n"
                  "A trace is in the Standard Workload Format, and may be packed by gzip.");
  declare_simulation(options, simulate);
  options.examples(
      "  jq simulate KTH-SP2-1996-2.1-cln.swf.gz --policy fcfs,easy,conservative\n"
      "  jq simulate trace.swf --nodes 16 --cpus-per-node 8 --policy easy --json\n"
      "  jq simulate trace.swf --cpus 128 --policy easy --schedule easy.txt\n"
      "  jq simulate --synthetic --jobs 100000 --arrival poisson:5 --run lognormal:60,1.5 \\\n"
      "    --cpus-per-job uniform:0,16 --nodes 20 --cpus-per-node 32 --node-mtbf 10d\n"
      "  jq simulate --live --add-nodes 2x64\n"
      "  jq simulate --live --drain n7 --limit 17=30m\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  for (std::string& name : options.names()) {
    if (options.given(name)) simulate.given.push_back(std::move(name));
  }
  return run(simulate);
}

}  // namespace jobq::cmd
