// SPDX-License-Identifier: Apache-2.0
// The commands of the verb node: list, show, drain, resume, forget; of services, see
// cmd/node_services.cc.
#include "cmd/node_commands.h"

#include <array>

#include "cmd/messages.h"
#include "cmd/node_services.h"
#include "cmd/node_views.h"
#include "cmd/options.h"

namespace jobq::cmd {
namespace {

struct NodeOptions {
  std::vector<std::string> words;
  ControllerOptions where;
  std::string reason;
  std::optional<Millis> span;
  bool json = false;
};

Result<Options::Next> parse(Options& options, NodeOptions& to, const Words& words,
                            const char* json_means) {
  options.words(to.words);
  options.flag("--json", to.json, json_means);
  add_controller_options(options, to.where);
  return options.parse(words);
}

// Drain, resume and forget: the same request for each node that is named.
Result<int> change(const NodeOptions& verb, wire::NodeRequest::Verb what) {
  if (verb.words.empty())
    return fail(ErrorCode::kUsage, "no node is named; `jq node list` lists them");
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  int code = 0;
  for (const std::string& name : verb.words) {
    wire::Frame request;
    request.mutable_node_request()->set_verb(what);
    request.mutable_node_request()->set_name(name);
    request.mutable_node_request()->set_reason(verb.reason);
    if (verb.span) request.mutable_node_request()->set_span(verb.span->count);
    const Result<wire::Frame> answer = client->ask(std::move(request));
    if (answer) continue;
    complain(answer.error());
    if (code == 0) code = exit_code(answer.error().code);
  }
  return code;
}

Result<int> list_nodes(const Words& words) {
  NodeOptions verb;
  Options options("jq node list", "Lists the nodes with what is free on each of them.");
  options.examples("  jq node list\n  jq node list --json | command -p jq -r .name\n");
  const auto next = parse(options, verb, words, "a line of JSON for each node");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (!verb.words.empty()) return fail(ErrorCode::kUsage, "`node list` takes no words");
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  const Result<wire::NodeList> list = ask_for_nodes(*client);
  if (!list) return tl::unexpected(list.error());
  if (!verb.json) print_node_table(*list);
  for (const wire::NodeView& node : list->nodes()) {
    if (verb.json) print_node_as_json(node);
  }
  return 0;
}

Result<int> show_nodes(const Words& words) {
  NodeOptions verb;
  Options options("jq node show NAME...",
                  "Shows nodes: elements, resources, containment, what runs there.");
  options.examples("  jq node show n1\n");
  const auto next = parse(options, verb, words, "a line of JSON for each node");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (verb.words.empty())
    return fail(ErrorCode::kUsage, "no node is named; `jq node list` lists them");
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  for (const std::string& name : verb.words) {
    const Result<wire::NodeView> node = ask_for_node(*client, name);
    if (!node) return tl::unexpected(node.error());
    verb.json ? print_node_as_json(*node) : print_node(*node);
  }
  return 0;
}

Result<int> drain_nodes(const Words& words) {
  NodeOptions verb;
  Options options("jq node drain NAME... --reason TEXT",
                  "Drains nodes: what runs there runs on, nothing new is started. `jq node resume` "
                  "ends it.");
  options.value("--reason", "TEXT", into(verb.reason), "why; shown with the node, with your name");
  options.value("--for", "TIME", into(verb.span), "end it by itself after so long: 30m, 2h, 1d");
  options.examples(
      "  jq node drain n1 --reason 'new disk'\n"
      "  jq node drain n1 n2 --reason 'kernel update' --for 2h\n");
  const auto next = parse(options, verb, words, "errors as JSON");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (verb.reason.empty()) {
    return fail(ErrorCode::kUsage, "say why with --reason TEXT; others will see it and wonder");
  }
  // To the controller, none means for ever.
  if (verb.span && verb.span->count <= 0) {
    return fail(ErrorCode::kUsage,
                "--for: expected a time above 0, such as 2h; without --for, `jq node resume` ends "
                "the drain");
  }
  return change(verb, wire::NodeRequest::DRAIN);
}

Result<int> resume_nodes(const Words& words) {
  NodeOptions verb;
  Options options("jq node resume NAME...", "Takes drained nodes into use again.");
  options.examples("  jq node resume n1\n");
  const auto next = parse(options, verb, words, "errors as JSON");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  return change(verb, wire::NodeRequest::RESUME);
}

Result<int> forget_nodes(const Words& words) {
  NodeOptions verb;
  Options options(
      "jq node forget NAME...",
      "Forgets nodes that are away and will not come back: what ran there counts as lost.\n"
      "One that comes back is known again, and ends what it still runs.");
  options.examples("  jq node forget n1\n");
  const auto next = parse(options, verb, words, "errors as JSON");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  return change(verb, wire::NodeRequest::FORGET);
}

constexpr std::array kSubverbs = {
    Subverb{"list", "list nodes and what is free", list_nodes},
    Subverb{"show", "everything about a node", show_nodes},
    Subverb{"drain", "start nothing new there", drain_nodes},
    Subverb{"resume", "take a drained node into use again", resume_nodes},
    Subverb{"forget", "give a node up that will not come back", forget_nodes},
    Subverb{"services", "list what nodes offer", list_services},
    Subverb{"offer", "offer a service on this node", offer_service},
};

}  // namespace

std::span<const Subverb> node_commands() { return kSubverbs; }

}  // namespace jobq::cmd
