// SPDX-License-Identifier: Apache-2.0
// Connections between nodes and the controller.
//
// As TCP has it: a connection carries messages in order, each once, until it breaks; what was on
// its way at the break arrives up to some point. While a node is cut off nothing arrives, not even
// the news that the other side is gone: what was sent waits. Loss, duplication and reordering come
// from what the ends do about breaks. In a nasty world orders are doubled as well, for carrying one
// out twice must be harmless.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "sim/chance.h"
#include "sim/messages.h"
#include "sim/timeline.h"

namespace jobq::sim {

using ConnectionId = std::uint64_t;

// One side of connections. Calls come from the timeline, never from within a call of the network.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void on_connected(ConnectionId connection) = 0;
  virtual void on_message(ConnectionId connection, const Message& message) = 0;
  virtual void on_lost(ConnectionId connection, const std::string& reason) = 0;
};

class Network {
 public:
  Network(Timeline& timeline, Chance& chance) : timeline_(timeline), chance_(chance) {}

  // The controller, while there is one.
  void listen(Peer* controller, Process* process);
  void stop_listening();

  // A node calls: on_connected(), or on_lost() where nobody answers.
  ConnectionId connect(const std::string& host, Peer& node, Process& process);
  enum class Side : std::uint8_t { kNode, kController };
  void send(ConnectionId connection, Side from, Message message);
  // One side hangs up, or its process died: it hears no more.
  void close(ConnectionId connection, Side side, const std::string& reason);
  void close_all(const Peer& of);

  // --- faults
  void cut_off(const std::string& host, bool cut);
  bool is_cut_off(const std::string& host) const { return cut_.contains(host); }
  // Both sides find it broken, in their own time.
  void break_one();
  void set_doubling(bool doubling) { doubling_ = doubling; }
  void heal();

  struct Counters {
    std::uint64_t connections = 0;
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;     // with their connection
    std::uint64_t doubled = 0;  // orders
    std::uint64_t held_up = 0;  // by a cut
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Parcel {
    Message message;
    std::string end;  // not empty: the other side is gone, and this is why
  };
  struct End {
    Peer* peer = nullptr;  // none: it hears no more
    Process* process = nullptr;
    std::deque<Parcel> arriving;
    bool pumping = false;
  };
  struct Connection {
    std::string host;
    End node;
    End controller;
    End& at(Side side) { return side == Side::kNode ? node : controller; }
  };
  static Side other(Side side) { return side == Side::kNode ? Side::kController : Side::kNode; }

  void answer(ConnectionId connection);
  void pump(ConnectionId connection, Side to);
  void arrive(ConnectionId connection, Side to);
  void lose_some(End& end);
  Connection* find(ConnectionId connection);
  void forget_if_over(ConnectionId connection);

  Timeline& timeline_;
  Chance& chance_;
  Peer* controller_ = nullptr;
  Process* controller_process_ = nullptr;
  std::map<ConnectionId, Connection> connections_;
  std::set<std::string> cut_;
  ConnectionId last_ = 0;
  bool doubling_ = false;
  Counters counters_;
};

}  // namespace jobq::sim
