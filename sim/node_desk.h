// SPDX-License-Identifier: Apache-2.0
// The controller's side of nodes, as in controller/nodes.cc, over simulated connections: joining,
// silence, orders, reports.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "controller/away_nodes.h"
#include "controller/turn.h"
#include "sim/network.h"
#include "sim/timeline.h"
#include "sim/witness.h"

namespace jobq::sim {

// A node that is away for so long is given up, if the controller counts all the while.
inline constexpr Millis kGivenUpAfter = seconds(51);

class NodeDesk final : public Peer {
 public:
  NodeDesk(Timeline& timeline, Process& process, Network& network, Witness& witness,
           controller::Turn& turn, std::map<std::string, std::uint64_t>& counts);
  ~NodeDesk() override;
  NodeDesk(const NodeDesk&) = delete;
  NodeDesk& operator=(const NodeDesk&) = delete;

  void carry_out(const sched::Action& action);  // what is not for nodes is passed over
  void dismiss_all(const std::string& reason);

 private:
  struct Caller {
    std::string name;  // empty: it has not joined
    std::string incarnation;
    NodeId node;
    std::int64_t heard_us = 0;
    std::vector<std::string> offers;
  };
  void on_connected(ConnectionId connection) override;
  void on_message(ConnectionId connection, const Message& message) override;
  void on_lost(ConnectionId connection, const std::string& reason) override;
  void offered(Caller& caller, const Offered& offered);
  void join(ConnectionId connection, const Join& join);
  bool may_take_name(ConnectionId connection, const Join& join);
  void welcome(const sched::Welcome& welcome);
  void send(NodeId node, Message message);
  void drop(ConnectionId connection, const std::string& reason);
  void gone(ConnectionId connection, const std::string& reason);
  void beat();
  void give_up(NodeId node);

  Timeline& timeline_;
  Process& process_;
  Network& network_;
  Witness& witness_;
  controller::Turn& turn_;
  std::map<ConnectionId, Caller> callers_;
  std::map<std::string, ConnectionId> by_name_;
  std::map<NodeId, ConnectionId> by_id_;
  std::map<std::string, std::uint64_t>& counts_;
  controller::AwayNodes away_;
  std::int64_t last_beat_us_ = 0;  // 0: the first one counts as late
};

}  // namespace jobq::sim
