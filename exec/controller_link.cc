// SPDX-License-Identifier: Apache-2.0
// Reaching the controller.
#include "exec/controller_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/log.h"
#include "exec/lease.h"

namespace jobq::exec {
namespace {

constexpr Millis kFirstPause{50};
constexpr Millis kLongestPause = seconds(5);
constexpr Millis kConnectLimit = seconds(10);
constexpr int kSilentBeats = 3;

// Between half of it and all: nodes that lost their controller together do not come back together.
Millis with_jitter(Millis pause) {
  std::random_device chance;
  return {std::uniform_int_distribution<std::int64_t>(pause.count / 2, pause.count)(chance)};
}

std::unique_ptr<net::Connecting> connect_to(uv_loop_s* loop, const LocalController& local,
                                            net::OnConnected done) {
  return net::connect_unix(loop, local.socket, std::move(done));
}

std::unique_ptr<net::Connecting> connect_to(uv_loop_s* loop, const RemoteController& remote,
                                            net::OnConnected done) {
  return net::connect_tcp(loop, remote.address, remote.key, kConnectLimit, std::move(done));
}

}  // namespace

ControllerLink::ControllerLink(uv_loop_s* loop, Where where, Millis heartbeat, Handlers handlers)
    : loop_(loop),
      where_(std::move(where)),
      heartbeat_(heartbeat),
      handlers_(std::move(handlers)) {}

ControllerLink::~ControllerLink() = default;

void ControllerLink::reconnect() {
  disconnect();
  connect();
}

void ControllerLink::disconnect() {
  connecting_.reset();
  connection_.reset();
  retry_.reset();
  beat_.reset();
}

void ControllerLink::leave() {
  if (connection_) connection_->close_after_flush();
  disconnect();
}

void ControllerLink::send(const wire::Frame& frame) {
  if (connection_) connection_->send(frame);
}

void ControllerLink::welcomed(Millis heartbeat) {
  pause_ = {};
  last_error_.clear();
  if (heartbeat.count > 0 && heartbeat != heartbeat_) {
    heartbeat_ = heartbeat;
    beat();
  }
}

void ControllerLink::connect() {
  retry_.reset();
  const auto done = [this](Result<std::unique_ptr<net::Connection>> got) {
    connecting_.reset();
    if (got) {
      connected(std::move(*got));
      return;
    }
    if (got.error().message != last_error_) log::warning("{}", got.error().message);
    last_error_ = got.error().message;
    try_again();
  };
  connecting_ =
      std::visit([&](const auto& where) { return connect_to(loop_, where, done); }, where_);
}

void ControllerLink::connected(std::unique_ptr<net::Connection> connection) {
  connection_ = std::move(connection);
  connection_->start({[this](std::string_view bytes) { on_message(bytes); },
                      [this](const std::string& reason) { lost(reason); }});
  silent_beats_ = 0;
  beats_.clear();
  handlers_.on_connected();
  beat();
}

void ControllerLink::on_message(std::string_view bytes) {
  wire::Frame frame;
  if (!frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    lost("it sent what is no message");
    return;
  }
  silent_beats_ = 0;
  if (frame.has_error()) log::warning("the controller says: {}", frame.error().message());
  if (frame.has_heartbeat()) {
    on_heartbeat(frame.heartbeat());
  } else {
    handlers_.on_frame(frame);
  }
}

void ControllerLink::on_heartbeat(const wire::Heartbeat& heartbeat) {
  const auto beat = beats_.find(heartbeat.number());
  if (beat == beats_.end()) return;  // unasked
  const std::int64_t sent_ns = beat->second;
  beats_.erase(beats_.begin(), std::next(beat));
  handlers_.on_answered(sent_ns);
}

void ControllerLink::lost(const std::string& reason) {
  log::warning("the controller is gone: {}", reason);
  disconnect();
  try_again();
  handlers_.on_lost();
}

void ControllerLink::try_again() {
  pause_ = std::clamp(Millis{pause_.count * 2}, kFirstPause, kLongestPause);
  retry_ = std::make_unique<net::Timer>(loop_, with_jitter(pause_), [this] { connect(); });
}

// Silence is counted in beats, not in time: where this process was held up itself, what has arrived
// is read before the next beat.
void ControllerLink::beat() {
  if (silent_beats_ > kSilentBeats) {
    lost(fmt::format("it was silent for {} heartbeats", kSilentBeats));
    return;
  }
  ++silent_beats_;
  wire::Frame frame;
  frame.mutable_heartbeat()->set_number(++last_beat_);
  beats_.emplace(last_beat_, boottime_now_ns());
  send(frame);
  beat_ = std::make_unique<net::Timer>(loop_, heartbeat_, [this] { beat(); });
}

}  // namespace jobq::exec
