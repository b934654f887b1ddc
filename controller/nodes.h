// SPDX-License-Identifier: Apache-2.0
// The controller's side of nodes: joining, silence, orders, reports, and questions about output and
// files.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "base/time.h"
#include "controller/away_nodes.h"
#include "controller/loop_handles.h"
#include "controller/peers.h"
#include "controller/services.h"
#include "controller/turns.h"
#include "sched/action.h"

namespace jobq::controller {

class Nodes {
 public:
  // `lease`: of nodes on other machines; a node on a local socket has none, since nothing comes
  // between it and its controller.
  Nodes(uv_loop_s* loop, Turns& turns, Peers& peers, Millis timeout, Millis lease);

  void on_report(Peer& peer, const wire::Frame& frame);
  void on_gone(const Peer& peer, const std::string& reason);
  // Every node is sent away: it joins again and says what it knows.
  void dismiss_all(const std::string& reason);

  // Orders; those for a node that is not connected are dropped (joining again makes up for them).
  void welcome(const sched::Welcome& welcome);
  void launch(const sched::Launch& launch);
  void order(NodeId node, wire::AttemptOrder::What what, const AttemptId& id, int signal = 0);

  // Asks a node for output; the answer is an OutputChunk or an Error, once.
  using NodeAnswer = std::function<void(const wire::Frame&)>;
  void read_output(const std::string& node, const wire::ReadOutput& request, NodeAnswer answer);

  // The same for files; the answer is a FileReply or an Error.
  void order_file(const std::string& node, wire::FileOrder order, NodeAnswer answer);

  const Services& services() const { return services_; }

  // What only the connection knows of a node.
  const Peer* link(const std::string& name) const;

 private:
  struct Relay {
    PeerId peer = 0;
    NodeAnswer answer;
  };

  void join(Peer& peer, const wire::NodeJoin& join);
  bool may_take_name(Peer& peer, const wire::NodeJoin& join);
  void complete(const Peer& peer, const wire::TaskComplete& complete);
  void ask(const Peer& peer, wire::Frame& frame, NodeAnswer answer);
  void answered(const wire::Frame& frame);
  void beat();
  void answer_heartbeat(const Peer& peer, const wire::Heartbeat& heartbeat);
  Millis lease_of(const Peer& peer) const;  // 0: none
  Peer* by_id(NodeId node);

  Turns& turns_;
  Peers& peers_;
  Services services_;
  Millis timeout_;
  Millis lease_;
  AwayNodes away_;
  Timer heartbeat_;
  std::int64_t last_beat_ns_ = 0;  // 0: the first one counts as late
  std::unordered_map<std::string, PeerId> by_name_;
  std::unordered_map<NodeId, PeerId> by_id_;
  std::unordered_map<std::uint64_t, Relay> relays_;
  std::uint64_t last_relay_ = 0;
};

}  // namespace jobq::controller
