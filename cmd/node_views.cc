// SPDX-License-Identifier: Apache-2.0
// Nodes, as they are shown.
#include "cmd/node_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/table.h"
#include "controller/translate.h"
#include "resmgr/resource_manager.h"

namespace jobq::cmd {
namespace {

// One resource of a node: how much there is, and how much of it nobody holds.
struct Amount {
  std::string name;
  std::uint64_t total = 0;
  std::uint64_t free = 0;
};

std::uint64_t amount_of(const wire::Capacity& capacity, const std::string& name) {
  for (const wire::Count& count : capacity.counts()) {
    if (count.name() == name) return count.amount();
  }
  return 0;
}

std::vector<Amount> amounts(const wire::NodeView& node) {
  std::vector<Amount> all = {
      {"cpus", node.total().cpus(), node.free().cpus()},
      {"memory", node.total().memory(), node.free().memory()},
      {"gpus", node.total().gpus(), node.free().gpus()},
  };
  for (const wire::Count& count : node.total().counts()) {
    all.push_back({count.name(), count.amount(), amount_of(node.free(), count.name())});
  }
  return all;
}

std::string_view state_of(const wire::NodeView& node) {
  constexpr auto kLast = static_cast<std::uint32_t>(resmgr::NodeState::kLost);
  if (node.state() > kLast) return "unknown";
  return resmgr::to_string(static_cast<resmgr::NodeState>(node.state()));
}

Colour colour_of(std::string_view state) {
  if (state == "up") return Colour::kGreen;
  return state == "lost" ? Colour::kRed : Colour::kYellow;
}

std::string shown(const std::string& name, std::uint64_t amount) {
  return name == "memory" ? about(Bytes{amount}) : std::to_string(amount);
}

std::string free_of_total(const Amount& amount) {
  return fmt::format("{}/{}", shown(amount.name, amount.free), shown(amount.name, amount.total));
}

// Who holds steps to what they were granted there: "memory", and "controller" or "accounting".
struct Enforcement {
  std::string_view what;
  std::string_view by;
};

// "cgroup v2; memory: accounting; cpus: none": how steps are held together, and their limits.
struct Containment {
  std::string_view way;
  std::vector<Enforcement> limits;
};

std::string_view take_part(std::string_view& text, std::string_view separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + separator.size(), text.size()));
  return part;
}

Containment parse_containment(std::string_view text) {
  Containment containment;
  containment.way = take_part(text, "; ");
  while (!text.empty()) {
    std::string_view by = take_part(text, "; ");
    const std::string_view what = take_part(by, ": ");
    containment.limits.push_back({what, by});
  }
  return containment;
}

std::string in_words(const std::vector<Enforcement>& limits) {
  std::vector<std::string> parts;
  parts.reserve(limits.size());
  for (const auto& [what, by] : limits) parts.push_back(fmt::format("{}: {}", what, by));
  return fmt::format("{}", fmt::join(parts, ", "));
}

Result<wire::NodeList> ask(Client& client, wire::NodeRequest::Verb verb, const std::string& name) {
  wire::Frame request;
  request.mutable_node_request()->set_verb(verb);
  request.mutable_node_request()->set_name(name);
  const Result<wire::Frame> answer = client.ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  if (!answer->has_nodes()) return unexpected_answer();
  return answer->nodes();
}

}  // namespace

Result<wire::NodeList> ask_for_nodes(Client& client) {
  return ask(client, wire::NodeRequest::LIST, "");
}

Result<wire::NodeView> ask_for_node(Client& client, const std::string& name) {
  const Result<wire::NodeList> list = ask(client, wire::NodeRequest::SHOW, name);
  if (!list) return tl::unexpected(list.error());
  if (list->nodes_size() != 1) return unexpected_answer();
  return list->nodes(0);
}

void print_node_as_json(const wire::NodeView& node) {
  JsonWriter json;
  json.object();
  json.field("name", node.name());
  json.field("state", state_of(node));
  json.field("reason", node.reason());
  json.field("drained_by", unless_empty(node.drained_by()));
  json.field("drain_until", Time{node.drain_until()});
  json.name("elements");
  json.array();
  for (const std::string& element : node.elements()) json.value(element);
  json.end();
  json.name("services");
  json.array();
  for (const std::string& service : node.services()) json.value(service);
  json.end();
  json.name("features");
  json.array();
  for (const std::string& feature : node.total().features()) json.value(feature);
  json.end();
  json.name("resources");
  json.object();
  for (const Amount& amount : amounts(node)) {
    json.name(amount.name);
    json.object();
    json.field("total", amount.total);
    json.field("free", amount.free);
    json.end();
  }
  json.end();
  json.field("joined", Time{node.last_joined()});
  json.field("address", unless_empty(node.address()));
  const Containment containment = parse_containment(node.containment());
  json.field("containment", unless_empty(containment.way));
  json.name("limits");
  json.object();
  for (const auto& [what, by] : containment.limits) json.field(what, by);
  json.end();
  json.name("running");
  json.array();
  for (const wire::NodeView::Running& running : node.running()) {
    json.object();
    json.field("job", running.job());
    json.field("index", controller::ref_from_wire(running).index);
    json.field("step", running.step());
    json.field("attempt", running.attempt());
    json.field("user", running.user());
    json.end();
  }
  json.end();
  json.end();
  print(json.line());
}

void print_node(const wire::NodeView& node) {
  const Terminal terminal = standard_output();
  const auto line = [](std::string_view name, std::string_view value) {
    if (!value.empty()) print(fmt::format("{:<12} {}\n", name, value));
  };
  line("node", node.name());
  line("state", coloured(state_of(node), colour_of(state_of(node)), terminal));
  line("reason", printable(node.reason()));
  line("drained by", printable(node.drained_by()));
  if (node.drain_until() != 0) line("until", format_rfc3339(Time{node.drain_until()}));
  line("elements", fmt::format("{}", fmt::join(node.elements(), ", ")));
  line("features", fmt::format("{}", fmt::join(node.total().features(), ", ")));
  line("services", fmt::format("{}", fmt::join(node.services(), ", ")));
  for (const Amount& amount : amounts(node)) {
    line(amount.name, fmt::format("{} free of {}", shown(amount.name, amount.free),
                                  shown(amount.name, amount.total)));
  }
  line("joined", at_local(Time{node.last_joined()}, wall_now()));
  line("address", node.address());
  const Containment containment = parse_containment(node.containment());
  line("containment", printable(containment.way));
  line("limits", printable(in_words(containment.limits)));
  if (node.running().empty()) return;
  Table table({{"JOB", true}, {"STEP", false, 6}, {"ATTEMPT", true}, {"USER", false, 6}});
  for (const wire::NodeView::Running& running : node.running()) {
    table.add({to_string(controller::ref_from_wire(running)), running.step(),
               std::to_string(running.attempt()), running.user()});
  }
  print("\n" + table.take_text(terminal));
}

void print_node_table(const wire::NodeList& list) {
  const Terminal terminal = standard_output();
  Table table({{"NODE", false, 8},
               {"STATE"},
               {"CPUS", true},
               {"MEMORY", true},
               {"GPUS", true},
               {"OTHER", false, 6},
               {"RUNNING", true},
               {"REASON", false, 10}});
  for (const wire::NodeView& node : list.nodes()) {
    const std::vector<Amount> all = amounts(node);
    std::string others;
    for (std::size_t i = 3; i < all.size(); ++i) {
      others += fmt::format("{}{} {}", i == 3 ? "" : ", ", all[i].name, free_of_total(all[i]));
    }
    table.add({node.name(), Cell(std::string(state_of(node)), colour_of(state_of(node))),
               free_of_total(all[0]), free_of_total(all[1]), free_of_total(all[2]),
               others.empty() ? "-" : others, std::to_string(node.running_size()), node.reason()});
  }
  print(table.take_text(terminal));
}

}  // namespace jobq::cmd
