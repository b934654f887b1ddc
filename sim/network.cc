// SPDX-License-Identifier: Apache-2.0
// Parcels on their way, and what breaks do to them.
#include "sim/network.h"

#include <iterator>
#include <utility>
#include <vector>

namespace jobq::sim {
namespace {

constexpr std::int64_t kQuickestUs = 50;
constexpr std::int64_t kSlowestUs = 3000;

bool is_order(const Message& message) {
  return std::holds_alternative<sched::Launch>(message) || std::holds_alternative<Order>(message);
}

}  // namespace

void Network::listen(Peer* controller, Process* process) {
  controller_ = controller;
  controller_process_ = process;
}

void Network::stop_listening() { listen(nullptr, nullptr); }

Network::Connection* Network::find(ConnectionId connection) {
  const auto at = connections_.find(connection);
  return at == connections_.end() ? nullptr : &at->second;
}

void Network::forget_if_over(ConnectionId connection) {
  const auto at = connections_.find(connection);
  if (at == connections_.end() || at->second.node.peer || at->second.controller.peer) return;
  counters_.lost += at->second.node.arriving.size() + at->second.controller.arriving.size();
  connections_.erase(at);
}

ConnectionId Network::connect(const std::string& host, Peer& node, Process& process) {
  const ConnectionId id = ++last_;
  Connection& made = connections_[id];
  made.host = host;
  made.node.peer = &node;
  made.node.process = &process;
  timeline_.after_us(chance_.between(kQuickestUs, kSlowestUs), [this, id] { answer(id); });
  return id;
}

void Network::answer(ConnectionId connection) {
  Connection* found = find(connection);
  if (!found || !found->node.peer) return forget_if_over(connection);
  if (!controller_ || is_cut_off(found->host)) {
    found->node.arriving.push_back({Heartbeat{}, "nobody answers"});
    // A cut host finds out by itself: it is its own kernel that gives up.
    Peer* const peer = std::exchange(found->node.peer, nullptr);
    Process* const process = found->node.process;
    forget_if_over(connection);
    process->after_us(0, [peer, connection] { peer->on_lost(connection, "nobody answers"); });
    return;
  }
  ++counters_.connections;
  found->controller.peer = controller_;
  found->controller.process = controller_process_;
  Peer* const controller = controller_;
  controller_process_->after_us(0, [this, controller, connection] {
    const Connection* still = find(connection);
    if (still && still->controller.peer) controller->on_connected(connection);
  });
  found->node.process->after_us(chance_.between(kQuickestUs, kSlowestUs), [this, connection] {
    const Connection* still = find(connection);
    if (still && still->node.peer) still->node.peer->on_connected(connection);
  });
}

void Network::send(ConnectionId connection, Side from, Message message) {
  Connection* found = find(connection);
  if (!found) return;
  End& to = found->at(other(from));
  if (doubling_ && from == Side::kController && is_order(message) && chance_.one_in(8)) {
    ++counters_.doubled;
    to.arriving.push_back({message, {}});
  }
  to.arriving.push_back({std::move(message), {}});
  pump(connection, other(from));
}

void Network::close(ConnectionId connection, Side side, const std::string& reason) {
  Connection* found = find(connection);
  if (!found) return;
  found->at(side).peer = nullptr;
  End& there = found->at(other(side));
  lose_some(there);
  there.arriving.push_back({Heartbeat{}, reason.empty() ? "closed" : reason});
  pump(connection, other(side));
  forget_if_over(connection);
}

void Network::close_all(const Peer& of) {
  std::vector<std::pair<ConnectionId, Side>> ends;
  for (const auto& [id, connection] : connections_) {
    if (connection.node.peer == &of) ends.emplace_back(id, Side::kNode);
    if (connection.controller.peer == &of) ends.emplace_back(id, Side::kController);
  }
  for (const auto& [id, side] : ends) close(id, side, "the process is gone");
}

// What was on its way arrives up to some point.
void Network::lose_some(End& end) {
  const std::size_t kept = chance_.below(end.arriving.size() + 1);
  counters_.lost += end.arriving.size() - kept;
  end.arriving.resize(kept);
}

void Network::pump(ConnectionId connection, Side to) {
  Connection* found = find(connection);
  if (!found) return;
  End& end = found->at(to);
  // Before the controller has answered the call, what is sent to it waits.
  if (end.pumping || end.arriving.empty() || !end.peer) return;
  if (is_cut_off(found->host)) {
    ++counters_.held_up;
    return;
  }
  end.pumping = true;
  end.process->after_us(chance_.between(kQuickestUs, kSlowestUs),
                        [this, connection, to] { arrive(connection, to); });
}

void Network::arrive(ConnectionId connection, Side to) {
  Connection* found = find(connection);
  if (!found) return;
  End& end = found->at(to);
  end.pumping = false;
  if (!end.peer || end.arriving.empty()) return;
  if (is_cut_off(found->host)) return;
  const Parcel parcel = std::move(end.arriving.front());
  end.arriving.pop_front();
  Peer* const peer = end.peer;
  if (!parcel.end.empty()) {
    end.peer = nullptr;
    forget_if_over(connection);
    peer->on_lost(connection, parcel.end);
    return;
  }
  ++counters_.delivered;
  pump(connection, to);
  peer->on_message(connection, parcel.message);
}

void Network::cut_off(const std::string& host, bool cut) {
  if (cut) {
    cut_.insert(host);
    return;
  }
  if (cut_.erase(host) == 0) return;
  std::vector<ConnectionId> waiting;
  for (const auto& [id, connection] : connections_) {
    if (connection.host == host) waiting.push_back(id);
  }
  for (const ConnectionId id : waiting) {
    pump(id, Side::kNode);
    pump(id, Side::kController);
  }
}

void Network::break_one() {
  if (connections_.empty()) return;
  auto at = connections_.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(chance_.below(connections_.size())));
  const ConnectionId id = at->first;
  for (const Side side : {Side::kNode, Side::kController}) {
    lose_some(at->second.at(side));
    at->second.at(side).arriving.push_back({Heartbeat{}, "the connection broke"});
  }
  pump(id, Side::kNode);
  pump(id, Side::kController);
}

void Network::heal() {
  set_doubling(false);
  const std::set<std::string> cut = cut_;
  for (const std::string& host : cut) cut_off(host, false);
}

}  // namespace jobq::sim
