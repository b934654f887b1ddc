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

std::string list_of(const std::vector<JobNumber>& jobs) {
  std::string list;
  for (const JobNumber job : jobs) {
    list.append(list.empty() ? "" : ",").append(std::to_string(job.value));
  }
  return list;
}

template <class From, class Convert>
auto converted(const std::vector<From>& from, const Convert& convert) {
  std::vector<std::variant<std::int64_t, std::string>> values;
  for (const From& value : from) values.emplace_back(convert(value));
  return values;
}

constexpr const char* kSelect =
    "SELECT job.number, job.array, job.idx, job.elements, job.name, spec.class_name, "
    "coalesce(spec.element, ''), job.user, job.state, job.reason, job.priority, "
    "job.submitted, job.started, job.ended, job.outcome, job.exit_code, "
    "(SELECT coalesce(sum(attempt - 1), 0) FROM step WHERE step.job = job.number AND attempt > 0), "
    "(SELECT coalesce(sum(cpu), 0) FROM attempt WHERE attempt.job = job.number), "
    "(SELECT coalesce(max(max_rss), 0) FROM attempt WHERE attempt.job = job.number), "
    "(SELECT coalesce(sum(read_bytes), 0) FROM attempt WHERE attempt.job = job.number), "
    "(SELECT coalesce(sum(written_bytes), 0) FROM attempt WHERE attempt.job = job.number) "
    // NOT INDEXED leaves the search by number, which is what a list of numbers wants.
    "FROM job NOT INDEXED LEFT JOIN spec ON spec.id = job.spec WHERE job.ended > 0 ";
constexpr const char* kInOrder = " ORDER BY job.ended DESC, job.number DESC";

}  // namespace

Place first_place(const HistoryFilter& filter) {
  constexpr Place kNewest{Time{std::numeric_limits<std::int64_t>::max()}, JobNumber(0)};
  const Place to = filter.ended_to ? Place{*filter.ended_to, JobNumber(0)} : kNewest;
  if (!filter.before) return to;
  return std::min(to, Place{filter.before->first, filter.before->second});
}

Time last_end(const HistoryFilter& filter) {
  return std::max(filter.ended_from.value_or(Time{1}), Time{1});
}

// Two searches, for SQLite finds no place in an index by (ended, rowid) < (?, ?), and very many
// jobs may have ended at once.
EndedJobs::EndedJobs(Database& database)
    : same_end_(database,
                "SELECT ended, number FROM job INDEXED BY job_ended WHERE ended = ? AND number < ? "
                "ORDER BY number DESC LIMIT ?"),
      earlier_(database,
               "SELECT ended, number FROM job INDEXED BY job_ended WHERE ended < ? AND ended >= ? "
               "ORDER BY ended DESC, number DESC LIMIT ?") {}

bool EndedJobs::read(Place from, Time last, std::vector<Place>& page) {
  const bool within = from.ended >= last;
  if (within && !(same_end_.start(from.ended, from.number, kPage) && append(same_end_, page))) {
    return false;
  }
  return earlier_.start(from.ended, last, kPage - page.size()) && append(earlier_, page);
}

bool EndedJobs::append(Statement& query, std::vector<Place>& page) {
  while (query.next()) {
    Place& place = page.emplace_back();
    query.read(place.ended, place.number);
  }
  return !query.failed();
}

JobQuery::JobQuery(Database& database, const HistoryFilter& filter)
    : database_(database),
      ranges_(filter.jobs.ranges),
      elements_(filter.jobs.elements),
      by_record_(filter.by_record) {
  const auto same = [](const std::string& text) { return text; };
  const auto number = [](sched::JobState state) { return static_cast<std::int64_t>(state); };
  const Place from = first_place(filter);
  where_ = "AND (job.ended, job.number) < (?, ?) AND job.ended >= ?";
  values_ = {from.ended.ms, static_cast<std::int64_t>(from.number.value), last_end(filter).ms};
  if (filter.jobs.user) add_in("job.user", {*filter.jobs.user});
  add_in("job.name", converted(filter.jobs.names, same));
  add_in("spec.class_name", converted(filter.jobs.classes, same));
  add_in("spec.element", converted(filter.jobs.node_elements, same));
  add_in("job.state", converted(filter.jobs.states, number));
}

void JobQuery::add_in(const std::string& column, const std::vector<Value>& values) {
  if (values.empty()) return;
  where_ += " AND " + column + " IN (?";
  for (std::size_t i = 1; i < values.size(); ++i) where_ += ",?";
  where_ += ")";
  values_.insert(values_.end(), values.begin(), values.end());
}

bool JobQuery::find_few(std::optional<std::vector<JobNumber>>& few) {
  few.reset();
  if (!names_jobs() || count_of(ranges_) > kFewJobs) return true;
  std::vector<JobNumber> jobs;
  for (const auto& range : ranges_) {
    for (std::uint64_t i = 0; range.first <= range.last; ++i) {
      jobs.emplace_back(range.first.value + i);
      if (jobs.back() == range.last) break;
    }
  }
  static const sched::IndexSet kAll(0, sched::kMaxIndex);
  const bool found =
      std::all_of(ranges_.begin(), ranges_.end(),
                  [&](const auto& it) { return find_elements(it.first, it.last, kAll, jobs); }) &&
      std::all_of(elements_.begin(), elements_.end(), [&](const auto& it) {
        return find_elements(it.array, it.array, it.indexes, jobs);
      });
  if (found && jobs.size() <= 2 * kFewJobs) few = std::move(jobs);
  return found;
}

// Appends so many that it shows when they are not few.
bool JobQuery::find_elements(JobNumber first, JobNumber last, const sched::IndexSet& among,
                             std::vector<JobNumber>& found) {
  Statement query(database_,
                  "SELECT number FROM job WHERE array > 0 AND array BETWEEN ? AND ? "
                  "AND idx BETWEEN ? AND ? AND ended > 0 LIMIT ?");
  if (by_record_ || among.empty() || last < first) return true;
  const sched::Index least = among.ranges().front().first;
  sched::Index greatest = 0;
  for (const sched::IndexRange& range : among.ranges()) greatest = std::max(greatest, range.last);
  if (!query.start(first, last, least, greatest, 2 * kFewJobs + 1)) return false;
  while (query.next()) query.read(found.emplace_back());
  return !query.failed();
}

bool JobQuery::may_mean(JobNumber record) const {
  const auto begins = [record](const auto& range) { return range.first <= record; };
  const auto holds = [record](const auto& elements) { return elements.array < record; };
  return !names_jobs() || std::any_of(ranges_.begin(), ranges_.end(), begins) ||
         std::any_of(elements_.begin(), elements_.end(), holds);
}

// By the names that users know, not by record.
bool JobQuery::means(const sched::JobSummary& job) const {
  const auto in_range = [&](const auto& range) {
    const JobNumber number = by_record_ ? job.record : job.job;
    return range.first <= number && number <= range.last;
  };
  const auto in_elements = [&](const auto& elements) {
    return elements.array == job.job && job.index && elements.indexes.contains(*job.index);
  };
  return !names_jobs() || std::any_of(ranges_.begin(), ranges_.end(), in_range) ||
         std::any_of(elements_.begin(), elements_.end(), in_elements);
}

bool JobQuery::read(const std::vector<JobNumber>& jobs, std::vector<sched::JobSummary>& page) {
  const std::string in_list = " AND job.number IN (" + list_of(jobs) + ")";
  Statement query(database_, kSelect + where_ + in_list + kInOrder);
  if (!query.start()) return false;
  for (const Value& value : values_) {
    std::visit([&query](const auto& plain) { query.bind(plain); }, value);
  }
  while (query.next()) {
    sched::JobSummary& job = page.emplace_back();
    sched::Index index = 0;
    query.read(job.record, job.job, index, job.elements, job.name, job.class_name, job.element,
               job.user, job.state, job.reason, job.priority, job.submitted, job.started, job.ended,
               job.outcome, job.exit_code, job.restarts, job.cpu, job.max_rss, job.read_bytes,
               job.written_bytes);
    if (job.job) {
      job.index = index;
    } else {
      job.job = job.record;
    }
    job.elements = sched::shown_elements(job.elements);
    if (!means(job)) page.pop_back();
  }
  return !query.failed();
}

}  // namespace jobq::store
