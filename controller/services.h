// SPDX-License-Identifier: Apache-2.0
// The directory of services: the union of what the connected nodes offer.
//
// A node says all that it offers, again and again; an entry that it does not say again within its
// time to live is gone, by this machine's steady clock, and so are all of a node that is lost. The
// core is told which types a node offers, when these change: it knows no times to live, so that it
// decides the same when it is replayed, and only what is here has to wake for them. Other nodes are
// told of the entries of their neighbours, when these change: the nodes that share an element with
// them, or all where there are no elements.
//
// Nothing of it is on record: nodes say it again when they join.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "controller/loop_handles.h"
#include "controller/turns.h"
#include "net/jobq.pb.h"

namespace jobq::controller {

class Services {
 public:
  using Send = std::function<void(NodeId, const wire::Frame&)>;  // to a node, where it is there
  // The world: a test stands here.
  struct Doors {
    const sched::Policy& policy;
    std::function<void(sched::NodeServices)> post;
    Send send;
    std::function<std::int64_t()> steady_now_ns;
    // By expire(), after so long; none: not at all.
    std::function<void(std::optional<Millis>)> wake;
  };

  Services(uv_loop_s* loop, Turns& turns, Send send);
  explicit Services(Doors doors);
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  void joined(NodeId id, const std::string& name);
  void left(NodeId id);
  void offered(NodeId id, const wire::NodeServices& said);
  void expire();

  // Of the type, of every type where it is empty; by node.
  std::vector<wire::NodeServices> find(const std::string& type) const;

 private:
  struct Entry {
    wire::Service service;
    std::int64_t ends_ns = 0;
    std::string text;  // all but what is left of its time
  };
  struct Node {
    std::string name;
    std::vector<std::string> elements;
    bool is_here = false;
    bool has_offered = false;  // ever: others may still have what it offered
    std::vector<Entry> entries;
    std::vector<std::string> types;  // ascending
  };

  bool are_neighbours(const Node& a, const Node& b) const;
  static wire::NodeServices shown(const Node& node, std::int64_t now_ns);
  static std::optional<std::int64_t> soonest_end_ns(const Node& node);
  void set_entries(NodeId id, Node& node, std::vector<Entry> entries);
  void tell_neighbours(NodeId id, const Node& node);
  void watch();

  Doors doors_;
  std::map<NodeId, Node> nodes_;  // also those that left: their neighbours must hear of it
  std::set<std::pair<std::int64_t, NodeId>> ends_;  // the soonest of each node that has entries
  std::unique_ptr<Timer> expiry_;
};

}  // namespace jobq::controller
