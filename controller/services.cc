// SPDX-License-Identifier: Apache-2.0
// Who offers what, for how long, and who hears of it.
#include "controller/services.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "resmgr/needs.h"
#include "sched/elements.h"

namespace jobq::controller {
namespace {

constexpr int kMostEntries = 1000;  // of a node
constexpr Millis kMostTtl = seconds(std::int64_t{86400});

}  // namespace

Services::Services(uv_loop_s* loop, Turns& turns, Send send)
    : Services({turns.policy(), [&turns](sched::NodeServices news) { turns.post(std::move(news)); },
                std::move(send), [] { return steady_now_ns(); },
                [this](std::optional<Millis> delay) {
                  if (!delay) return expiry_->stop();
                  expiry_->start(*delay);
                }}) {
  expiry_ = std::make_unique<Timer>(loop, [this] { expire(); });
}

Services::Services(Doors doors) : doors_(std::move(doors)) {}

// Of neighbours that never offered anything it is not told: after a restart of the controller that
// would be a frame for each pair of nodes. What it has of them from before the restart goes with
// its time to live.
void Services::joined(NodeId id, const std::string& name) {
  Node& node = nodes_[id];
  node.name = name;
  node.elements = sched::elements_of_node(doors_.policy, name);
  node.is_here = true;
  for (const auto& [other_id, other] : nodes_) {
    if (other_id == id || !other.has_offered || !are_neighbours(node, other)) continue;
    wire::Frame frame;
    *frame.mutable_offered() = shown(other, doors_.steady_now_ns());
    doors_.send(id, frame);
  }
}

// The core takes them away by itself.
void Services::left(NodeId id) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end()) return;
  Node& node = found->second;
  node.is_here = false;
  node.types.clear();
  set_entries(id, node, {});
  watch();
}

void Services::offered(NodeId id, const wire::NodeServices& said) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end() || !found->second.is_here) return;
  const std::int64_t now_ns = doors_.steady_now_ns();
  std::vector<Entry> entries;
  for (const wire::Service& service : said.services()) {
    const bool good = resmgr::valid_name(service.type()) && service.left() > 0 &&
                      std::ssize(entries) < kMostEntries;
    if (!good) {
      log::warning("node {}: an entry for the directory is not taken", found->second.name);
      continue;
    }
    Entry& entry = entries.emplace_back(Entry{service, 0, {}});
    entry.ends_ns = now_ns + std::min(Millis{service.left()}, kMostTtl).count * kNsPerMs;
    entry.service.clear_left();
    entry.text = entry.service.SerializeAsString();
  }
  set_entries(id, found->second, std::move(entries));
  watch();
}

std::vector<wire::NodeServices> Services::find(const std::string& type) const {
  const std::int64_t now_ns = doors_.steady_now_ns();
  std::map<std::string, wire::NodeServices> by_name;
  for (const auto& [id, node] : nodes_) {
    const wire::NodeServices all = shown(node, now_ns);
    for (const wire::Service& service : all.services()) {
      if (!type.empty() && service.type() != type) continue;
      by_name[node.name].set_node(node.name);
      *by_name[node.name].add_services() = service;
    }
  }
  std::vector<wire::NodeServices> found;
  for (auto& [name, node] : by_name) found.push_back(std::move(node));
  return found;
}

bool Services::are_neighbours(const Node& a, const Node& b) const {
  const auto in_a = [&](const std::string& element) {
    return std::ranges::find(a.elements, element) != a.elements.end();
  };
  return doors_.policy.elements.empty() || std::ranges::any_of(b.elements, in_a);
}

wire::NodeServices Services::shown(const Node& node, std::int64_t now_ns) {
  wire::NodeServices services;
  services.set_node(node.name);
  for (const Entry& entry : node.entries) {
    if (entry.ends_ns <= now_ns) continue;
    wire::Service& service = *services.add_services() = entry.service;
    service.set_left((entry.ends_ns - now_ns) / kNsPerMs);
  }
  return services;
}

std::optional<std::int64_t> Services::soonest_end_ns(const Node& node) {
  const auto soonest = std::ranges::min_element(node.entries, {}, &Entry::ends_ns);
  if (soonest == node.entries.end()) return std::nullopt;
  return soonest->ends_ns;
}

// Who says the same again makes it last longer, and is no news.
void Services::set_entries(NodeId id, Node& node, std::vector<Entry> entries) {
  const bool same = std::ranges::equal(node.entries, entries, {}, &Entry::text, &Entry::text);
  if (const auto end_ns = soonest_end_ns(node)) ends_.erase({*end_ns, id});
  node.entries = std::move(entries);
  if (const auto end_ns = soonest_end_ns(node)) ends_.emplace(*end_ns, id);
  if (same) return;
  node.has_offered = true;
  tell_neighbours(id, node);
  std::vector<std::string> types;
  for (const Entry& entry : node.entries) types.push_back(entry.service.type());
  std::ranges::sort(types);
  types.erase(std::unique(types.begin(), types.end()), types.end());
  if (types == node.types) return;
  node.types = types;
  doors_.post(sched::NodeServices{id, std::move(types)});
}

void Services::tell_neighbours(NodeId id, const Node& node) {
  wire::Frame frame;
  *frame.mutable_offered() = shown(node, doors_.steady_now_ns());
  for (const auto& [other_id, other] : nodes_) {
    if (other_id == id || !other.is_here || !are_neighbours(node, other)) continue;
    doors_.send(other_id, frame);
  }
}

void Services::expire() {
  const std::int64_t now_ns = doors_.steady_now_ns();
  while (!ends_.empty() && ends_.begin()->first <= now_ns) {
    const NodeId id = ends_.begin()->second;
    Node& node = nodes_.at(id);
    std::vector<Entry> kept = node.entries;
    std::erase_if(kept, [&](const Entry& entry) { return entry.ends_ns <= now_ns; });
    set_entries(id, node, std::move(kept));
  }
  watch();
}

void Services::watch() {
  if (ends_.empty()) return doors_.wake(std::nullopt);
  const std::int64_t left_ns = ends_.begin()->first - doors_.steady_now_ns();
  doors_.wake(Millis{std::max<std::int64_t>(left_ns / kNsPerMs + 1, 0)});
}

}  // namespace jobq::controller
