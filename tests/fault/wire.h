// SPDX-License-Identifier: Apache-2.0
// What lies between one node and the controller, and what may be wrong with it.
#pragma once

#include <cstdint>

namespace jobq::fault {

struct Wire {
  bool up = true;             // from the node to the controller
  bool down = true;           // from the controller to the node
  bool refuses = false;       // every connection is reset, and each new one at once
  bool frays = false;         // packets get lost and overtake each other; TCP hides it from a proxy
  std::int64_t delay_ms = 0;  // of each piece, both ways
};

// A wire that can be told to misbehave: a Link or a Proxy (network.h). While it is dead neither
// side is told anything.
class Line {
 public:
  Line() = default;
  virtual ~Line() = default;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  virtual void set(const Wire& wire) = 0;
  // What is connected now is reset; new connections pass.
  virtual void reset_connections() = 0;
};

}  // namespace jobq::fault
