// SPDX-License-Identifier: Apache-2.0
// Precedence of a node's options.
#include "cmd/node_plan.h"

#include <fmt/format.h>

#include "cmd/controller_plan.h"
#include "cmd/paths.h"
#include "conf/ticket_file.h"
#include "resmgr/needs.h"

namespace jobq::cmd {
namespace {

using Counts = std::vector<resmgr::Count>;

Result<Counts> counts_of(const NodeArguments& arguments, const conf::NodeSettings& settings) {
  if (arguments.resources.empty()) return settings.counts;
  resmgr::Needs all;
  for (const std::string& text : arguments.resources) {
    const Result<Counts> counts = conf::parse_counts(text);
    if (!counts)
      return fail(ErrorCode::kUsage, fmt::format("--resource: {}", counts.error().message));
    all.counts.insert(all.counts.end(), counts->begin(), counts->end());
  }
  resmgr::normalise(all);
  return all.counts;
}

}  // namespace

void add_node_arguments(Options& options, NodeArguments& to) {
  options.group("What the node offers");
  options.value("--cpus", "N", into(to.cpus), "instead of what the machine has");
  options.value("--memory", "SIZE", into(to.memory), "instead of what the machine has");
  options.value("--gpus", "N", into(to.gpus), "instead of what the machine has");
  options.list("--resource", "NAME=COUNT", append_to(to.resources),
               "anything else that can be counted; may be repeated");
  options.list("--features", "NAME", append_split(to.features),
               "what it has that is not counted, for jobs that ask for it; may be repeated");
  options.group("Options");
}

Result<exec::AgentOptions> agent_options(const NodeArguments& arguments,
                                         const conf::NodeSettings& settings) {
  exec::AgentOptions options;
  options.capacity = exec::machine_capacity();
  if (settings.cpus) options.capacity.cpus = *settings.cpus;
  if (settings.memory) options.capacity.memory = *settings.memory;
  if (settings.gpus) options.capacity.gpus = *settings.gpus;
  if (arguments.cpus) options.capacity.cpus = *arguments.cpus;
  if (arguments.memory) options.capacity.memory = *arguments.memory;
  if (arguments.gpus) options.capacity.gpus = *arguments.gpus;
  const Result<Counts> counts = counts_of(arguments, settings);
  if (!counts) return tl::unexpected(counts.error());
  for (const resmgr::Count& count : *counts) {
    options.capacity.counts.emplace_back(count.name, count.amount);
  }
  options.capacity.features = arguments.features.empty() ? settings.features : arguments.features;
  for (const std::string& name : options.capacity.features) {
    if (resmgr::valid_name(name)) continue;
    return fail(ErrorCode::kUsage,
                fmt::format("--features: '{}' is no name of a feature; expected letters, digits, "
                            "'.', '_' and '-', a letter or digit first, at most 64",
                            name));
  }
  for (const conf::ServiceSettings& one : settings.services) {
    options.services.push_back({one.name, one.spec, one.body, one.ttl});
  }
  options.heartbeat = settings.heartbeat;
  options.grace = settings.grace;
  options.retention.age = settings.keep_outputs;
  if (settings.output_space) options.retention.total = *settings.output_space;
  options.executable = "/proc/self/exe";
  options.starts_keeper = settings.keeper == conf::KeeperStart::kAgent;
  return options;
}

std::string node_state_in(const std::string& state_directory) { return state_directory + "/node"; }

Result<std::string> node_state(const std::optional<std::string>& said,
                               const conf::NodeSettings& settings) {
  const std::string state = first_of(said, settings.state, "");
  if (!state.empty()) return absolute_path(state);
  return state_directory().map(node_state_in);
}

std::string default_node_name() {
  const std::string host = host_name();
  return resmgr::valid_name(host) ? host : "local";
}

}  // namespace jobq::cmd
