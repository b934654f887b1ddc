// SPDX-License-Identifier: Apache-2.0
// The verb simulate: a trace on a simulated cluster, decided by the real core.
#include "cmd/simulate.h"

#include <fmt/format.h>

#include "base/nearest.h"
#include "cmd/messages.h"
#include "cmd/options.h"
#include "cmd/verbs.h"
#include "sim/schedule.h"
#include "sim/swf.h"

namespace jobq::cmd {
namespace {

struct SimulateOptions {
  std::vector<std::string> words;
  std::optional<std::uint32_t> cpus;
  std::optional<std::uint32_t> nodes;
  std::optional<std::uint32_t> cpus_per_node;
  std::vector<std::string> policies;
  std::optional<std::uint32_t> depth;
  std::optional<std::string> schedule;
  std::optional<std::string> check;
  bool json = false;
};

tl::unexpected<Error> usage(std::string message) {
  return fail(ErrorCode::kUsage, std::move(message));
}

// --- what is asked

Result<sim::Machine> machine_of(const SimulateOptions& options,
                                std::optional<std::uint32_t> of_header) {
  const bool by_nodes = options.nodes || options.cpus_per_node;
  if (options.cpus && by_nodes) {
    return usage("--cpus is a machine of one node; give it, or --nodes and --cpus-per-node");
  }
  if (options.nodes.has_value() != options.cpus_per_node.has_value()) {
    return usage("--nodes and --cpus-per-node belong together; give both, or --cpus");
  }
  const sim::Machine machine =
      by_nodes ? sim::Machine{*options.nodes, *options.cpus_per_node}
               : sim::Machine{1, options.cpus ? *options.cpus : of_header.value_or(0)};
  if (machine.cpus() > 0) return machine;
  if (options.cpus || by_nodes) return usage("a machine has at least 1 processor");
  return usage(
      "the trace does not say how large the machine is; give --cpus N, or --nodes N and "
      "--cpus-per-node M");
}

Result<std::vector<PolicyChoice>> policies_of(const SimulateOptions& options) {
  std::vector<std::string> names = options.policies;
  if (names.empty()) names.emplace_back("conservative");
  std::vector<PolicyChoice> policies;
  for (const std::string& name : names) {
    Result<PolicyChoice> policy = policy_named(name, options.depth);
    if (!policy) return tl::unexpected(policy.error());
    policies.push_back(std::move(*policy));
  }
  if (policies.size() > 1 && options.schedule) {
    return usage("--schedule takes one schedule; give one --policy");
  }
  return policies;
}

// --- doing it

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
  return SimulationResult{policy, sim::measure(workload, simulated->spans), simulated->pace};
}

Result<int> simulate_all(const sim::Workload& workload, const std::vector<PolicyChoice>& policies,
                         const SimulateOptions& options) {
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
                fmt::format("{} is no schedule of this trace: {}", path, right.error().message));
  }
  print(fmt::format("{} is a schedule of {} jobs on {} processors\n", path, schedule->size(),
                    workload.machine.cpus()));
  return 0;
}

Result<int> run_trace(const SimulateOptions& options) {
  if (options.words.size() != 1) {
    return usage("expected one trace, a file in the Standard Workload Format");
  }
  const Result<std::vector<PolicyChoice>> policies = policies_of(options);
  if (!policies) return tl::unexpected(policies.error());
  const Result<sim::SwfTrace> trace = sim::read_swf(options.words.front());
  if (!trace) return tl::unexpected(trace.error());
  const Result<sim::Machine> machine = machine_of(options, trace->max_procs);
  if (!machine) return tl::unexpected(machine.error());
  const sim::Workload workload = sim::workload_of(*trace, *machine);
  if (workload.jobs.empty()) {
    note_left_out(workload.left_out);
    return fail(ErrorCode::kRefused,
                fmt::format("{} has no job that could be simulated", options.words.front()));
  }
  return options.check ? check_against(workload, *options.check)
                       : simulate_all(workload, *policies, options);
}

void declare(Options& options, SimulateOptions& simulate) {
  options.words(simulate.words);
  options.group("The machine (else as the trace's header says)");
  options.value("--cpus", "N", into(simulate.cpus), "one node of N processors");
  options.value("--nodes", "N", into(simulate.nodes), "so many nodes that are alike");
  options.value("--cpus-per-node", "M", into(simulate.cpus_per_node), "of M processors each");
  options.group("The policy");
  options.list("--policy", "NAME", append_split(simulate.policies),
               "fcfs, easy, conservative (the default) or priority; several are compared");
  options.value("--depth", "K", into(simulate.depth),
                "conservative: the first K that wait keep their place (1000)");
  options.group("Results");
  options.value("--schedule", "FILE", into(simulate.schedule),
                "write a line for each job: job, submit, start, end, processors");
  options.value("--check", "FILE", into(simulate.check),
                "simulate nothing; is FILE a schedule of this trace on this machine?");
  options.flag("--json", simulate.json, "a line of JSON for each policy");
}

}  // namespace

Result<PolicyChoice> policy_named(const std::string& name, std::optional<std::uint32_t> depth) {
  using resmgr::Backfill;
  PolicyChoice policy{name, {}};
  if (depth == 0) return usage("--depth is at least 1");
  if (depth) policy.options.scheduling.depth = *depth;
  if (name == "conservative") {
    policy.options.scheduling.backfill = Backfill::kConservative;
  } else if (name == "easy") {
    policy.options.scheduling.backfill = Backfill::kEasy;
  } else if (name == "fcfs" || name == "priority") {
    policy.options.scheduling.backfill = Backfill::kNone;
    policy.options.by_priority = name == "priority";
  } else {
    return usage(
        fmt::format("--policy: there is no policy '{}'{}; expected fcfs, easy, "
                    "conservative or priority",
                    name, did_you_mean(name, {"fcfs", "easy", "conservative", "priority"})));
  }
  return policy;
}

Result<int> run_simulate(const Words& words) {
  SimulateOptions simulate;
  Options options("jq simulate TRACE [OPTIONS]",
                  "Runs a trace of a workload on a simulated cluster, decided by the real core.\n"
                  "A trace is in the Standard Workload Format, and may be packed by gzip.");
  declare(options, simulate);
  options.examples(
      "  jq simulate KTH-SP2-1996-2.1-cln.swf.gz --policy fcfs,easy,conservative\n"
      "  jq simulate trace.swf --nodes 16 --cpus-per-node 8 --policy easy --json\n"
      "  jq simulate trace.swf --cpus 128 --policy easy --schedule easy.txt\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : run_trace(simulate);
}

}  // namespace jobq::cmd
