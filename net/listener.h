// SPDX-License-Identifier: Apache-2.0
// Accepting: gives every new connection of a listening socket to a callback, and waits a moment
// when the process or the system has no descriptor for the next one.
#pragma once

#include <functional>

#include "net/socket.h"

struct uv_loop_s;

namespace jobq::net {

class Listener {
 public:
  using OnAccept = std::function<void(Descriptor socket, const SocketAddress& peer)>;

  // `name` is for the log. The callback may destroy the Listener.
  static Result<std::unique_ptr<Listener>> make(uv_loop_s* loop, Descriptor socket,
                                                std::string name, OnAccept on_accept);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int descriptor() const;  // of the listening socket

 private:
  struct Watch;
  explicit Listener(std::unique_ptr<Watch> watch);
  Watch* watch_;  // libuv's until it has closed it
};

}  // namespace jobq::net
