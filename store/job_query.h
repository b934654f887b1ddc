// SPDX-License-Identifier: Apache-2.0
// From what a user filters by to SQL: the list of ended jobs, in pages that are bounded by what
// they read, not by what they find.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sched/view.h"
#include "store/database.h"
#include "store/history.h"

namespace jobq::store {

// A place in the list: newest end first, then the higher number. A page holds what comes after its
// place.
struct Place {
  Time ended;
  JobNumber number;
  auto operator<=>(const Place&) const = default;
};

class JobQuery {
 public:
  JobQuery(Database& database, const sched::QueueFilter& filter);

  // Do the filters name so few jobs that they are looked up one by one, in one page?
  bool names_few() const { return few_; }
  // Appends the summaries, without nodes, of what comes after `from` and not after `to`. False: the
  // database's error() says why.
  bool read(Place from, Place to, std::vector<sched::JobSummary>& page);

 private:
  using Value = std::variant<std::int64_t, std::string>;
  void add_ranges(const std::vector<sched::Selector::Range>& ranges);
  void add_in(const std::string& column, const std::vector<Value>& values);
  bool in_ranges(JobNumber job) const;

  Database& database_;
  bool few_ = false;
  std::string where_;
  std::vector<Value> values_;
  std::vector<sched::Selector::Range> ranges_;  // what SQL leaves to us: many, far apart
};

}  // namespace jobq::store
