// SPDX-License-Identifier: Apache-2.0
// Greeting, identifying and dropping of peers.
#include "controller/peers.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "base/log.h"
#include "base/time.h"
#include "base/version.h"
#include "controller/translate.h"

namespace jobq::controller {
namespace {

// A long answer waits for its reader when so much of it is on its way.
constexpr std::size_t kEnoughQueuedBytes = 1U << 20U;

}  // namespace

Peers::Peers(std::vector<std::string> operators, Handlers handlers)
    : operators_(operators.begin(), operators.end()), handlers_(std::move(handlers)) {}

void Peers::add(std::unique_ptr<net::Connection> connection) {
  const PeerId id = ++last_id_;
  Peer& peer = peers_[id];
  peer.id = id;
  peer.heard_ns = steady_now_ns();
  auto line = std::make_unique<DirectLine>(std::move(connection));
  DirectLine& started = *line;
  peer.connection = std::move(line);
  started.start({.on_message = [this, id](std::string_view m) { on_message(id, m); },
                 .on_closed = [this, id](const std::string& why) { drop(id, why); },
                 .on_drained = [this, id] { on_drained(id); }});
}

Peer* Peers::find(PeerId id) {
  const auto at = peers_.find(id);
  return at == peers_.end() ? nullptr : &at->second;
}

void Peers::send(PeerId id, const wire::Frame& frame) {
  if (Peer* peer = find(id)) peer->connection->send(frame);
}

void Peers::when_drained(PeerId id, std::function<void()> then) {
  Peer* peer = find(id);
  if (!peer) return;
  if (peer->connection->queued_bytes() < kEnoughQueuedBytes) return then();
  peer->when_drained.push_back(std::move(then));
}

void Peers::on_drained(PeerId id) {
  Peer* peer = find(id);
  if (!peer) return;
  for (const auto& then : std::exchange(peer->when_drained, {})) then();
  drain_tunnels(id);
}

void Peers::drop(PeerId id, const std::string& reason, const wire::Frame* farewell) {
  const auto at = peers_.find(id);
  if (at == peers_.end()) return;
  Peer peer = std::move(at->second);
  peers_.erase(at);
  tunnels_.erase(peer.tunnel);
  drop_tunnels(id, reason);
  if (farewell) {
    peer.connection->send(*farewell);
    peer.connection->close_after_flush();
  }
  handlers_.on_gone(peer, reason);
}

void Peers::close_all() {
  tunnels_.clear();
  for (auto& [id, peer] : std::exchange(peers_, {})) peer.connection->close_after_flush();
}

void Peers::on_message(PeerId id, std::string_view message) {
  Peer* peer = find(id);
  if (!peer) return;
  wire::Frame frame;
  if (!frame.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    log::warning("{}: {} bytes that are no message of jobq; dropped", peer->connection->peer(),
                 message.size());
    refuse(id, 0, Error{ErrorCode::kUsage, "this is no message of jobq's protocol"});
    return;
  }
  peer->heard_ns = steady_now_ns();
  if (!peer->greeted) {
    greet(*peer, frame);
  } else if (peer->is_node && frame.has_tunnel()) {
    on_tunnel(*peer, frame.tunnel());
  } else if (peer->is_node) {
    handlers_.on_report(*peer, frame);
  } else {
    handlers_.on_request(*peer, frame);
  }
}

void Peers::greet(Peer& peer, const wire::Frame& frame) {
  if (!frame.has_hello()) {
    log::warning("{}: the first message is no hello; dropped", peer.connection->peer());
    refuse(peer.id, frame.id(), Error{ErrorCode::kUsage, "the first message must be a hello"});
    return;
  }
  const wire::Hello& hello = frame.hello();
  if (hello.protocol() < net::kProtocol) {
    refuse(peer.id, frame.id(),
           Error{ErrorCode::kUsage,
                 fmt::format("protocol {} is too old; this controller ({}) speaks {}",
                             hello.protocol(), kSoftware, net::kProtocol)});
    return;
  }
  peer.actor = actor_of(*peer.connection, hello);
  peer.is_node = hello.role() == wire::Hello::NODE;
  if (peer.is_node && (!peer.actor.is_operator || peer.connection->is_tunnel())) {
    refuse(peer.id, frame.id(),
           Error{ErrorCode::kDenied,
                 fmt::format("user {} may not run a node of this controller", peer.actor.user)});
    return;
  }
  peer.greeted = true;
  wire::Frame reply;
  reply.set_id(frame.id());
  reply.mutable_hello_reply()->set_protocol(net::kProtocol);
  reply.mutable_hello_reply()->set_software(std::string(kSoftware));
  peer.connection->send(reply);
}

void Peers::refuse(PeerId id, std::uint64_t request, const Error& error) {
  wire::Frame frame;
  frame.set_id(request);
  to_wire(error, *frame.mutable_error());
  drop(id, error.message, &frame);
}

// On a local socket the kernel says who asks, and in a tunnel that of the node. Over TLS the peer
// has the cluster key, which is as much as root of the cluster has: its word is taken.
sched::Actor Peers::actor_of(const Line& connection, const wire::Hello& hello) const {
  if (const auto identity = connection.identity()) {
    return local_actor(identity->uid, identity->gid, identity->user);
  }
  sched::Actor actor =
      local_actor(hello.uid(), hello.gid(),
                  hello.user().empty() ? fmt::format("{}", hello.uid()) : hello.user());
  actor.is_operator = actor.is_operator || hello.role() == wire::Hello::NODE;
  return actor;
}

sched::Actor Peers::local_actor(std::uint32_t uid, std::uint32_t gid, std::string user) const {
  const bool is_operator = uid == 0 || uid == geteuid() || operators_.contains(user);
  return {uid, gid, std::move(user), is_operator};
}

}  // namespace jobq::controller
