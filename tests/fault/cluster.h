// SPDX-License-Identifier: Apache-2.0
// A controller and some nodes as real processes on this machine, with a line to each node that can
// be told to misbehave.
//
// A daemon belongs to the thread that disturbs it: nobody else calls the functions that name it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/fault/chronicle.h"
#include "tests/fault/net_namespace.h"
#include "tests/fault/network.h"
#include "tests/fault/process.h"
#include "tests/fault/wire.h"

namespace jobq::fault {

// What the daemons are told (docs/nodes.md).
inline constexpr std::int64_t kNodeTimeoutMs = 2'000;
inline constexpr std::int64_t kLeaseMs = 3'000;
inline constexpr std::int64_t kGraceMs = 500;
// And what follows: how much longer than the lease the controller waits.
inline constexpr std::int64_t kLeaseMarginMs = 2'000;

struct Setup {
  std::string directory;
  std::string jobq;  // the programs under test
  std::string jq;
  std::string step;  // fault_step
  int nodes = 3;
  Network network = Network::kProxies;
};

class Node {
 public:
  // The controller listens at the address.
  Node(const Setup& setup, const std::string& controller, int number);

  const std::string& name() const { return name_; }
  const std::string& state() const { return state_; }
  Process& agent() { return *agent_; }
  Line& line() { return *line_; }
  // Of the keeper that runs; 0 where none does.
  pid_t keeper() const;
  // All that runs there, daemons and steps.
  std::set<pid_t> processes() const;

 private:
  std::string name_;
  std::string state_;
  std::optional<NetNamespace> space_;
  std::unique_ptr<Line> line_;
  std::unique_ptr<Process> agent_;
};

// The thread that makes it, and all that this one starts, is in the network of the test while it
// lives.
class Cluster {
 public:
  Cluster(const Setup& setup, Chronicle& chronicle);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Everything runs and every node has joined; false where something does not.
  bool begin();
  Process& controller() { return controller_; }
  bool controller_answers(std::int64_t limit_ms) const;
  std::vector<std::unique_ptr<Node>>& nodes() { return nodes_; }
  const Setup& setup() const { return setup_; }

  // `jq` with these words.
  Answer ask(Words words, const std::string& input = "", std::int64_t limit_ms = 90'000) const;
  // The same until it can be reached and does as it is told; false where it does not for long.
  bool insist(const Words& words) const;

  // TERM to all daemons; says what did not end as it should.
  void end();

 private:
  bool all_joined() const;

  Setup setup_;
  Chronicle& chronicle_;
  std::optional<NetNamespace> space_;
  std::optional<Inside> inside_;
  std::string address_;
  std::string socket_;
  Process controller_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace jobq::fault
