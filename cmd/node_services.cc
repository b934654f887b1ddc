// SPDX-License-Identifier: Apache-2.0
// Offers go to the agent of this machine's node: in a step to its own, elsewhere to the user's or
// the system's. Questions go there from a step, or when its socket is named; else, or when the
// place of a controller is named, to that.
#include "cmd/node_services.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/client.h"
#include "cmd/configuration.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/node_plan.h"
#include "cmd/options.h"
#include "cmd/paths.h"
#include "cmd/table.h"
#include "exec/ask_agent.h"
#include "exec/state.h"
#include "net/client.h"

namespace jobq::cmd {
namespace {

using Nodes = std::vector<wire::NodeServices>;

struct ServicesVerb {
  ControllerOptions where;
  std::optional<std::string> type;
  std::optional<std::string> node_socket;
  bool json = false;
};

struct OfferVerb {
  std::optional<std::string> type;
  std::optional<std::string> node_socket;
  std::optional<std::string> config;
  std::string spec;
  std::string body;
  std::optional<Millis> ttl;
  bool withdraw = false;
};

// A step's agent may be away for a moment; whoever sits at a terminal need not wait for one that is
// not there.
Millis patience() {
  return environment("JOBQ_NODE_SOCKET").empty() ? Millis{0} : exec::kReportPatience;
}

Result<Nodes> ask_controller(const ServicesVerb& verb) {
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  wire::Frame request;
  request.mutable_node_request()->set_verb(wire::NodeRequest::SERVICES);
  request.mutable_node_request()->set_name(verb.type.value_or(""));
  Nodes nodes;
  const Result<void> asked =
      client->ask(std::move(request), [&](wire::Frame& answer) -> Result<void> {
        if (!answer.has_services()) return unexpected_answer();
        for (wire::NodeServices& node : *answer.mutable_services()->mutable_nodes()) {
          nodes.push_back(std::move(node));
        }
        return {};
      });
  if (!asked) return tl::unexpected(asked.error());
  return nodes;
}

Result<Nodes> ask(const ServicesVerb& verb) {
  const bool names_controller = verb.where.socket || verb.where.controller || verb.where.config;
  if (names_controller && verb.node_socket) {
    return fail(ErrorCode::kUsage,
                "--node-socket asks a node, and --socket, --controller and --config say where a "
                "controller is; give one of them");
  }
  const std::string socket = verb.node_socket.value_or(environment("JOBQ_NODE_SOCKET"));
  if (names_controller || socket.empty()) return ask_controller(verb);
  return exec::find_services(socket, verb.type.value_or(""), patience());
}

// How long ago somebody knew it; empty where it is known now.
std::optional<Millis> age_of(const wire::NodeServices& node) {
  return node.age() > 0 ? std::optional(Millis{node.age()}) : std::nullopt;
}

void print_as_json(const wire::NodeServices& node, const wire::Service& service) {
  JsonWriter json;
  json.object();
  json.field("id", service.id());
  json.field("node", node.node());
  json.field("type", service.type());
  json.field("source", service.source());
  json.field("ttl", Millis{service.ttl()});
  json.field("spec", unless_empty(service.spec()));
  json.field("body", unless_empty(service.body()));
  json.field("age", age_of(node));
  json.end();
  print(json.line());
}

void print_nodes(const Nodes& nodes, bool as_json) {
  Table table({{"NODE", false, 8},
               {"TYPE", false, 8},
               {"SOURCE", false, 6},
               {"TTL", true},
               {"AGE", true},
               {"SPEC", false, 10},
               {"BODY", false, 10}});
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  for (const wire::NodeServices& node : nodes) {
    const std::optional<Millis> age = age_of(node);
    for (const wire::Service& service : node.services()) {
      if (as_json) {
        print_as_json(node, service);
        continue;
      }
      table.add({node.node(), service.type(), service.source(),
                 format_duration(Millis{service.ttl()}),
                 age ? format_duration(seconds((age->count + 999) / 1000)) : "-",
                 or_dash(service.spec()), or_dash(service.body())});
    }
  }
  if (!as_json) print(table.take_text(standard_output()));
}

// More than one only where nothing was said: then the first that answers counts.
Result<std::vector<std::string>> agent_sockets(const OfferVerb& verb) {
  using Sockets = std::vector<std::string>;
  const std::string said = verb.node_socket.value_or(environment("JOBQ_NODE_SOCKET"));
  if (!said.empty()) return Sockets{absolute_path(said)};
  const Result<conf::Settings> settings = read_configuration(verb.config);
  if (!settings) return tl::unexpected(settings.error());
  const conf::NodeSettings& node = settings->node;
  if (!node.socket.empty()) return Sockets{node.socket};
  Sockets sockets;
  const Result<std::string> own = node_state(std::nullopt, node);
  if (own) sockets.push_back(exec::step_socket(*own));
  const std::string system = exec::step_socket(node_state_in(kSystemStateDirectory));
  if (node.state.empty() && (!own || sockets.front() != system)) sockets.push_back(system);
  return sockets;
}

Result<void> tell(const OfferVerb& verb, const std::string& socket) {
  if (verb.withdraw) return exec::withdraw_service(socket, *verb.type, patience());
  wire::Service service;
  service.set_type(*verb.type);
  service.set_spec(verb.spec);
  service.set_body(verb.body);
  service.set_ttl(verb.ttl.value_or(seconds(60)).count);
  return exec::offer_service(socket, service, patience());
}

Result<int> offer(const OfferVerb& verb) {
  if (!verb.type) return fail(ErrorCode::kUsage, "say which service with --type TYPE");
  const Result<std::vector<std::string>> sockets = agent_sockets(verb);
  if (!sockets) return tl::unexpected(sockets.error());
  // One that is there is not passed over: it may be slow, and take the offer all the same.
  const auto is_there = [](const std::string& socket) {
    return net::BlockingClient::connect_unix(socket).has_value();
  };
  const auto there = std::find_if(sockets->begin(), sockets->end(), is_there);
  if (there == sockets->end() && sockets->size() > 1) {
    return fail(ErrorCode::kUnreachable,
                fmt::format("no node's agent is at {}", fmt::join(*sockets, " or at ")));
  }
  return tell(verb, there == sockets->end() ? sockets->front() : *there).map([] { return 0; });
}

}  // namespace

Result<int> list_services(const Words& words) {
  ServicesVerb verb;
  Options options(
      "jq node services [--type TYPE]",
      "Lists the services that nodes offer. In a step it asks the node, which knows its own and "
      "those of its\nneighbours, also while the controller is away; elsewhere, or where one is "
      "named, it asks the controller.");
  options.value("--type", "TYPE", name_into(verb.type, "a service"), "services of this type alone");
  options.flag("--json", verb.json, "a line of JSON for each");
  options.value("--node-socket", "PATH", into(verb.node_socket),
                "ask the node with this socket; in a step its own, unless a controller is named");
  add_controller_options(options, verb.where);
  options.examples("  jq node services --type planner\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  const Result<Nodes> nodes = ask(verb);
  if (!nodes) return tl::unexpected(nodes.error());
  print_nodes(*nodes, verb.json);
  return 0;
}

Result<int> offer_service(const Words& words) {
  OfferVerb verb;
  Options options(
      "jq node offer --type TYPE [OPTIONS]",
      "Offers a service on this node, in a step or beside one. It is gone when its time to live "
      "is over: whoever\noffers it says so again before. A user has one offer of a type on a "
      "node; the last one counts.");
  options.value("--type", "TYPE", name_into(verb.type, "a service"),
                "the service, as `needs.service` names it");
  options.value("--spec", "TEXT", into(verb.spec), "what it can do");
  options.value("--body", "TEXT", into(verb.body), "how it is reached, such as an address");
  options.value("--ttl", "TIME", into(verb.ttl), "its time to live, 1s to 1d; 60s");
  options.flag("--withdraw", verb.withdraw, "take your own offer back instead");
  options.value("--node-socket", "PATH", into(verb.node_socket),
                "the node's socket for steps; in a step its own, else that of your own node, else "
                "of the system's");
  options.value("--config", "FILE", into(verb.config),
                "the configuration file instead of the usual ones; see jobq.toml(5)");
  options.examples(
      "  jq node offer --type planner --body 192.0.2.1:8000 --ttl 30s\n"
      "  jq node offer --type planner --withdraw\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : offer(verb);
}

}  // namespace jobq::cmd
