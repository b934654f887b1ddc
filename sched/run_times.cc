// SPDX-License-Identifier: Apache-2.0
// The estimates by class.
#include "sched/run_times.h"

#include <algorithm>

namespace jobq::sched {

void RunTimes::add(const std::string& class_name, Millis took) {
  RunTimeRow& row = rows_[class_name];
  row.class_name = class_name;
  const std::int64_t lowered = row.estimate.count - (row.estimate.count - took.count) / 8;
  row.estimate = Millis{std::max(took.count, lowered)};
  ++row.runs;
}

std::optional<Millis> RunTimes::estimate(const std::string& class_name) const {
  const auto found = rows_.find(class_name);
  return found == rows_.end() ? std::nullopt : std::optional(found->second.estimate);
}

}  // namespace jobq::sched
