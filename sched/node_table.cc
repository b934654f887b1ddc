// SPDX-License-Identifier: Apache-2.0
// Nodes and their order by load.
#include "sched/node_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace jobq::sched {

Node& NodeTable::add(NodeId id, const std::string& name) {
  const auto [it, is_new] = nodes_.try_emplace(id);
  check(is_new && by_name_.emplace(name, id).second, "a node was added twice");
  it->second.row.id = id;
  it->second.row.name = name;
  return it->second;
}

Node* NodeTable::find(NodeId id) {
  const auto it = nodes_.find(id);
  return it == nodes_.end() ? nullptr : &it->second;
}

const Node* NodeTable::find(NodeId id) const {
  const auto it = nodes_.find(id);
  return it == nodes_.end() ? nullptr : &it->second;
}

Node* NodeTable::find(const std::string& name) {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : find(it->second);
}

const Node* NodeTable::find(const std::string& name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : find(it->second);
}

bool NodeTable::is_open(const Node& node) {
  return node.connected && !node.row.draining && node.strangers.empty();
}

void NodeTable::rank(const Node& node) {
  if (is_open(node)) open_.emplace(node.attempts.size(), node.row.id);
}

void NodeTable::unrank(const Node& node) { open_.erase({node.attempts.size(), node.row.id}); }

void NodeTable::connect(Node& node, bool connected) {
  unrank(node);
  node.connected = connected;
  rank(node);
}

void NodeTable::drain(Node& node, bool draining) {
  unrank(node);
  node.row.draining = draining;
  rank(node);
}

void NodeTable::attach(NodeId id, const AttemptId& attempt) {
  Node& node = nodes_.at(id);
  unrank(node);
  check(node.attempts.insert(attempt).second, "an attempt was launched twice");
  rank(node);
}

void NodeTable::detach(NodeId id, const AttemptId& attempt) {
  Node& node = nodes_.at(id);
  unrank(node);
  check(node.attempts.erase(attempt) == 1, "an attempt ended twice");
  rank(node);
}

void NodeTable::set_strangers(Node& node, std::set<AttemptId> strangers) {
  unrank(node);
  node.strangers = std::move(strangers);
  rank(node);
}

bool NodeTable::erase_stranger(Node& node, const AttemptId& attempt) {
  if (node.strangers.erase(attempt) == 0 || !node.strangers.empty()) return false;
  rank(node);
  return true;
}

bool NodeTable::may_start(NodeId id) const {
  const Node* node = find(id);
  return node != nullptr && node->connected && node->strangers.empty();
}

bool NodeTable::is_connected(NodeId id) const {
  const Node* node = find(id);
  return node != nullptr && node->connected;
}

std::optional<NodeId> NodeTable::least_loaded(const std::string& element, NodeId avoid) const {
  std::optional<NodeId> avoided;
  for (const auto& [load, id] : open_) {
    const bool is_of =
        element.empty() || std::ranges::binary_search(nodes_.at(id).elements, element);
    if (is_of && id != avoid) return id;
    if (is_of) avoided = id;
  }
  return avoided;
}

std::optional<NodeId> NodeTable::any_that_may_start() const {
  for (const auto& [id, node] : nodes_) {
    if (may_start(id)) return id;
  }
  return std::nullopt;
}

Result<void> NodeTable::check_invariants() const {
  std::set<Load> recount;
  for (const auto& [id, node] : nodes_) {
    for (const AttemptId& stranger : node.strangers) {
      if (!node.attempts.contains(stranger)) continue;
      return fail(ErrorCode::kInternal, "an attempt of ours counts as a stranger on its node");
    }
    if (is_open(node)) recount.emplace(node.attempts.size(), id);
  }
  if (recount == open_ && by_name_.size() == nodes_.size()) return {};
  return fail(ErrorCode::kInternal, "nodes are ranked wrongly by load");
}

}  // namespace jobq::sched
