// SPDX-License-Identifier: Apache-2.0
// The agent: the talking half of a node. It joins the controller, hands launches and orders to the
// keeper, passes ends back, answers questions about output, and takes reports of steps on a local
// socket.
//
// It may be stopped or killed at any time: the keeper keeps the steps and their ends, and the next
// agent finds them. It starts a keeper where none runs. All calls belong to the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "exec/output_files.h"
#include "net/endpoint.h"

struct uv_loop_s;

namespace jobq::exec {

// What a node offers. gpus are known by index, 0 to gpus-1; counts by name and amount.
struct Capacity {
  std::uint32_t cpus = 0;
  Bytes memory;
  std::uint32_t gpus = 0;
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  std::vector<std::string> features{};
};

// From the configuration: it is offered as long as the agent runs.
struct ConfiguredService {
  std::string type;
  std::string spec;
  std::string body;
  Millis ttl = seconds(60);
};

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
  // A directory of this node alone, made where missing: 0711 for root, so that the steps of other
  // users reach the socket inside, else 0700.
  std::string state;
  std::string socket;  // for steps; empty: STATE/node.sock
  Capacity capacity;
  std::vector<ConfiguredService> services;
  Millis heartbeat = seconds(5);
  Millis grace = seconds(10);  // between TERM and KILL
  Retention retention;         // of outputs
  std::string executable;      // of jobq, to start the keeper from; /proc/self/exe
  bool starts_keeper = true;   // false: the keeper is a service of its own, and waited for
};

class Agent {
 public:
  // Listens for steps; then, on the loop, connects to (or starts) the keeper and keeps trying to
  // reach the controller, with growing pauses. Fails where the state directory cannot be used or
  // another agent uses it.
  static Result<std::unique_ptr<Agent>> start(uv_loop_s* loop, AgentOptions options);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Leaves: steps run on under the keeper, which ends by itself when nothing runs. Calls back once,
  // when the loop holds nothing of the agent any more; the agent may be destroyed then, or inside.
  void stop(std::function<void()> stopped);

  bool joined() const;  // the controller has welcomed this node

 private:
  struct Impl;
  explicit Agent(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The keeper's process: `EXECUTABLE keeper --state DIR --grace MS`, started by the agent or as a
// service of its own. Returns its exit code: 0 also where another keeper has the state directory
// already.
struct KeeperOptions {
  std::string state;
  Millis grace = seconds(10);
  std::string cgroup;   // made for steps; empty: below the keeper's own
  bool cgroups = true;  // false: process groups, also where cgroups can be had
  bool stays = false;   // it waits for agents, however long nothing runs
  int handover = -1;    // this process is the keeper already: what the program before us left
  std::function<void()> ready = {};
};
int run_keeper(const KeeperOptions& options);

// For a process that is going to fork the keeper and to wait until it is ready: the keeper has
// controllers for its steps only where nobody else lives in its cgroup (controllers.h).
void step_aside_for_keeper();

// What `EXECUTABLE keeper --handover-versions` prints: see upgrade.h.
std::string handover_versions();

// Has the keeper that runs in the state directory execute this program in its own place, and
// returns when it is ready: kUnreachable where none runs.
Result<void> upgrade_keeper(const std::string& state, const std::string& executable);

// What this machine has: cpus that this process may use, memory, gpus (/dev/nvidia[0-9]*).
Capacity machine_capacity();

}  // namespace jobq::exec
