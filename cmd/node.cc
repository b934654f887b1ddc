// SPDX-License-Identifier: Apache-2.0
// The verb node: the composition root of the node daemon; with a further word, the commands about
// nodes.
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "cmd/configuration.h"
#include "cmd/controller_plan.h"
#include "cmd/node_commands.h"
#include "cmd/node_plan.h"
#include "cmd/options.h"
#include "cmd/paths.h"
#include "cmd/service.h"
#include "cmd/verbs.h"
#include "exec/agent.h"

namespace jobq::cmd {
namespace {

struct NodeVerb {
  NodeArguments offers;
  ServiceOptions service;
  std::optional<std::string> config;
  std::optional<std::string> state;
  std::optional<std::string> socket;
  std::optional<std::string> controller;
  std::optional<std::string> key;
  std::optional<std::string> name;
  std::string keeper;
};

// The key's file: as said, else where it is usually put.
Result<net::ClusterKey> cluster_key(const NodeVerb& verb, const conf::NodeSettings& settings,
                                    const std::string& state) {
  const std::string said = first_of(verb.key, settings.key, environment("JOBQ_KEY"));
  if (!said.empty()) return net::read_key(absolute_path(said));
  std::vector<std::string> usual = {state + "/cluster.key", "/etc/jobq/cluster.key"};
  if (const auto base = state_directory()) usual.push_back(*base + "/controller/cluster.key");
  for (const std::string& path : usual) {
    if (::access(path.c_str(), F_OK) == 0) return net::read_key(path);
  }
  return fail(
      ErrorCode::kUsage,
      fmt::format("the node needs the cluster's key to speak to a controller on the network; "
                  "copy cluster.key from the controller's state directory to {}, or give "
                  "--key FILE",
                  usual.front()));
}

// "ADDR:PORT", or the path of the Unix socket of a controller on this machine.
Result<std::variant<exec::LocalController, exec::RemoteController>> where_controller_is(
    const NodeVerb& verb, const conf::NodeSettings& settings, const std::string& state) {
  const std::string said =
      first_of(verb.controller, settings.controller, environment("JOBQ_CONTROLLER"));
  if (said.empty()) {
    return fail(ErrorCode::kUsage, "say where the controller is with --controller ADDR:PORT");
  }
  if (said.find('/') != std::string::npos) return exec::LocalController{absolute_path(said)};
  const Result<net::TcpAddress> address = net::parse_address(said);
  if (!address) {
    return fail(ErrorCode::kUsage, fmt::format("--controller: {}", address.error().message));
  }
  const Result<net::ClusterKey> key = cluster_key(verb, settings, state);
  if (!key) return tl::unexpected(key.error());
  return exec::RemoteController{*address, *key};
}

Result<exec::AgentOptions> options_of(const NodeVerb& verb, const conf::NodeSettings& settings) {
  Result<exec::AgentOptions> options = agent_options(verb.offers, settings);
  if (!options) return options;
  Result<std::string> state = node_state(verb.state, settings);
  if (!state) return tl::unexpected(state.error());
  if (!verb.state && settings.state.empty()) {
    const Result<void> made = make_directories(state->substr(0, state->rfind('/')));
    if (!made) return tl::unexpected(made.error());
  }
  options->state = std::move(*state);
  options->name = first_of(verb.name, settings.name, default_node_name());
  const std::string socket = first_of(verb.socket, settings.socket, "");
  if (!socket.empty()) options->socket = absolute_path(socket);
  if (!verb.keeper.empty()) options->starts_keeper = verb.keeper == "agent";
  auto controller = where_controller_is(verb, settings, options->state);
  if (!controller) return tl::unexpected(controller.error());
  options->controller = std::move(*controller);
  return options;
}

Taker keeper_word(std::string& to) {
  return [&to](const std::string& text) -> Result<void> {
    using conf::KeeperStart;
    if (text != to_string(KeeperStart::kAgent) && text != to_string(KeeperStart::kService)) {
      return fail(ErrorCode::kUsage, fmt::format("expected agent or service, found '{}'", text));
    }
    to = text;
    return {};
  };
}

Result<Service> start(uv_loop_s* loop, const exec::AgentOptions& options) {
  auto started = exec::Agent::start(loop, options);
  if (!started) return tl::unexpected(started.error());
  const std::shared_ptr<exec::Agent> agent = std::move(*started);
  Service service;
  service.ready = [agent] { return agent->joined(); };
  service.waits_for = "waiting for the controller";
  service.stop = [agent](std::function<void()> stopped) { agent->stop(std::move(stopped)); };
  service.greeting = fmt::format("node {} has joined, state in {}", options.name, options.state);
  return service;
}

Result<int> run(const NodeVerb& verb) {
  const Result<conf::Settings> settings = read_configuration(verb.config);
  if (!settings) return tl::unexpected(settings.error());
  const Result<exec::AgentOptions> options = options_of(verb, settings->node);
  if (!options) return tl::unexpected(options.error());
  return run_service(verb.service, {"node " + options->name, options->state + "/log",
                                    [&](uv_loop_s* loop) { return start(loop, *options); }});
}

Result<int> run_daemon(const Words& words) {
  NodeVerb verb;
  Options options(
      "jobq node --controller ADDR:PORT --name NAME [OPTIONS]\n"
      "       jq node list | show | services | offer | ...    (see `jq node list --help`, ...)",
      "Alone or with options: runs the node daemon, which starts the controller's steps on "
      "this machine.\nIt stays in the foreground, logs to standard error, and ends cleanly on "
      "SIGTERM and SIGINT; steps run\non meanwhile. With a word: commands about nodes.");
  options.value("--config", "FILE", into(verb.config),
                "the configuration file instead of the usual ones; see jobq.toml(5)");
  options.value("--controller", "ADDR:PORT", into(verb.controller),
                "the controller's address, or the path of its Unix socket on this machine");
  options.value("--key", "FILE", into(verb.key),
                "the controller's cluster.key; STATE/cluster.key or /etc/jobq/cluster.key");
  options.value("--name", "NAME", name_into(verb.name, "a node"), "the node's name; the host's");
  options.value("--state", "DIR", into(verb.state),
                "where it keeps what must survive; /var/lib/jobq/node for root. Each node of a "
                "machine needs its own");
  options.value("--socket", "PATH", into(verb.socket), "the socket for steps; STATE/node.sock");
  options.value("--keeper", "WHO", keeper_word(verb.keeper),
                "who starts the keeper: \"agent\", this daemon; or \"service\": it is waited for");
  add_service_options(options, verb.service);
  add_node_arguments(options, verb.offers);
  options.examples(
      "  jobq node --controller 192.0.2.1:7117 --name n1\n"
      "  jobq node --controller 192.0.2.1:7117 --name n2 --state /var/lib/jobq/n2 --cpus 4\n"
      "  jq node list\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : run(verb);
}

}  // namespace

Result<int> run_node(const Words& words) {
  if (words.empty() || words.front().starts_with('-')) return run_daemon(words);
  return run_subverb("node", "Nodes.", node_commands(), words);
}

}  // namespace jobq::cmd
