// SPDX-License-Identifier: Apache-2.0
// Who is connected: clients and nodes, from their first byte to their last.
//
// A peer says Hello, as a client or as a node; until then nothing else is heard. Frames then go to
// the one handler of its role. A peer that does not speak the protocol is told why, and dropped.
//
// A step speaks through its node: it is a client like any other, and gone with the node.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "controller/line.h"
#include "net/jobq.pb.h"
#include "sched/event.h"

namespace jobq::controller {

using PeerId = std::uint64_t;

struct Peer {
  PeerId id = 0;
  std::unique_ptr<Line> connection;
  bool greeted = false;
  bool is_node = false;
  sched::Actor actor;
  std::size_t open_requests = 0;  // of a client: not answered yet
  std::vector<std::function<void()>> when_drained;
  // Through which node it speaks, and which of that node's tunnels it is; 0: through none.
  std::pair<PeerId, std::uint64_t> tunnel;

  // Of a node.
  std::string node_name;
  NodeId node;  // 0 until it was welcomed
  std::string incarnation;
  std::string containment;
  std::int64_t heard_ns = 0;
};

class Peers {
 public:
  struct Handlers {
    std::function<void(Peer&, const wire::Frame&)> on_request;  // of a client
    std::function<void(Peer&, const wire::Frame&)> on_report;   // of a node
    std::function<void(const Peer&, const std::string& reason)> on_gone;
  };

  Peers(std::vector<std::string> operators, Handlers handlers);
  ~Peers() { close_all(); }
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  void add(std::unique_ptr<net::Connection> connection);
  Peer* find(PeerId id);
  const std::map<PeerId, Peer>& all() const { return peers_; }

  // Nothing happens when the peer is gone.
  void send(PeerId id, const wire::Frame& frame);
  // Calls `then` when what was sent is on its way: at once, or when a slow reader has read. Never,
  // when the peer goes away.
  void when_drained(PeerId id, std::function<void()> then);
  // Forgets the peer and calls on_gone; a frame that is given is its last.
  void drop(PeerId id, const std::string& reason, const wire::Frame* farewell = nullptr);
  void close_all();

  // A user of this machine, as one who speaks to the local socket is known.
  sched::Actor local_actor(std::uint32_t uid, std::uint32_t gid, std::string user) const;

 private:
  void on_message(PeerId id, std::string_view message);
  void on_drained(PeerId id);
  void greet(Peer& peer, const wire::Frame& frame);
  void refuse(PeerId id, std::uint64_t request, const Error& error);
  sched::Actor actor_of(const Line& connection, const wire::Hello& hello) const;

  // tunnels.cc
  void on_tunnel(const Peer& node, const wire::Tunnel& tunnel);
  void open_tunnel(PeerId node, const std::string& name, const wire::Tunnel& tunnel);
  void drop_tunnels(PeerId node, const std::string& reason);
  void drain_tunnels(PeerId node);

  std::unordered_set<std::string> operators_;
  Handlers handlers_;
  std::map<PeerId, Peer> peers_;
  std::map<std::pair<PeerId, std::uint64_t>, PeerId> tunnels_;
  PeerId last_id_ = 0;
};

}  // namespace jobq::controller
