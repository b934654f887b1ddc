// SPDX-License-Identifier: Apache-2.0
// The options of a node, from the command line, the configuration file, and what the machine has.
// Shared by `node` and `up`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cmd/options.h"
#include "conf/settings.h"
#include "exec/agent.h"

namespace jobq::cmd {

struct NodeArguments {
  std::optional<std::uint32_t> cpus;
  std::optional<Bytes> memory;
  std::optional<std::uint32_t> gpus;
  std::vector<std::string> resources;  // "NAME=COUNT"
  std::vector<std::string> features;
};
void add_node_arguments(Options& options, NodeArguments& to);

// Capacity, heartbeat, grace, retention and the executable; the rest is the caller's.
Result<exec::AgentOptions> agent_options(const NodeArguments& arguments,
                                         const conf::NodeSettings& settings);

// The node's part of a state directory.
std::string node_state_in(const std::string& state_directory);

// Where the node keeps its state: as said, else as configured, else the user's usual place.
Result<std::string> node_state(const std::optional<std::string>& said,
                               const conf::NodeSettings& settings);

// The host's name where it can be a node's, else "local".
std::string default_node_name();

}  // namespace jobq::cmd
