// SPDX-License-Identifier: Apache-2.0
// The agent: the talking half of a node. It joins the controller, hands launches and orders to the keeper, passes
// ends back, answers questions about output, and takes reports of steps on a local socket.
//
// It may be stopped or killed at any time: the keeper keeps the steps and their ends, and the next agent finds
// them. It starts a keeper where none runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "net/endpoint.h"
#include "resmgr/needs.h"

struct uv_loop_s;

namespace jobq::exec {

struct LocalController {
  std::string socket;  // the controller's Unix socket (jobq up)
};
struct RemoteController {
  net::TcpAddress address;
  net::ClusterKey key;
};

struct AgentOptions {
  std::string name;
  std::variant<LocalController, RemoteController> controller;
  std::string state;   // directory; made (0700, sockets inside reachable by steps' users) where missing
  std::string socket;  // for steps; empty: STATE/node.sock
  resmgr::Capacity capacity;
  Millis heartbeat = seconds(5);
  Millis grace = seconds(10);  // between TERM and KILL
  std::string executable;      // of jobq, to start the keeper from; /proc/self/exe
};

class Agent {
 public:
  // Connects to (or starts) the keeper, then keeps trying to reach the controller, with growing pauses.
  static Result<std::unique_ptr<Agent>> start(uv_loop_s* loop, AgentOptions options);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Leaves: steps run on under the keeper, which ends by itself when it holds nothing.
  void stop(std::function<void()> stopped);

  bool joined() const;  // the controller has welcomed this node

 private:
  struct Impl;
  explicit Agent(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The keeper's process: `jobq keeper --state DIR`, started by the agent, never by hand. Returns its exit code.
struct KeeperOptions {
  std::string state;
  Millis grace = seconds(10);
};
int run_keeper(const KeeperOptions& options);

// What this machine has: cpus that this process may use, memory, gpus (/dev/nvidia[0-9]*).
resmgr::Capacity machine_capacity();

}  // namespace jobq::exec
