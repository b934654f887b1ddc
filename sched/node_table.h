// SPDX-License-Identifier: Apache-2.0
// The nodes as the event manager knows them: their rows, whether they are connected, and which of
// our attempts are on them.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "sched/rows.h"

namespace jobq::sched {

struct Node {
  NodeRow row;
  bool connected = false;             // set by NodeTable alone
  std::vector<std::string> elements;  // that it belongs to, by name
  std::string lost_reason;            // while it is not connected
  std::set<AttemptId> attempts;       // launched there and not ended; set by NodeTable alone
  // Found running when it joined, and not ours any more: until they have ended they take up what
  // others would be granted, and may be what is to run again. Set by NodeTable alone.
  std::set<AttemptId> strangers;
  // The lease of the last welcome. row.lease is the one to wait for: that of before while the node
  // may go by it, where it is longer; 0, none at all, is longer than any.
  Millis promised;
};

class NodeTable {
 public:
  Node& add(NodeId id, const std::string& name);
  Node* find(NodeId id);
  const Node* find(NodeId id) const;
  Node* find(const std::string& name);
  const Node* find(const std::string& name) const;
  const std::map<NodeId, Node>& all() const { return nodes_; }

  void connect(Node& node, bool connected);
  void drain(Node& node, bool draining);
  void attach(NodeId id, const AttemptId& attempt);
  void detach(NodeId id, const AttemptId& attempt);

  void set_strangers(Node& node, std::set<AttemptId> strangers);
  // True where it was the last one.
  bool erase_stranger(Node& node, const AttemptId& attempt);

  bool is_connected(NodeId id) const;
  // Connected, and nothing of strangers runs there.
  bool may_start(NodeId id) const;
  // One that may start something and is not draining, with the fewest attempts, the lowest id of
  // equals; of the element, where one is named. Not the one to avoid, unless there is no other; 0:
  // none is to be avoided.
  std::optional<NodeId> least_loaded(const std::string& element, NodeId avoid = {}) const;
  // Any that may start something, the lowest id.
  std::optional<NodeId> any_that_may_start() const;

  Result<void> check_invariants() const;

 private:
  using Load = std::pair<std::size_t, NodeId>;
  static bool is_open(const Node& node);
  void rank(const Node& node);
  void unrank(const Node& node);

  std::map<NodeId, Node> nodes_;
  std::map<std::string, NodeId> by_name_;
  std::set<Load> open_;  // those that take new steps
};

}  // namespace jobq::sched
