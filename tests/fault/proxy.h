// SPDX-License-Identifier: Apache-2.0
// The network between one node and the controller where no namespaces can be had (link.h): a
// loopback proxy.
//
// It stands for a wire, not for a program: held bytes are not lost but come later, as TCP would
// send them again, and neither side is told anything while the wire is dead. A connection that is
// made meanwhile is never answered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/fault/wire.h"

namespace jobq::fault {

class Proxy : public Line {
 public:
  // Listens on `address` (127.x.y.z) and `port`, connects to `target_port` of the same address.
  Proxy(const std::string& address, std::uint16_t port, std::uint16_t target_port);
  ~Proxy() override;

  void set(const Wire& wire) override;
  void reset_connections() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobq::fault
