// SPDX-License-Identifier: Apache-2.0
// The network between one node and the controller: a loopback proxy that can be told to misbehave.
//
// It stands for a wire, not for a program: held bytes are not lost but come later, as TCP would
// send them again, and neither side is told anything while the wire is dead. A connection that is
// made meanwhile is never answered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace jobq::fault {

struct Wire {
  bool up = true;             // from the node to the controller
  bool down = true;           // from the controller to the node
  bool refuses = false;       // every connection is reset, and each new one at once
  std::int64_t delay_ms = 0;  // of each piece, both ways; the order stays
};

class Proxy {
 public:
  // Listens on `address` (127.x.y.z) and `port`, connects to `target_port` of the same address.
  Proxy(const std::string& address, std::uint16_t port, std::uint16_t target_port);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  void set(const Wire& wire);
  // Resets what is connected now; new connections pass.
  void reset_connections();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobq::fault
