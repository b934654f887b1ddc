// SPDX-License-Identifier: Apache-2.0
// Reads the live rows table by table.
#include "store/reader.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "store/tables.h"

namespace jobq::store {
namespace {

// So many rows of dead jobs are stepped over before the key of the next live job is sought: a step
// costs about a tenth of a seek.
constexpr int kStepsBeforeSeek = 16;

Error damaged(const std::string& why) {
  return {ErrorCode::kRefused, "the journal cannot be read: " + why};
}

class LiveReader {
 public:
  LiveReader(Database& database, const SpecCodec& codec) : database_(database), codec_(codec) {}

  Result<std::vector<sched::Row>> run(Time now) {
    const bool complete =
        database_.execute("BEGIN") && read_all(now) && database_.execute("COMMIT");
    if (complete) return std::move(rows_);
    if (!error_) error_ = damaged(database_.error());
    database_.execute("ROLLBACK");
    return tl::unexpected(*std::move(error_));
  }

 private:
  bool read_all(Time now) {
    return read_table<sched::CounterRow>("") && read_table<sched::NodeRow>("") &&
           read_table<sched::ResourceRow>("") &&
           read_table<sched::SubmissionRow>("WHERE expires > ?", now) &&
           read_table<sched::UsageRow>("") && read_table<sched::RunTimeRow>("") &&
           read_table<sched::RecurRow>("") && read_table<sched::FiringRow>("") &&
           read_table<sched::EventRow>("") && read_table<sched::ClassRow>("") && read_jobs() &&
           read_specs() && read_hanging<sched::StepRow>() && read_hanging<sched::AttemptRow>() &&
           read_hanging<sched::TransitionRow>() && read_hanging<sched::ArrayRow>();
  }

  template <class Row, class... Values>
  bool read_table(std::string_view where, const Values&... values) {
    Statement query(database_, select_from<Row>().append(where));
    if (!query.start(values...)) return false;
    while (query.next()) {
      if (!take<Row>(query)) return false;
    }
    return !query.failed();
  }

  bool read_jobs() {
    const auto count = database_.number("SELECT count(*) FROM job WHERE ended = 0");
    if (!count) return false;
    // One step row a job is usual; more makes the vector grow.
    rows_.reserve(rows_.size() + 2 * static_cast<std::size_t>(*count));
    live_.reserve(static_cast<std::size_t>(*count));
    return read_table<sched::JobRow>("INDEXED BY job_ended WHERE ended = 0 ORDER BY number");
  }

  bool read_specs() {
    SpecReader reader(database_, codec_);
    for (const SpecId id : specs_) {
      auto spec = reader.read(id);
      if (!spec) {
        error_ = std::move(spec.error());
        return false;
      }
      rows_.emplace_back(sched::SpecRow{.id = id, .spec = *std::move(spec)});
    }
    return true;
  }

  // Joins by hand: both sides are in the order of job numbers, so one of them leaps to where the
  // other is.
  template <class Row>
  bool read_hanging() {
    Statement query(database_, select_from<Row>() + "WHERE job >= ? ORDER BY 1, 2");
    auto live = live_.begin();
    int stepped_over = kStepsBeforeSeek;
    while (live != live_.end()) {
      if (stepped_over == kStepsBeforeSeek && !query.start(*live)) return false;
      if (stepped_over == kStepsBeforeSeek) stepped_over = 0;
      if (!query.next()) break;
      const JobNumber job(static_cast<std::uint64_t>(query.integer(0)));
      while (live != live_.end() && *live < job) ++live;
      if (live == live_.end()) break;
      if (*live != job) {
        ++stepped_over;
        continue;
      }
      stepped_over = 0;
      if (!take<Row>(query)) return false;
    }
    return !query.failed();
  }

  template <class Row>
  bool take(Statement& query) {
    Row& row = std::get<Row>(rows_.emplace_back(std::in_place_type<Row>));
    if (!decode(query, row)) {
      error_ = damaged(fmt::format("a row of table {} cannot be decoded", Table<Row>::kName));
      return false;
    }
    note(row);
    return true;
  }

  bool decode(Statement& query, sched::RecurRow& row) const { return read(query, row, codec_); }
  template <class Row>
  bool decode(Statement& query, Row& row) const {
    return read(query, row);
  }

  void note(const sched::JobRow& row) {
    live_.push_back(row.number);
    // Neighbours mostly share their spec.
    if (row.spec != newest_spec_) specs_.insert(row.spec);
    newest_spec_ = row.spec;
  }
  void note(const sched::ClassRow& row) { specs_.insert(row.spec); }
  template <class Row>
  void note(const Row& /*row*/) {}

  Database& database_;
  const SpecCodec& codec_;
  std::vector<sched::Row> rows_;
  std::vector<JobNumber> live_;  // ascending
  std::set<SpecId> specs_;       // that live jobs and classes name
  SpecId newest_spec_;
  std::optional<Error> error_;  // where SQLite has none
};

}  // namespace

SpecReader::SpecReader(Database& database, const SpecCodec& codec)
    : database_(database), codec_(codec), query_(database, "SELECT body FROM spec WHERE id = ?") {}

Result<std::shared_ptr<const sched::JobSpec>> SpecReader::read(SpecId id) {
  if (!query_.start(id) || !query_.next()) {
    const std::string why = query_.failed() ? database_.error() : "it is missing";
    return tl::unexpected(damaged(fmt::format("spec {}: {}", id.value, why)));
  }
  auto spec = codec_.decode(query_.bytes(0));
  query_.reset();
  if (!spec)
    return tl::unexpected(damaged(fmt::format("spec {}: {}", id.value, spec.error().message)));
  return spec;
}

Result<std::vector<sched::Row>> read_live(Database& database, const SpecCodec& codec, Time now) {
  return LiveReader(database, codec).run(now);
}

}  // namespace jobq::store
