// SPDX-License-Identifier: Apache-2.0
// What jobq says of jobs and attempts: `jq show --json`, `jq history --json`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/fault/cluster.h"

namespace jobq::fault {

struct AttemptSaid {
  std::uint32_t attempt = 0;
  std::string node;
  std::optional<int> exit_code;
  std::optional<int> signal;
  std::string reason;
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;  // 0: not yet
};

struct StepSaid {
  std::string name;
  std::string state;
  std::vector<AttemptSaid> attempts;
};

struct JobSaid {
  std::string job;  // of an element: with its index
  std::string state;
  bool is_array = false;
  std::vector<StepSaid> steps;
};

// Those that are known; of an array, only the array.
std::vector<JobSaid> show(const Cluster& cluster, const std::vector<std::string>& jobs);
std::vector<std::string> numbers_in_history(const Cluster& cluster);
std::vector<std::string> numbers_in_queue(const Cluster& cluster);
// Nodes and named resources that are not all free, as JSON.
std::vector<std::string> held_by_nobody(const Cluster& cluster);

}  // namespace jobq::fault
