// SPDX-License-Identifier: Apache-2.0
// Joining, heartbeats, orders and reports; the rules are those of controller/nodes.cc.
#include "sim/node_desk.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/overload.h"

namespace jobq::sim {
namespace {

constexpr Millis kTimeout{3000};
constexpr Millis kHeartbeat{1000};
constexpr Millis kLease{6000};
// Longer than any keeper stands still: one that does cannot end anything.
constexpr Millis kMargin{40'000};
Millis margin_of(Millis /*lease*/) { return kMargin; }

// What a silence takes to be noticed, then the count; each begins or ends with a beat.
static_assert(kGivenUpAfter >= kTimeout + kLease + kMargin + kHeartbeat + kHeartbeat);

}  // namespace

NodeDesk::NodeDesk(Timeline& timeline, Process& process, Network& network, Witness& witness,
                   controller::Turn& turn, std::map<std::string, std::uint64_t>& counts)
    : timeline_(timeline),
      process_(process),
      network_(network),
      witness_(witness),
      turn_(turn),
      counts_(counts),
      away_(kLease, margin_of) {
  network_.listen(this, &process_);
  process_.after(kHeartbeat, [this] { beat(); });
}

NodeDesk::~NodeDesk() {
  network_.stop_listening();
  network_.close_all(*this);
}

void NodeDesk::on_connected(ConnectionId connection) {
  callers_[connection].heard_us = timeline_.now_us();
}

void NodeDesk::on_message(ConnectionId connection, const Message& message) {
  const auto at = callers_.find(connection);
  if (at == callers_.end()) return;
  at->second.heard_us = timeline_.now_us();
  const NodeId node = at->second.node;
  std::visit(Overload{[&](const Join& one) { join(connection, one); },
                      [&](const Started& one) {
                        if (node) turn_.post(sched::TaskStarted{node, one.id});
                      },
                      [&](const Complete& one) {
                        if (node) turn_.post(sched::TaskComplete{node, one.id, one.end});
                      },
                      [&](const Offered& one) {
                        if (node) offered(at->second, one);
                      },
                      [&](const Heartbeat& one) {
                        network_.send(connection, Network::Side::kController, one);
                      },
                      [](const auto& /*not for controllers*/) {}},
             message);
}

// As controller/services.cc: who says the same again is no news. Nothing lapses here.
void NodeDesk::offered(Caller& caller, const Offered& offered) {
  if (caller.offers == offered.types) return;
  const bool withdraws = !std::ranges::includes(offered.types, caller.offers);
  ++counts_[withdraws ? "services withdrawn" : "services offered"];
  caller.offers = offered.types;
  turn_.post(sched::NodeServices{caller.node, offered.types});
}

void NodeDesk::join(ConnectionId connection, const Join& join) {
  if (!may_take_name(connection, join)) return drop(connection, "another node has the name");
  Caller& caller = callers_.at(connection);
  caller.name = join.name;
  caller.incarnation = join.incarnation;
  by_name_[join.name] = connection;
  turn_.post(sched::NodeJoined{join.name, join.incarnation, join.capacity, join.attempts,
                               connection, kLease});
}

bool NodeDesk::may_take_name(ConnectionId connection, const Join& join) {
  const auto at = by_name_.find(join.name);
  if (at == by_name_.end() || at->second == connection) return true;
  const auto holder = callers_.find(at->second);
  if (holder != callers_.end() && holder->second.incarnation != join.incarnation) return false;
  drop(at->second, "the node connected again");
  return true;
}

void NodeDesk::on_lost(ConnectionId connection, const std::string& reason) {
  gone(connection, reason);
}

void NodeDesk::drop(ConnectionId connection, const std::string& reason) {
  network_.close(connection, Network::Side::kController, reason);
  gone(connection, reason);
}

void NodeDesk::gone(ConnectionId connection, const std::string& reason) {
  const auto at = callers_.find(connection);
  if (at == callers_.end()) return;
  const Caller caller = at->second;
  callers_.erase(at);
  const auto named = by_name_.find(caller.name);
  if (named != by_name_.end() && named->second == connection) by_name_.erase(named);
  const auto known = by_id_.find(caller.node);
  if (known == by_id_.end() || known->second != connection) return;
  by_id_.erase(known);
  turn_.post(sched::NodeLost{caller.node, reason});
}

void NodeDesk::dismiss_all(const std::string& reason) {
  std::vector<ConnectionId> all;
  for (const auto& [connection, caller] : callers_) all.push_back(connection);
  for (const ConnectionId connection : all) drop(connection, reason);
}

void NodeDesk::welcome(const sched::Welcome& welcome) {
  const auto at = by_name_.find(welcome.name);
  if (at == by_name_.end()) {
    turn_.post(sched::NodeLost{welcome.node, "it went away while it joined"});
    return;
  }
  if (at->second != welcome.link) return;
  callers_.at(at->second).node = welcome.node;
  by_id_[welcome.node] = at->second;
  away_.welcomed(welcome.node);
  witness_.node_is_welcomed(welcome.name);
  network_.send(at->second, Network::Side::kController, Welcomed{welcome.node, kHeartbeat, kLease});
}

void NodeDesk::send(NodeId node, Message message) {
  const auto at = by_id_.find(node);
  if (at == by_id_.end()) return;
  network_.send(at->second, Network::Side::kController, std::move(message));
}

void NodeDesk::carry_out(const sched::Action& action) {
  using What = Order::What;
  std::visit(Overload{[this](const sched::Welcome& one) { welcome(one); },
                      [this](const sched::Launch& one) { send(one.node, one); },
                      [this](const sched::Kill& one) {
                        send(one.node, Order{What::kKill, one.id, 0});
                      },
                      [this](const sched::Signal& one) {
                        send(one.node, Order{What::kSignal, one.id, one.signal});
                      },
                      [this](const sched::Suspend& one) {
                        send(one.node, Order{What::kSuspend, one.id, 0});
                      },
                      [this](const sched::Resume& one) {
                        send(one.node, Order{What::kResume, one.id, 0});
                      },
                      [this](const sched::Forget& one) {
                        send(one.node, Order{What::kForget, one.id, 0});
                      },
                      [](const auto& /*not for nodes*/) {}},
             action);
}

// Where this process itself stood still, what the nodes sent meanwhile is not read yet: a late beat
// finds nobody silent.
void NodeDesk::beat() {
  const std::int64_t now_us = timeline_.now_us();
  const std::int64_t pause_us = now_us - std::exchange(last_beat_us_, now_us);
  const bool late = pause_us > 2 * kHeartbeat.count * 1000;
  std::vector<ConnectionId> silent;
  for (const auto& [connection, caller] : callers_) {
    if (!late && caller.heard_us + kTimeout.count * 1000 < now_us) {
      silent.push_back(connection);
    } else {
      network_.send(connection, Network::Side::kController, Heartbeat{});
    }
  }
  for (const ConnectionId connection : silent) drop(connection, "it was silent for 3s");
  for (const NodeId node : away_.overdue(turn_.core().nodes_away(), now_us * 1000)) {
    give_up(node);
  }
  process_.after(kHeartbeat, [this] { beat(); });
}

void NodeDesk::give_up(NodeId node) {
  ++counts_["nodes given up"];
  for (const sched::NodeView& view : turn_.core().nodes()) {
    if (view.resources.id == node) witness_.node_is_given_up(view.resources.name);
  }
  turn_.post(sched::NodeGivenUp{node});
}

}  // namespace jobq::sim
