// SPDX-License-Identifier: Apache-2.0
// From what a user filters by to SQL: the list of ended jobs, in pages that are bounded by what
// they read, not by what they find.
//
// A page is made in two steps: the numbers of the jobs that come next, from the index alone; then,
// of these, the jobs that the filters let through.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sched/view.h"
#include "store/database.h"
#include "store/history.h"

namespace jobq::store {

// A place in the list, which goes from the greatest to the least: newest end first, then higher
// number.
struct Place {
  Time ended;
  JobNumber number;
  auto operator<=>(const Place&) const = default;
};

// Where a list begins (the first job comes after this place) and when its last job ended at the
// earliest.
Place first_place(const HistoryFilter& filter);
Time last_end(const HistoryFilter& filter);

// The order of all ended jobs, a page at a time.
class EndedJobs {
 public:
  explicit EndedJobs(Database& database);

  // The next jobs after `from` that ended at `last` or later; fewer than a page at the end of the
  // list. False: the database's error() says why.
  bool read(Place from, Time last, std::vector<Place>& page);

  static constexpr std::size_t kPage = 500;

 private:
  bool append(Statement& query, std::vector<Place>& page);

  Statement same_end_;
  Statement earlier_;
};

class JobQuery {
 public:
  JobQuery(Database& database, const HistoryFilter& filter);

  // The records, where the filter names only a few: they are looked up, not met on the way through
  // the list. False: the database's error() says why.
  bool find_few(std::optional<std::vector<JobNumber>>& few);
  // Could the filter's ranges and elements mean this record? An element's comes after its array's.
  bool may_mean(JobNumber record) const;
  // Appends the summaries, without nodes, of those jobs that all filters let through, in the list's
  // order. False: the database's error() says why.
  bool read(const std::vector<JobNumber>& jobs, std::vector<sched::JobSummary>& page);

 private:
  using Value = std::variant<std::int64_t, std::string>;
  void add_in(const std::string& column, const std::vector<Value>& values);
  bool names_jobs() const { return !ranges_.empty() || !elements_.empty(); }
  bool means(const sched::JobSummary& job) const;
  bool find_elements(JobNumber first, JobNumber last, const sched::IndexSet& among,
                     std::vector<JobNumber>& found);

  Database& database_;
  std::vector<sched::Selector::Range> ranges_;
  std::vector<sched::Selector::Elements> elements_;
  bool by_record_ = false;
  std::string where_;
  std::vector<Value> values_;
};

}  // namespace jobq::store
