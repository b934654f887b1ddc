// SPDX-License-Identifier: Apache-2.0
// Conversations of steps with the controller, on the agent's connection to it: `jq submit` in a
// step needs neither a way to the controller's machine nor the cluster's key.
//
// The messages are passed on as they are, with who speaks said by the kernel. A side that does not
// read stops the other one: of each tunnel little is kept here. All tunnels end with the connection
// to the controller; who speaks connects anew.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "exec/users.h"
#include "net/connection.h"
#include "net/jobq.pb.h"

namespace jobq::exec {

class Tunnels {
 public:
  using Send = std::function<void(const wire::Frame&)>;  // to the controller

  Tunnels(Users& users, Send send);

  void joined() { joined_ = true; }
  void away();  // the controller is gone

  // kUnreachable, kUnavailable: why there can be none now.
  Result<void> check(const net::Connection& from) const;
  // What arrives on the connection is told by heard(), and so on, under this number.
  void open(std::uint64_t number, std::unique_ptr<net::Connection> from);
  bool has(std::uint64_t number) const { return open_.contains(number); }
  void heard(std::uint64_t number, std::string_view message);
  void drained(std::uint64_t number);
  void closed(std::uint64_t number);

  // The controller speaks.
  void on_frame(const wire::Tunnel& tunnel);

 private:
  struct Open {
    std::unique_ptr<net::Connection> connection;
    bool is_full = false;  // the controller was asked to pause
  };

  void tell(std::uint64_t number, wire::Tunnel::What what);

  Users& users_;
  Send send_;
  bool joined_ = false;
  std::map<std::uint64_t, Open> open_;
};

}  // namespace jobq::exec
