// SPDX-License-Identifier: Apache-2.0
// Names of users, and messages in messages.
#include "controller/line.h"

#include <fmt/format.h>
#include <pwd.h>

#include <array>
#include <limits>
#include <utility>

#include "base/log.h"
#include "controller/translate.h"

namespace jobq::controller {
namespace {

constexpr std::size_t kTunnelBytes = 64;  // what is put around a message, at most

std::string user_name(std::uint32_t uid) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found) {
    return found->pw_name;
  }
  return fmt::format("{}", uid);
}

}  // namespace

DirectLine::DirectLine(std::unique_ptr<net::Connection> connection)
    : connection_(std::move(connection)) {}

std::optional<Identity> DirectLine::identity() const {
  const auto credentials = connection_->credentials();
  if (!credentials) return std::nullopt;
  return Identity{credentials->uid, credentials->gid, user_name(credentials->uid)};
}

TunnelLine::TunnelLine(Node node, std::uint64_t number, Identity identity)
    : node_(std::move(node)), number_(number), identity_(std::move(identity)) {}

void TunnelLine::tell(wire::Tunnel::What what) {
  if (is_closed_) return;
  wire::Frame frame;
  frame.mutable_tunnel()->set_number(number_);
  frame.mutable_tunnel()->set_what(what);
  node_.send(frame);
}

void TunnelLine::send(const wire::Frame& frame) {
  if (is_closed_) return;
  wire::Frame around;
  wire::Tunnel& out = *around.mutable_tunnel();
  out.set_number(number_);
  out.set_what(wire::Tunnel::MESSAGE);
  frame.SerializeToString(out.mutable_message());
  if (out.message().size() <= net::kMaxMessageBytes - kTunnelBytes) return node_.send(around);
  // On a connection of its own it would end that; it must not end the node's.
  log::warning("{}: an answer of {} bytes is too long; dropped", peer(), out.message().size());
  close_after_flush();
}

std::size_t TunnelLine::queued_bytes() const {
  return is_full_ ? std::numeric_limits<std::size_t>::max() : node_.queued_bytes();
}

void TunnelLine::close_after_flush() {
  tell(wire::Tunnel::CLOSE);
  is_closed_ = true;
}

std::string TunnelLine::peer() const {
  return fmt::format("uid {} on node {}", identity_.uid, node_.name);
}

}  // namespace jobq::controller
