// SPDX-License-Identifier: Apache-2.0
// What nodes and the controller say to each other: net/jobq.proto as plain data.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "resmgr/needs.h"
#include "sched/action.h"
#include "sched/event.h"

namespace jobq::sim {

struct Heartbeat {
  std::uint64_t number = 0;  // of a node's own, and of the answer to it
};

// --- from a node
struct Join {
  std::string name;
  std::string incarnation;
  resmgr::Capacity capacity;
  std::vector<sched::NodeJoined::Known> attempts;
};
struct Offered {
  std::vector<std::string> types;  // of services: all that it offers, from now on
};
struct Started {
  AttemptId id;
};
struct Complete {
  AttemptId id;
  sched::TaskEnd end;
};

// --- from the controller
struct Welcomed {
  NodeId node;
  Millis heartbeat;
  Millis lease;
};
struct Order {
  enum class What : std::uint8_t { kKill, kSignal, kSuspend, kResume, kForget };
  What what = What::kKill;
  AttemptId id;
  int signal = 0;
};

using Message =
    std::variant<Heartbeat, Join, Offered, Started, Complete, Welcomed, sched::Launch, Order>;

}  // namespace jobq::sim
