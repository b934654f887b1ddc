// SPDX-License-Identifier: Apache-2.0
// The timeline of a run, in memory and in a file.
#include "tests/fault/chronicle.h"

#include <fmt/format.h>

#include "tests/fault/clock.h"

namespace jobq::fault {

Chronicle::Chronicle(const std::string& directory)
    : began_ms_(wall_ms()), file_(directory + "/timeline") {}

void Chronicle::note(const std::string& who, const std::string& what) {
  const std::int64_t at_ms = wall_ms();
  const std::lock_guard lock(mutex_);
  timeline_.push_back(fmt::format("{:9.3f} s  {:<10} {}  ({})",
                                  static_cast<double>(at_ms - began_ms_) / 1000, who, what, at_ms));
  file_ << timeline_.back() << std::endl;
}

void Chronicle::count(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ++counts_[name];
}

void Chronicle::add(const Disturbance& disturbance) {
  const std::lock_guard lock(mutex_);
  disturbances_.push_back(disturbance);
}

void Chronicle::broken(const std::string& promise, const std::string& how) {
  note("broken", promise + ": " + how);
  const std::lock_guard lock(mutex_);
  broken_.push_back(promise + ": " + how);
}

bool Chronicle::is_clean() const {
  const std::lock_guard lock(mutex_);
  return broken_.empty();
}

std::vector<std::string> Chronicle::timeline() const {
  const std::lock_guard lock(mutex_);
  return timeline_;
}

std::vector<std::string> Chronicle::broken_promises() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

std::map<std::string, std::uint64_t> Chronicle::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace jobq::fault
