// SPDX-License-Identifier: Apache-2.0
// The reading connection, and its two questions: a list in pages, and one job whole.
#include "store/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "store/database.h"
#include "store/job_detail.h"
#include "store/job_query.h"
#include "store/lock.h"
#include "store/reader.h"
#include "store/schema.h"
#include "store/tables.h"

namespace jobq::store {
namespace {

tl::unexpected<Error> not_there(JobRef job) {
  return fail(ErrorCode::kNotFound,
              fmt::format("the history has no job {}: it was never given, has not ended, or was "
                          "purged by age",
                          to_string(job)));
}

// Empty of a job that is no array.
sched::IndexSet elements_of(const sched::JobRow& job) {
  const auto array = sched::parse_array(job.elements);
  return array ? array->elements : sched::IndexSet();
}

}  // namespace

struct History::Impl {
  Impl(Database opened, SpecCodec given)
      : database(std::move(opened)), codec(std::move(given)), specs(database, codec) {}

  // Runs the reading in a transaction, so that all of it sees one state, and ends that at once.
  template <class Read>
  Result<void> in_snapshot(const Read& read) {
    Result<void> result;
    if (!begin.run() || !read()) result = unreadable();
    if (sqlite3_get_autocommit(database.handle()) == 0) commit.run();
    return result;
  }

  tl::unexpected<Error> unreadable() const {
    const bool ours = database.error_code() == SQLITE_OK;
    return fail(ErrorCode::kUnavailable, "the history cannot be read: " +
                                             (ours ? "a row cannot be decoded" : database.error()));
  }

  template <class Row>
  bool read_rows(Statement& query, JobNumber number, std::vector<Row>& rows) {
    if (!query.start(number)) return false;
    bool decoded = true;
    while (decoded && query.next()) decoded = read(query, rows.emplace_back());
    query.reset();
    return decoded && !query.failed();
  }

  bool read_nodes(sched::JobSummary& summary) {
    if (!nodes.start(summary.record)) return false;
    while (nodes.next()) {
      add_node(summary.nodes, nodes.bytes(0));
      std::vector<sched::OtherNode> others;
      if (!decode(nodes.bytes(1), others)) return false;
      for (const sched::OtherNode& other : others) add_node(summary.nodes, other.name);
    }
    return !nodes.failed();
  }

  // What a page is made of: the jobs themselves where the filter names few, or else the next ones
  // of the list that it may mean. `from` moves to the last job that was looked at; none when
  // that was all.
  bool find_jobs(JobQuery& query, std::optional<Place>& from, Time last,
                 std::vector<JobNumber>& found) {
    std::optional<std::vector<JobNumber>> few;
    if (!query.find_few(few)) return false;
    if (few) {
      found = *std::move(few);
      from.reset();
      return true;
    }
    std::vector<Place> places;
    if (!ended_jobs.read(*from, last, places)) return false;
    for (const Place& place : places) {
      if (query.may_mean(place.number)) found.push_back(place.number);
    }
    from = places.size() < EndedJobs::kPage ? std::nullopt : std::optional(places.back());
    return true;
  }

  // At most `limit` jobs (0: all).
  bool read_page(JobQuery& query, std::optional<Place>& from, Time last, std::size_t limit,
                 std::vector<sched::JobSummary>& page) {
    std::vector<JobNumber> found;
    if (!find_jobs(query, from, last, found) || !query.read(found, page)) return false;
    if (limit != 0 && page.size() > limit) page.resize(limit);
    return std::all_of(page.begin(), page.end(),
                       [this](auto& summary) { return read_nodes(summary); });
  }

  // The rows of the job when it ended; empty when it did not, or is not there.
  bool read_job(JobNumber number, std::vector<sched::JobRow>& found, JobRows& rows) {
    return read_rows(job, number, found) && read_rows(steps, number, rows.steps) &&
           read_rows(attempts, number, rows.attempts) &&
           read_rows(transitions, number, rows.transitions) && read_array(number, rows.array);
  }

  bool read_array(JobNumber number, std::optional<sched::ArrayRow>& row) {
    std::vector<sched::ArrayRow> found;
    if (!read_rows(arrays, number, found)) return false;
    if (!found.empty()) row = std::move(found.front());
    return true;
  }

  // The record of a job, or of an element that ended; of one that never started, that of its array.
  bool find_record(JobRef ref, JobNumber& record) {
    record = ref.job;
    if (!ref.index) return true;
    if (!element.start(ref.job, *ref.index)) return false;
    if (element.next()) element.read(record);
    element.reset();
    return !element.failed();
  }

  Database database;
  SpecCodec codec;
  SpecReader specs;
  EndedJobs ended_jobs{database};
  Statement begin{database, "BEGIN"};
  Statement commit{database, "COMMIT"};
  Statement job{database, select_from<sched::JobRow>() + "WHERE number = ? AND ended > 0"};
  Statement element{
      database, "SELECT number FROM job WHERE array > 0 AND array = ? AND idx = ? AND ended > 0"};
  Statement arrays{database, select_from<sched::ArrayRow>() + "WHERE job = ?"};
  Statement steps{database, select_from<sched::StepRow>() + "WHERE job = ? ORDER BY step"};
  Statement attempts{database,
                     select_from<sched::AttemptRow>() + "WHERE job = ? ORDER BY step, attempt"};
  Statement nodes{database, "SELECT node_name, others FROM attempt WHERE job = ?"};
  Statement transitions{database,
                        select_from<sched::TransitionRow>() + "WHERE job = ? ORDER BY sequence"};
};

Result<std::unique_ptr<History>> History::open(const std::string& directory, SpecCodec codec) {
  // Without a writer it would be this connection that recovers a WAL left by a crash.
  if (!DirectoryLock::is_taken(directory)) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("no controller has the journal of {} open", directory));
  }
  const std::string path = directory + "/journal.db";
  auto database = Database::open(path, Database::Mode::kRead);
  if (!database) return tl::unexpected(database.error());
  if (auto ours = check_readable(*database, path); !ours) return tl::unexpected(ours.error());
  std::unique_ptr<History> history(new History);
  history->impl_ = std::make_unique<Impl>(*std::move(database), std::move(codec));
  return history;
}

History::History() = default;
History::~History() = default;

Result<void> History::list(const HistoryFilter& filter,
                           const std::function<bool(const sched::JobSummary&)>& each) {
  JobQuery query(impl_->database, filter);
  const Time last = last_end(filter);
  std::optional<Place> from = first_place(filter);
  std::size_t left = filter.limit;
  while (from) {
    std::vector<sched::JobSummary> page;
    auto read = impl_->in_snapshot([&] { return impl_->read_page(query, from, last, left, page); });
    if (!read) return read;
    for (const sched::JobSummary& job : page) {
      if (!each(job)) return {};
    }
    left -= std::min(left, page.size());
    if (filter.limit != 0 && left == 0) return {};
  }
  return {};
}

Result<sched::JobDetail> History::show(JobRef job) {
  std::vector<sched::JobRow> found;
  JobRows rows;
  Result<std::shared_ptr<const sched::JobSpec>> spec;
  const auto read = impl_->in_snapshot([&] {
    JobNumber record;
    if (!impl_->find_record(job, record) || !impl_->read_job(record, found, rows)) return false;
    if (!found.empty()) spec = impl_->specs.read(found.front().spec);
    return true;
  });
  if (!read) return tl::unexpected(read.error());
  if (found.empty()) return not_there(job);
  if (!spec) return tl::unexpected(spec.error());
  rows.job = std::move(found.front());
  const bool is_it = rows.job.array == job.job && rows.job.index == job.index;
  if (!job.index || is_it) return make_detail(rows, **spec);
  const sched::IndexSet elements = elements_of(rows.job);
  if (auto known = sched::check_element(job, elements); !known) {
    return tl::unexpected(known.error());
  }
  if (auto dropped = make_dropped(rows, **spec, *job.index)) return *std::move(dropped);
  return not_there(job);
}

}  // namespace jobq::store
