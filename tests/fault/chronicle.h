// SPDX-License-Identifier: Apache-2.0
// What was done in a run, by whom it was disturbed, and what turned out to be wrong.
#pragma once

#include <atomic>
#include <cstdint>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace jobq::fault {

// Why an attempt may be lost.
enum class Harm {
  kKeeperDied,  // its node was robbed of its keeper
  kCrashed,     // its node died with all that ran there
  kStateLost,   // and came back without memory
  kCutOff,      // its agent, its wire or the controller was away: a lease may have run out
};

struct Disturbance {
  std::string node;  // empty: every node
  Harm harm = Harm::kKeeperDied;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
};

// Many threads write, one reads at the end.
class Chronicle {
 public:
  explicit Chronicle(const std::string& directory);

  // A line of the timeline; with a name, also counted under it.
  void note(const std::string& who, const std::string& what);
  void count(const std::string& name);
  void add(const Disturbance& disturbance);
  void broken(const std::string& promise, const std::string& how);
  void killed_one() { ++kills_; }

  std::uint64_t kills() const { return kills_; }
  bool is_clean() const;
  std::vector<std::string> timeline() const;
  std::vector<std::string> broken_promises() const;
  std::map<std::string, std::uint64_t> counts() const;
  const std::vector<Disturbance>& disturbances() const { return disturbances_; }

 private:
  mutable std::mutex mutex_;
  std::int64_t began_ms_;
  std::ofstream file_;
  std::vector<std::string> timeline_;
  std::vector<std::string> broken_;
  std::vector<Disturbance> disturbances_;
  std::map<std::string, std::uint64_t> counts_;
  std::atomic<std::uint64_t> kills_ = 0;
};

}  // namespace jobq::fault
