// SPDX-License-Identifier: Apache-2.0
// The verb resource: create, list, remove named resources.
#include <array>

#include "cmd/messages.h"
#include "cmd/options.h"
#include "cmd/resource_views.h"
#include "cmd/subverbs.h"
#include "resmgr/needs.h"

namespace jobq::cmd {
namespace {

struct ResourceOptions {
  std::vector<std::string> words;
  ControllerOptions where;
  std::optional<std::uint32_t> tokens;
  std::optional<std::string> device;
  bool json = false;
};

Result<Options::Next> parse(Options& options, ResourceOptions& to, const Words& words,
                            const char* json_means) {
  options.words(to.words);
  options.flag("--json", to.json, json_means);
  add_controller_options(options, to.where);
  return options.parse(words);
}

// Create and remove: the same request for each resource that is named.
Result<int> change(const ResourceOptions& verb, const wire::ResourceRequest& like) {
  if (verb.words.empty()) return fail(ErrorCode::kUsage, "no resource is named");
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  int code = 0;
  for (const std::string& name : verb.words) {
    wire::Frame request;
    *request.mutable_resource_request() = like;
    request.mutable_resource_request()->set_name(name);
    const Result<wire::Frame> answer = client->ask(std::move(request));
    if (answer) continue;
    complain(answer.error());
    if (code == 0) code = exit_code(answer.error().code);
  }
  return code;
}

Result<int> create_resources(const Words& words) {
  ResourceOptions verb;
  Options options("jq resource create NAME... [--tokens N | --device COMMAND]",
                  "Creates named resources: exclusive ones, which one job holds at a time, or with "
                  "--tokens a count\nthat jobs take from and give back. Creating the same again "
                  "changes nothing.");
  options.value("--tokens", "N", into(verb.tokens), "a count of so many");
  options.value("--device", "COMMAND", into(verb.device),
                "a device: an export to it holds it and runs the command with the file as input");
  options.examples(
      "  jq resource create plan-db\n"
      "  jq resource create solver --tokens 4\n"
      "  jq resource create printer --device 'lp -d main'\n"
      "  jq submit --exclusive plan-db --tokens solver=2 -- ./solve\n");
  const auto next = parse(options, verb, words, "errors as JSON");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (verb.tokens == 0U) return fail(ErrorCode::kUsage, "--tokens: expected at least 1");
  if (verb.tokens && verb.device) {
    return fail(ErrorCode::kUsage,
                "a device is held by one job at a time: --device without "
                "--tokens");
  }
  if (verb.device && verb.device->find_first_not_of(" \t\n") == std::string::npos) {
    return fail(ErrorCode::kUsage, "--device: expected a command, found an empty one");
  }
  wire::ResourceRequest request;
  request.set_verb(wire::ResourceRequest::CREATE);
  request.set_command(verb.device.value_or(""));
  const auto kind = verb.tokens ? resmgr::NamedKind::kTokens : resmgr::NamedKind::kExclusive;
  request.set_kind(static_cast<std::uint32_t>(kind));
  request.set_total(verb.tokens.value_or(1));
  return change(verb, request);
}

Result<int> list_resources(const Words& words) {
  ResourceOptions verb;
  Options options("jq resource list",
                  "Lists the named resources, what is free, and who holds them.");
  options.examples("  jq resource list\n");
  const auto next = parse(options, verb, words, "a line of JSON for each resource");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (!verb.words.empty()) return fail(ErrorCode::kUsage, "`resource list` takes no words");
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  const Result<wire::ResourceList> list = ask_for_resources(*client);
  if (!list) return tl::unexpected(list.error());
  if (!verb.json) print_resource_table(*list);
  for (const wire::ResourceView& resource : list->resources()) {
    if (verb.json) print_resource_as_json(resource);
  }
  return 0;
}

Result<int> remove_resources(const Words& words) {
  ResourceOptions verb;
  Options options("jq resource remove NAME...",
                  "Removes named resources; refused while a job holds one or waits for it.");
  options.examples("  jq resource remove plan-db\n");
  const auto next = parse(options, verb, words, "errors as JSON");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  wire::ResourceRequest request;
  request.set_verb(wire::ResourceRequest::REMOVE);
  return change(verb, request);
}

constexpr std::array kSubverbs = {
    Subverb{"create", "create exclusive resources or tokens", create_resources},
    Subverb{"list", "list resources and their holders", list_resources},
    Subverb{"remove", "remove resources", remove_resources},
};

}  // namespace

Result<int> run_resource(const Words& words) {
  return run_subverb("resource", "Named resources of the cluster: exclusive things and tokens.",
                     kSubverbs, words);
}

}  // namespace jobq::cmd
