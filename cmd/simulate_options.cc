// SPDX-License-Identifier: Apache-2.0
// The options of simulate, and what they mean.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "base/nearest.h"
#include "cmd/simulate.h"

namespace jobq::cmd {
namespace {

tl::unexpected<Error> usage(std::string message) {
  return fail(ErrorCode::kUsage, std::move(message));
}

// The value of an option that this parser understands; the error names the option.
template <class Parse>
auto value_of(std::string_view option, const std::string& text, Parse parse)
    -> decltype(parse(text)) {
  auto value = parse(text);
  if (value) return value;
  return usage(fmt::format("{}: {}", option, value.error().message));
}

// A number, or a time in seconds, from the least to the most.
Result<double> quantity_of(std::string_view option, const std::string& text, double least,
                           double most) {
  auto value = value_of(option, text, sim::parse_quantity);
  if (!value || (*value >= least && *value <= most)) return value;
  return usage(
      fmt::format("{}: '{}' is out of range; expected {} to {:.0f}", option, text, least, most));
}

constexpr std::array<std::string_view, 4> kPolicies = {"fcfs", "easy", "conservative", "priority"};

Result<PolicyChoice> policy_named(const std::string& name) {
  using resmgr::Backfill;
  PolicyChoice policy{name, {}};
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
                    name, did_you_mean(name, {kPolicies.begin(), kPolicies.end()})));
  }
  return policy;
}

// What holds under every policy.
Result<sim::Options> common_options(const SimulateOptions& options) {
  sim::Options common;
  if (options.depth) common.scheduling.depth = *options.depth;
  const auto cost = quantity_of("--dispatch-cost", options.dispatch_cost, 0, 1e6);
  if (!cost) return tl::unexpected(cost.error());
  common.dispatch = {std::llround(*cost * 1e6), options.dispatch_parallel};
  const auto mtbf = quantity_of("--node-mtbf", options.node_mtbf, 0, 1e10);
  if (!mtbf) return tl::unexpected(mtbf.error());
  const Millis repair = options.node_repair.value_or(seconds(3600));
  common.failures = {*mtbf, repair, options.seed.value_or(1)};
  return common;
}

}  // namespace

void declare_simulation(Options& options, SimulateOptions& simulate) {
  options.words(simulate.words);
  options.group("The machine (else as the trace's header says)");
  options.value("--cpus", "N", into(simulate.cpus), "one node of N processors");
  options.value("--nodes", "N", into(simulate.nodes), "so many nodes that are alike");
  options.value("--cpus-per-node", "M", into(simulate.cpus_per_node), "of M processors each");
  options.value("--dispatch-cost", "SECONDS", into(simulate.dispatch_cost),
                "each start takes so long to go out, one after the other");
  options.flag("--dispatch-parallel", simulate.dispatch_parallel, "starts go out side by side");
  options.value("--node-mtbf", "TIME", into(simulate.node_mtbf),
                "mean time between failures of a node; 0: none fails");
  options.value("--node-repair", "TIME", into(simulate.node_repair),
                "a failed node comes back after so long (1h)");
  options.group("The policy");
  options.list(
      "--policy", "NAME", append_split(simulate.policies),
      "fcfs, easy, conservative or priority; several are compared (easy; with --live what the "
      "controller does)");
  options.value("--depth", "K", into(simulate.depth),
                "conservative: the first K that wait keep their place (100)");
  options.group("A workload that is made up, instead of a trace");
  options.flag("--synthetic", simulate.synthetic, "jobs as the following say");
  options.value("--jobs", "N", into(simulate.jobs), "so many");
  options.value("--arrival", "HOW", into(simulate.arrival),
                "poisson:RATE, uniform:LOW,HIGH, burst, burst:COUNT,SECONDS (poisson:1)");
  options.value("--run", "HOW", into(simulate.run),
                "constant:S, uniform:LOW,HIGH, exponential:MEAN, lognormal:MEDIAN,SIGMA, "
                "pareto:LEAST,SHAPE (exponential:60)");
  options.value("--cpus-per-job", "HOW", into(simulate.cpus_per_job), "likewise (1)");
  options.value("--limit-factor", "F", into(simulate.limit_factor),
                "time limits are F times the run time (2)");
  options.value("--shapes", "K", into(simulate.shapes),
                "jobs of K kinds; those of a kind are as wide, long and limited");
  options.value("--seed", "N", into(simulate.seed), "of what is left to chance (1)");
  options.group("The live queue, instead of a trace: when would each job that waits start?");
  options.flag("--live", simulate.live, "take a copy of the controller's queue");
  options.list("--add-nodes", "N[xCPUS]", append_to(simulate.add_nodes),
               "what if there were N nodes more? Without xCPUS as large as the largest");
  options.list("--drain", "NODE", append_split(simulate.drain),
               "what if this node took nothing new?");
  options.list("--limit", "JOB=TIME", append_split(simulate.limits),
               "what if this job had this time limit?");
  options.value("--estimate", "TIME", into(simulate.estimate),
                "how long jobs without a limit run whose class has not run yet (1h)");
  options.group("Results");
  options.value("--schedule", "FILE", into(simulate.schedule),
                "write a line for each job: job, submit, start, end, processors");
  options.value("--check", "FILE", into(simulate.check),
                "simulate nothing; is FILE a schedule of this workload on this machine?");
  options.flag("--json", simulate.json,
               "a line of JSON for each policy; with --live for each job that waits");
  add_controller_options(options, simulate.where);
}

Result<std::vector<PolicyChoice>> policies_of(const SimulateOptions& options) {
  const Result<sim::Options> common = common_options(options);
  if (!common) return tl::unexpected(common.error());
  std::vector<std::string> names = options.policies;
  if (names.empty()) names.emplace_back("easy");
  std::vector<PolicyChoice> policies;
  for (const std::string& name : names) {
    Result<PolicyChoice> policy = policy_named(name);
    if (!policy) return tl::unexpected(policy.error());
    const sim::Options own = std::exchange(policy->options, *common);
    policy->options.scheduling.backfill = own.scheduling.backfill;
    policy->options.by_priority = own.by_priority;
    policies.push_back(std::move(*policy));
  }
  if (policies.size() > 1 && options.schedule) {
    return usage("--schedule takes one schedule; give one --policy");
  }
  return policies;
}

Result<sim::Machine> machine_of(const SimulateOptions& options, const sim::SwfTrace& trace) {
  const bool by_nodes = options.nodes || options.cpus_per_node;
  if (options.cpus && by_nodes) {
    return usage("--cpus is a machine of one node; give it, or --nodes and --cpus-per-node");
  }
  if (options.nodes.has_value() != options.cpus_per_node.has_value()) {
    return usage("--nodes and --cpus-per-node belong together; give both, or --cpus");
  }
  if (by_nodes) return sim::Machine{*options.nodes, *options.cpus_per_node};
  if (options.cpus) return sim::Machine{1, *options.cpus};
  if (trace.max_procs) return sim::Machine{1, *trace.max_procs};
  const std::string_view nothing = options.synthetic
                                       ? "nothing says how large the machine is"
                                       : "the trace does not say how large the machine is";
  return usage(fmt::format("{}; give --cpus N, or --nodes N and --cpus-per-node M",
                           trace.wrong_header.empty() ? nothing : trace.wrong_header));
}

Result<sim::Synthetic> synthetic_of(const SimulateOptions& options) {
  if (!options.words.empty()) return usage("give a trace or --synthetic, not both");
  if (!options.jobs) return usage("--synthetic: give --jobs N");
  const auto arrival = value_of("--arrival", options.arrival, sim::parse_arrival);
  if (!arrival) return tl::unexpected(arrival.error());
  const auto run = value_of("--run", options.run, sim::parse_distribution);
  if (!run) return tl::unexpected(run.error());
  const auto width = value_of("--cpus-per-job", options.cpus_per_job, sim::parse_distribution);
  if (!width) return tl::unexpected(width.error());
  const auto factor = quantity_of("--limit-factor", options.limit_factor, 1, 1e6);
  if (!factor) return tl::unexpected(factor.error());
  return sim::Synthetic{
      *options.jobs,           *arrival, *run, *width, *factor, options.shapes.value_or(0),
      options.seed.value_or(1)};
}

}  // namespace jobq::cmd
