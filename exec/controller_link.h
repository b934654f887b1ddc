// SPDX-License-Identifier: Apache-2.0
// The agent's connection to the controller: found, kept alive by heartbeats, and found again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "base/time.h"
#include "exec/agent.h"
#include "net/client.h"
#include "net/connection.h"
#include "net/jobq.pb.h"
#include "net/timer.h"

struct uv_loop_s;

namespace jobq::exec {

class ControllerLink {
 public:
  struct Handlers {
    std::function<void()> on_connected;
    std::function<void(const wire::Frame&)> on_frame;  // without heartbeats
    // The controller answered what was sent at this point of CLOCK_BOOTTIME.
    std::function<void(std::int64_t sent_ns)> on_answered;
    std::function<void()> on_lost;  // it is tried again by itself
  };
  using Where = std::variant<LocalController, RemoteController>;

  ControllerLink(uv_loop_s* loop, Where where, Millis heartbeat, Handlers handlers);
  ~ControllerLink();
  ControllerLink(const ControllerLink&) = delete;
  ControllerLink& operator=(const ControllerLink&) = delete;

  // Breaks what there is and connects anew, at once.
  void reconnect();
  // Breaks it and stays away until reconnect(). on_lost is not called.
  void disconnect();
  // The same, after what was sent is written.
  void leave();

  void send(const wire::Frame& frame);
  // The controller has taken us in: the next failure begins with the shortest pause.
  void welcomed(Millis heartbeat);

 private:
  void connect();
  void connected(std::unique_ptr<net::Connection> connection);
  void on_message(std::string_view bytes);
  void on_heartbeat(const wire::Heartbeat& heartbeat);
  void lost(const std::string& reason);
  void try_again();
  void beat();

  uv_loop_s* loop_;
  Where where_;
  Millis heartbeat_;
  Handlers handlers_;
  std::unique_ptr<net::Connecting> connecting_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<net::Timer> retry_;
  std::unique_ptr<net::Timer> beat_;
  Millis pause_{0};
  int silent_beats_ = 0;
  std::uint64_t last_beat_ = 0;                  // its number, never used again
  std::map<std::uint64_t, std::int64_t> beats_;  // of this connection, not answered; when sent
  std::string last_error_;                       // said once, not at every try
};

}  // namespace jobq::exec
