// SPDX-License-Identifier: Apache-2.0
// Joining, heartbeats, orders and reports of nodes.
#include "controller/nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "controller/translate.h"

namespace jobq::controller {
namespace {

wire::Frame error_frame(std::uint64_t id, ErrorCode code, std::string message) {
  wire::Frame frame;
  frame.set_id(id);
  to_wire(Error{code, std::move(message)}, *frame.mutable_error());
  return frame;
}

// A node should be heard at least three times before it counts as silent.
Millis heartbeat_interval(Millis timeout) {
  return Millis{std::clamp<std::int64_t>(timeout.count / 3, 100, 5000)};
}

}  // namespace

Nodes::Nodes(uv_loop_s* loop, Turns& turns, Peers& peers, Millis timeout, Millis lease)
    : turns_(turns),
      peers_(peers),
      services_(loop, turns,
                [this](NodeId node, const wire::Frame& frame) {
                  if (Peer* peer = by_id(node)) peer->connection->send(frame);
                }),
      timeout_(timeout),
      lease_(lease),
      away_(lease),
      heartbeat_(loop, [this] { beat(); }) {
  heartbeat_.repeat(heartbeat_interval(timeout));
}

void Nodes::on_report(Peer& peer, const wire::Frame& frame) {
  switch (frame.body_case()) {
    case wire::Frame::kJoin: return join(peer, frame.join());
    case wire::Frame::kHeartbeat: return answer_heartbeat(peer, frame.heartbeat());
    case wire::Frame::kOutputChunk:
    case wire::Frame::kFileReply:
    case wire::Frame::kError: return answered(frame);
    case wire::Frame::kOffered:
      if (peer.node) services_.offered(peer.node, frame.offered());
      return;
    case wire::Frame::kStarted:
      if (peer.node) turns_.post(sched::TaskStarted{peer.node, from_wire(frame.started().id())});
      return;
    case wire::Frame::kComplete:
      if (peer.node) complete(peer, frame.complete());
      return;
    default: log::warning("node {} sent a message that nodes do not send; ignored", peer.node_name);
  }
}

void Nodes::join(Peer& peer, const wire::NodeJoin& join) {
  if (!resmgr::valid_name(join.name())) {
    const auto why = fmt::format("'{}' is no valid node name", join.name());
    const auto frame = error_frame(0, ErrorCode::kUsage, why);
    return peers_.drop(peer.id, why, &frame);
  }
  if (!may_take_name(peer, join)) {
    const auto why =
        fmt::format("another node has the name {}; give this one a --name of its own", join.name());
    const auto frame = error_frame(0, ErrorCode::kRefused, why);
    return peers_.drop(peer.id, why, &frame);
  }
  peer.node_name = join.name();
  peer.incarnation = join.incarnation();
  peer.containment = join.containment();
  by_name_[join.name()] = peer.id;

  sched::NodeJoined event{join.name(), join.incarnation(), from_wire(join.capacity()), {}};
  for (const wire::NodeJoin::Known& known : join.attempts()) {
    event.attempts.push_back({from_wire(known.id()), known.running()});
  }
  event.link = peer.id;
  event.lease = lease_of(peer);
  turns_.post(std::move(event));
  log::info("node {} joins from {}: {} cpus, {} memory, {} attempts known", peer.node_name,
            peer.connection->peer(), join.capacity().cpus(),
            format_bytes(Bytes{join.capacity().memory()}), join.attempts_size());
}

// Nothing comes between a node on a local socket and its controller.
Millis Nodes::lease_of(const Peer& peer) const {
  return peer.connection->identity() ? Millis{} : lease_;
}

// The same node after its agent was restarted may replace a connection that nobody has closed yet;
// another node under the same name may not.
bool Nodes::may_take_name(Peer& peer, const wire::NodeJoin& join) {
  const auto at = by_name_.find(join.name());
  if (at == by_name_.end() || at->second == peer.id) return true;
  const Peer* holder = peers_.find(at->second);
  if (holder && holder->incarnation != join.incarnation()) return false;
  peers_.drop(at->second, "the node connected again");
  return true;
}

void Nodes::complete(const Peer& peer, const wire::TaskComplete& complete) {
  auto end = from_wire(complete.end());
  if (!end) {
    log::error("node {}: {}", peer.node_name, end.error().message);
    return;
  }
  turns_.post(sched::TaskComplete{peer.node, from_wire(complete.id()), std::move(*end)});
}

void Nodes::on_gone(const Peer& peer, const std::string& reason) {
  const auto named = by_name_.find(peer.node_name);
  if (named != by_name_.end() && named->second == peer.id) by_name_.erase(named);
  const auto known = by_id_.find(peer.node);
  if (known != by_id_.end() && known->second == peer.id) {
    by_id_.erase(known);
    services_.left(peer.node);
    log::warning("node {} is gone: {}", peer.node_name, reason);
    turns_.post(sched::NodeLost{peer.node, reason});
  }
  std::vector<NodeAnswer> unanswered;
  for (auto at = relays_.begin(); at != relays_.end();) {
    if (at->second.peer != peer.id) {
      ++at;
      continue;
    }
    unanswered.push_back(std::move(at->second.answer));
    at = relays_.erase(at);
  }
  const auto frame =
      error_frame(0, ErrorCode::kUnavailable,
                  fmt::format("node {} went away before it answered; ask again when it is back",
                              peer.node_name));
  for (const NodeAnswer& answer : unanswered) answer(frame);
}

void Nodes::dismiss_all(const std::string& reason) {
  std::vector<PeerId> nodes;
  for (const auto& [id, peer] : peers_.all()) {
    if (peer.is_node) nodes.push_back(id);
  }
  for (const PeerId id : nodes) peers_.drop(id, reason);
}

void Nodes::welcome(const sched::Welcome& welcome) {
  const auto at = by_name_.find(welcome.name);
  Peer* peer = at == by_name_.end() ? nullptr : peers_.find(at->second);
  if (!peer) {
    // It left between joining and being on record.
    turns_.post(sched::NodeLost{welcome.node, "it went away while it joined"});
    return;
  }
  // It has connected again meanwhile, perhaps after a reboot. What this join led to is not for the
  // new connection: that one has a welcome of its own.
  if (peer->id != welcome.link) return;
  peer->node = welcome.node;
  by_id_[welcome.node] = peer->id;
  away_.welcomed(welcome.node);
  wire::Frame frame;
  frame.mutable_welcome()->set_node(welcome.node.value);
  frame.mutable_welcome()->set_heartbeat(heartbeat_interval(timeout_).count);
  frame.mutable_welcome()->set_lease(lease_of(*peer).count);
  peer->connection->send(frame);
  services_.joined(welcome.node, welcome.name);
}

void Nodes::launch(const sched::Launch& launch) {
  Peer* peer = by_id(launch.node);
  if (!peer) return;
  wire::Frame frame;
  to_wire(launch, *frame.mutable_launch());
  peer->connection->send(frame);
}

void Nodes::order(NodeId node, wire::AttemptOrder::What what, const AttemptId& id, int signal) {
  Peer* peer = by_id(node);
  if (!peer) return;
  wire::Frame frame;
  wire::AttemptOrder& order = *frame.mutable_order();
  order.set_what(what);
  order.set_signal(signal);
  to_wire(id, *order.mutable_id());
  peer->connection->send(frame);
}

void Nodes::read_output(const std::string& node, const wire::ReadOutput& request,
                        NodeAnswer answer) {
  const Peer* peer = link(node);
  if (!peer) {
    answer(
        error_frame(0, ErrorCode::kUnavailable,
                    fmt::format("the output is on node {}, which is not connected now; it can be "
                                "read when the node is back",
                                node)));
    return;
  }
  wire::Frame frame;
  *frame.mutable_read_output() = request;
  ask(*peer, frame, std::move(answer));
}

void Nodes::order_file(const std::string& node, wire::FileOrder order, NodeAnswer answer) {
  const Peer* peer = link(node);
  if (!peer) {
    const auto known = turns_.core().nodes();
    const bool is_known = std::any_of(
        known.begin(), known.end(), [&](const auto& view) { return view.resources.name == node; });
    const auto code = is_known ? ErrorCode::kUnavailable : ErrorCode::kNotFound;
    return answer(error_frame(
        0, code,
        is_known ? fmt::format("node {} is not connected now", node)
                 : fmt::format("there is no node {}; `jq node list` names them", node)));
  }
  wire::Frame frame;
  *frame.mutable_file_order() = std::move(order);
  ask(*peer, frame, std::move(answer));
}

void Nodes::ask(const Peer& peer, wire::Frame& frame, NodeAnswer answer) {
  const std::uint64_t relay = ++last_relay_;
  relays_[relay] = {peer.id, std::move(answer)};
  frame.set_id(relay);
  peer.connection->send(frame);
}

void Nodes::answered(const wire::Frame& frame) {
  const auto at = relays_.find(frame.id());
  if (at == relays_.end()) return;
  const NodeAnswer answer = std::move(at->second.answer);
  relays_.erase(at);
  answer(frame);
}

const Peer* Nodes::link(const std::string& name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : peers_.find(at->second);
}

Peer* Nodes::by_id(NodeId node) {
  const auto at = by_id_.find(node);
  return at == by_id_.end() ? nullptr : peers_.find(at->second);
}

// Where this process itself stood still, what the nodes sent meanwhile is not read yet: a late beat
// finds nobody silent.
void Nodes::beat() {
  const std::int64_t now_ns = steady_now_ns();
  const std::int64_t silent_since = now_ns - timeout_.count * kNsPerMs;
  const std::int64_t pause_ns = now_ns - std::exchange(last_beat_ns_, now_ns);
  const bool late = pause_ns > 2 * heartbeat_interval(timeout_).count * kNsPerMs;
  std::vector<PeerId> silent;
  wire::Frame frame;
  frame.mutable_heartbeat();
  for (const auto& [id, peer] : peers_.all()) {
    if (!peer.is_node) continue;
    if (!late && peer.heard_ns < silent_since) {
      silent.push_back(id);
    } else {
      peer.connection->send(frame);
    }
  }
  for (const PeerId id : silent) {
    peers_.drop(id, fmt::format("it was silent for {}", format_duration(timeout_)));
  }
  for (const NodeId node : away_.overdue(turns_.core().nodes_away(), now_ns)) {
    turns_.post(sched::NodeGivenUp{node});
  }
}

void Nodes::answer_heartbeat(const Peer& peer, const wire::Heartbeat& heartbeat) {
  if (heartbeat.number() == 0) return;
  wire::Frame frame;
  frame.mutable_heartbeat()->set_number(heartbeat.number());
  peer.connection->send(frame);
}

}  // namespace jobq::controller
