// SPDX-License-Identifier: Apache-2.0
// How long jobs of a class take, for those that have no time limit.
//
// An estimate is near the longest of late: a longer run raises it to itself at once, a shorter one
// lowers it by an eighth of the difference. It foresees starts and is never enforced.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "sched/rows.h"

namespace jobq::sched {

class RunTimes {
 public:
  void restore(const RunTimeRow& row) { rows_[row.class_name] = row; }
  // A job of the class ended well after this time.
  void add(const std::string& class_name, Millis took);
  std::optional<Millis> estimate(const std::string& class_name) const;  // none: never run
  const RunTimeRow& row(const std::string& class_name) const { return rows_.at(class_name); }

 private:
  std::map<std::string, RunTimeRow> rows_;
};

}  // namespace jobq::sched
