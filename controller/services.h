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
#include <string>
#include <vector>

#include "base/ids.h"
#include "controller/loop_handles.h"
#include "controller/turns.h"
#include "net/jobq.pb.h"

namespace jobq::controller {

class Services {
 public:
  using Send = std::function<void(NodeId, const wire::Frame&)>;  // to a node, where it is there

  Services(uv_loop_s* loop, Turns& turns, Send send);

  void joined(NodeId id, const std::string& name);
  void left(NodeId id);
  void offered(NodeId id, const wire::NodeServices& said);

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
    std::vector<Entry> entries;
    std::vector<std::string> types;  // ascending
  };

  bool are_neighbours(const Node& a, const Node& b) const;
  static wire::NodeServices shown(const Node& node, std::int64_t now_ns);
  void set_entries(NodeId id, Node& node, std::vector<Entry> entries);
  void tell_neighbours(NodeId id, const Node& node);
  void expire();
  void watch();

  Turns& turns_;
  Send send_;
  std::map<NodeId, Node> nodes_;  // also those that left: their neighbours must hear of it
  Timer expiry_;
};

}  // namespace jobq::controller
