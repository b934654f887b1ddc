// SPDX-License-Identifier: Apache-2.0
// The SQL of one page of ended jobs.
#include "store/job_query.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace jobq::store {
namespace {

// Up to so many jobs are looked up one by one rather than met on the way through the list.
constexpr std::uint64_t kFewJobs = 5000;

std::int64_t clamped(JobNumber job) {
  constexpr std::uint64_t kHighest = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(job.value, kHighest));
}

// How many jobs the ranges name; kFewJobs + 1 for any greater number.
std::uint64_t count_of(const std::vector<sched::Selector::Range>& ranges) {
  std::uint64_t count = 0;
  for (const auto& range : ranges) {
    if (range.last < range.first) continue;
    count += std::min(range.last.value - range.first.value, kFewJobs) + 1;
    if (count > kFewJobs) return kFewJobs + 1;
  }
  return count;
}

std::string list_of(const std::vector<sched::Selector::Range>& ranges) {
  std::string list;
  for (const auto& range : ranges) {
    for (auto job = range.first.value; range.first <= range.last; ++job) {
      list.append(list.empty() ? "" : ",").append(std::to_string(job));
      if (job == range.last.value) break;
    }
  }
  return list;
}

template <class From, class Convert>
auto converted(const std::vector<From>& from, const Convert& convert) {
  std::vector<std::variant<std::int64_t, std::string>> values;
  for (const From& value : from) values.emplace_back(convert(value));
  return values;
}

std::string select(bool few) {
  std::string sql =
      "SELECT job.number, job.name, spec.class_name, job.user, job.state, job.reason, "
      "job.priority, "
      "job.submitted, job.started, job.ended, job.outcome, job.exit_code, "
      "(SELECT coalesce(sum(attempt - 1), 0) FROM step WHERE step.job = job.number AND attempt > "
      "0) "
      "FROM job ";
  // NOT INDEXED leaves the search by number, which is what few jobs want.
  sql.append(few ? "NOT INDEXED" : "INDEXED BY job_ended");
  return sql.append(
      " LEFT JOIN spec ON spec.id = job.spec WHERE job.ended > 0 "
      "AND (job.ended, job.number) < (?, ?) AND (job.ended, job.number) >= (?, ?)");
}

}  // namespace

JobQuery::JobQuery(Database& database, const sched::QueueFilter& filter) : database_(database) {
  const auto same = [](const std::string& text) { return text; };
  const auto number = [](sched::JobState state) { return static_cast<std::int64_t>(state); };
  add_ranges(filter.ranges);
  if (filter.user) add_in("job.user", {*filter.user});
  add_in("job.name", converted(filter.names, same));
  add_in("spec.class_name", converted(filter.classes, same));
  add_in("job.state", converted(filter.states, number));
  where_ += " ORDER BY job.ended DESC, job.number DESC";
}

void JobQuery::add_ranges(const std::vector<sched::Selector::Range>& ranges) {
  if (ranges.empty()) return;
  few_ = count_of(ranges) <= kFewJobs;
  if (few_) {
    where_ += " AND job.number IN (" + list_of(ranges) + ")";
    return;
  }
  JobNumber first = ranges.front().first;
  JobNumber last = ranges.front().last;
  for (const auto& range : ranges) {
    first = std::min(first, range.first);
    last = std::max(last, range.last);
  }
  where_ += " AND job.number BETWEEN ? AND ?";
  values_.emplace_back(clamped(first));
  values_.emplace_back(clamped(last));
  ranges_ = ranges;
}

void JobQuery::add_in(const std::string& column, const std::vector<Value>& values) {
  if (values.empty()) return;
  where_ += " AND " + column + " IN (?";
  for (std::size_t i = 1; i < values.size(); ++i) where_ += ",?";
  where_ += ")";
  values_.insert(values_.end(), values.begin(), values.end());
}

bool JobQuery::in_ranges(JobNumber job) const {
  return ranges_.empty() || std::any_of(ranges_.begin(), ranges_.end(), [job](const auto& range) {
           return range.first <= job && job <= range.last;
         });
}

bool JobQuery::read(Place from, Place to, std::vector<sched::JobSummary>& page) {
  Statement query(database_, select(few_) + where_);
  if (!query.start(from.ended, from.number, to.ended, to.number)) return false;
  for (const Value& value : values_) {
    std::visit([&query](const auto& plain) { query.bind(plain); }, value);
  }
  while (query.next()) {
    sched::JobSummary job;
    query.read(job.job, job.name, job.class_name, job.user, job.state, job.reason, job.priority,
               job.submitted, job.started, job.ended, job.outcome, job.exit_code, job.restarts);
    if (in_ranges(job.job)) page.push_back(std::move(job));
  }
  return !query.failed();
}

}  // namespace jobq::store
