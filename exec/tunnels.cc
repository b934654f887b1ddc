// SPDX-License-Identifier: Apache-2.0
// Passing messages on, both ways.
#include "exec/tunnels.h"

#include <utility>

#include "base/log.h"

namespace jobq::exec {
namespace {

constexpr std::size_t kMostTunnels = 512;  // reports and offers have connections left
constexpr std::size_t kEnoughQueuedBytes = 1U << 20U;
constexpr std::size_t kFrameBytes = 256;  // what is put around a message, at most

}  // namespace

Tunnels::Tunnels(Users& users, Send send) : users_(users), send_(std::move(send)) {}

Result<void> Tunnels::check(const net::Connection& from) const {
  if (!joined_) {
    return fail(ErrorCode::kUnreachable,
                "the node has no connection to the controller now; it tries again by itself");
  }
  if (!from.credentials()) return fail(ErrorCode::kDenied, "the node cannot see who asks");
  if (open_.size() < kMostTunnels) return {};
  return fail(ErrorCode::kUnavailable,
              "too many commands of steps on this node speak to the controller; try again later");
}

void Tunnels::open(std::uint64_t number, std::unique_ptr<net::Connection> from) {
  const net::PeerCredentials who = from->credentials().value();
  open_[number] = {std::move(from)};
  wire::Frame frame;
  wire::Tunnel& out = *frame.mutable_tunnel();
  out.set_number(number);
  out.set_uid(who.uid);
  out.set_gid(who.gid);
  out.set_user(users_.find(who.uid, who.gid).name);
  send_(frame);
}

void Tunnels::heard(std::uint64_t number, std::string_view message) {
  if (message.size() > net::kMaxMessageBytes - kFrameBytes) {
    log::warning("a step sent {} bytes at once for the controller; dropped", message.size());
    return closed(number);
  }
  wire::Frame frame;
  wire::Tunnel& out = *frame.mutable_tunnel();
  out.set_number(number);
  out.set_what(wire::Tunnel::MESSAGE);
  out.set_message(message.data(), message.size());
  send_(frame);
}

void Tunnels::tell(std::uint64_t number, wire::Tunnel::What what) {
  wire::Frame frame;
  frame.mutable_tunnel()->set_number(number);
  frame.mutable_tunnel()->set_what(what);
  send_(frame);
}

void Tunnels::drained(std::uint64_t number) {
  const auto at = open_.find(number);
  if (at != open_.end() && std::exchange(at->second.is_full, false)) {
    tell(number, wire::Tunnel::RESUME);
  }
}

void Tunnels::closed(std::uint64_t number) {
  if (open_.erase(number) != 0) tell(number, wire::Tunnel::CLOSE);
}

void Tunnels::on_frame(const wire::Tunnel& tunnel) {
  const auto at = open_.find(tunnel.number());
  if (at == open_.end()) return;  // it has just gone away
  Open& to = at->second;
  switch (tunnel.what()) {
    case wire::Tunnel::MESSAGE: break;
    case wire::Tunnel::PAUSE: return to.connection->pause_reading();
    case wire::Tunnel::RESUME: return to.connection->resume_reading();
    case wire::Tunnel::CLOSE:
      to.connection->close_after_flush();
      open_.erase(at);
      return;
    default: return;
  }
  to.connection->send_bytes(tunnel.message());
  if (to.is_full || to.connection->queued_bytes() < kEnoughQueuedBytes) return;
  to.is_full = true;
  tell(tunnel.number(), wire::Tunnel::PAUSE);
}

void Tunnels::away() {
  joined_ = false;
  open_.clear();
}

}  // namespace jobq::exec
