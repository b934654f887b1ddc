// SPDX-License-Identifier: Apache-2.0
// Finds and deletes what is too old, a chunk at a time.
#include "store/retention.h"

namespace jobq::store {

Retention::Retention(Database& database, Writer& writer, Millis keep_jobs)
    : database_(database),
      writer_(writer),
      keep_jobs_(keep_jobs),
      find_jobs_(database,
                 "SELECT number, spec FROM job INDEXED BY job_ended WHERE ended > 0 AND ended < ? "
                 "ORDER BY ended, number LIMIT ?"),
      remove_job_(database, "DELETE FROM job WHERE number = ?"),
      remove_steps_(database, "DELETE FROM step WHERE job = ?"),
      remove_attempts_(database, "DELETE FROM attempt WHERE job = ?"),
      remove_transitions_(database, "DELETE FROM transition WHERE job = ?"),
      remove_array_(database, "DELETE FROM array WHERE job = ?"),
      remove_spec_(database,
                   "DELETE FROM spec WHERE id = ?1 "
                   "AND NOT EXISTS(SELECT 1 FROM job WHERE spec = ?1) "
                   "AND NOT EXISTS(SELECT 1 FROM class WHERE spec = ?1)"),
      find_keys_(database, "SELECT EXISTS(SELECT 1 FROM submission WHERE expires <= ?)"),
      remove_keys_(
          database,
          "DELETE FROM submission WHERE (uid, key) IN "
          "(SELECT uid, key FROM submission WHERE expires <= ? ORDER BY expires LIMIT ?)") {}

std::optional<Retention::Purged> Retention::purge(Time now) {
  if (!find_jobs(now) || !find_keys_.start(now) || !find_keys_.next()) return std::nullopt;
  const bool keys = find_keys_.integer(0) != 0;
  find_keys_.reset();
  if (old_.empty() && !keys) return Purged{};
  if (writer_.begin() && remove_jobs() && remove_unnamed_specs() &&
      remove_keys_.run(now, kPurgeChunk)) {
    const auto gone = static_cast<std::size_t>(sqlite3_changes(database_.handle()));
    const bool more = old_.size() == kPurgeChunk || gone == kPurgeChunk;
    if (writer_.commit()) return Purged{.jobs = old_.size(), .more = more};
  }
  writer_.rollback();
  return std::nullopt;
}

bool Retention::find_jobs(Time now) {
  old_.clear();
  if (!find_jobs_.start(now - keep_jobs_, kPurgeChunk)) return false;
  while (find_jobs_.next()) {
    Old& old = old_.emplace_back();
    find_jobs_.read(old.job, old.spec);
  }
  return !find_jobs_.failed();
}

bool Retention::remove_jobs() {
  for (const Old& old : old_) {
    const bool removed = remove_steps_.run(old.job) && remove_attempts_.run(old.job) &&
                         remove_transitions_.run(old.job) && remove_array_.run(old.job) &&
                         remove_job_.run(old.job);
    if (!removed) return false;
  }
  return true;
}

bool Retention::remove_unnamed_specs() {
  std::set<SpecId> specs;
  for (const Old& old : old_) specs.insert(old.spec);
  for (const SpecId spec : specs) {
    if (!remove_spec_.run(spec)) return false;
  }
  return true;
}

}  // namespace jobq::store
