// SPDX-License-Identifier: Apache-2.0
// What is done to a cluster under load: a thread that disturbs the controller, one for each node,
// and one that gives the orders of an operator. What each does follows from the seed; what comes of
// it does not.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/chance.h"
#include "tests/fault/chronicle.h"
#include "tests/fault/cluster.h"
#include "tests/fault/load.h"

namespace jobq::fault {

// Names of all faults, those that --only takes.
std::vector<std::string> fault_names();
// Whether one of these counts as a kill; as in a Plan, none stands for all.
bool any_kills(const std::vector<std::string>& only);

struct Plan {
  std::uint64_t seed = 1;
  std::vector<std::string> only;  // empty: all
};

// Disturbs from the construction to heal().
class Faults {
 public:
  Faults(Cluster& cluster, Load& load, Chronicle& chronicle, const Plan& plan);
  ~Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  // The faults that are under way end; then everything runs, undisturbed.
  void heal();

 private:
  std::atomic<bool> over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace jobq::fault
