// SPDX-License-Identifier: Apache-2.0
// The schema and its migrations.
#include "store/schema.h"

#include <fmt/format.h>

#include <array>

#include "base/plant.h"
#include "store/journal.h"

namespace jobq::store {
namespace {

// Keys and enums are those of sched/rows.h. Live jobs have ended = 0 and stand first in job_ended;
// what hangs on a job is clustered by its number. A spec's body stands last: what is filtered is
// read without it.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE spec(
  id INTEGER PRIMARY KEY, class_name TEXT NOT NULL, class_version TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE job(
  number INTEGER PRIMARY KEY, spec INTEGER NOT NULL, name TEXT NOT NULL, user TEXT NOT NULL,
  uid INTEGER NOT NULL, gid INTEGER NOT NULL, priority INTEGER NOT NULL, params BLOB,
  time_limit INTEGER, held INTEGER NOT NULL, held_by TEXT NOT NULL, started_needs INTEGER NOT NULL,
  node INTEGER NOT NULL, gpus BLOB, outcome INTEGER NOT NULL, reason TEXT NOT NULL,
  exit_code INTEGER NOT NULL, cancelled_by TEXT NOT NULL, submitted INTEGER NOT NULL,
  started INTEGER NOT NULL, suspended INTEGER NOT NULL, suspended_for INTEGER NOT NULL,
  ended INTEGER NOT NULL, state INTEGER NOT NULL
) STRICT;
CREATE INDEX job_ended ON job(ended);
CREATE INDEX job_spec ON job(spec);
CREATE TABLE step(
  job INTEGER NOT NULL, step INTEGER NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL,
  outcome INTEGER NOT NULL, event TEXT, attempt INTEGER NOT NULL, PRIMARY KEY(job, step)
) STRICT, WITHOUT ROWID;
CREATE TABLE attempt(
  job INTEGER NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL, node INTEGER NOT NULL,
  node_name TEXT NOT NULL, incarnation TEXT NOT NULL, gpus BLOB, launched INTEGER NOT NULL,
  output TEXT NOT NULL, error TEXT NOT NULL, started INTEGER NOT NULL,
  ended INTEGER NOT NULL, how INTEGER NOT NULL, exit_code INTEGER NOT NULL, signal INTEGER NOT NULL,
  reason TEXT NOT NULL, reported INTEGER NOT NULL, event TEXT,
  wall INTEGER NOT NULL, cpu INTEGER NOT NULL, max_rss INTEGER NOT NULL,
  PRIMARY KEY(job, step, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE transition(
  job INTEGER NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, what TEXT NOT NULL,
  detail TEXT NOT NULL, PRIMARY KEY(job, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE class(
  name TEXT NOT NULL, version TEXT NOT NULL, ord INTEGER NOT NULL, spec INTEGER NOT NULL,
  text TEXT NOT NULL, file TEXT NOT NULL, user TEXT NOT NULL, registered INTEGER NOT NULL,
  retired INTEGER NOT NULL, PRIMARY KEY(name, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX class_spec ON class(spec);
CREATE TABLE node(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, incarnation TEXT NOT NULL, cpus INTEGER NOT NULL,
  memory INTEGER NOT NULL, gpus INTEGER NOT NULL, counts BLOB, draining INTEGER NOT NULL,
  drained_by TEXT NOT NULL, drain_reason TEXT NOT NULL, last_joined INTEGER NOT NULL
) STRICT;
CREATE TABLE resource(
  name TEXT PRIMARY KEY, kind INTEGER NOT NULL, total INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE submission(
  uid INTEGER NOT NULL, key TEXT NOT NULL, jobs BLOB, expires INTEGER NOT NULL,
  PRIMARY KEY(uid, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX submission_expires ON submission(expires);
CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE proof(id INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
INSERT INTO proof VALUES(1, 0);
)sql";

// Arrays: an element names its array, an array has the text of its elements; how far it is stands
// in a table of its own, which changes with every element.
constexpr const char* kVersion2 = R"sql(
ALTER TABLE job ADD COLUMN array INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN idx INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN elements TEXT NOT NULL DEFAULT '';
CREATE INDEX job_array ON job(array, idx) WHERE array > 0;
CREATE TABLE array(
  job INTEGER PRIMARY KEY, next INTEGER NOT NULL, front INTEGER NOT NULL,
  front_idx INTEGER NOT NULL, made INTEGER NOT NULL, done INTEGER NOT NULL,
  failed INTEGER NOT NULL, cancelled INTEGER NOT NULL, again TEXT NOT NULL, held TEXT NOT NULL,
  dropped TEXT NOT NULL, first_failure TEXT NOT NULL
) STRICT;
)sql";

// What fair share and estimates of run times go by; and the element of a spec, which is filtered by
// and so stands before the body.
constexpr const char* kVersion3 = R"sql(
CREATE TABLE spec_with_element(
  id INTEGER PRIMARY KEY, class_name TEXT NOT NULL, class_version TEXT NOT NULL,
  element TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
INSERT INTO spec_with_element SELECT id, class_name, class_version, '', body FROM spec;
DROP TABLE spec;
ALTER TABLE spec_with_element RENAME TO spec;
CREATE TABLE usage(user TEXT PRIMARY KEY, used INTEGER NOT NULL, as_of INTEGER NOT NULL)
STRICT, WITHOUT ROWID;
CREATE TABLE run_time(
  class_name TEXT PRIMARY KEY, estimate INTEGER NOT NULL, runs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Jobs begin at a time, come after others and have deadlines, and know who submitted them; further
// attempts at a step come after a delay, and loops go back over steps; attempts are timed and
// warned; recurring tickets and what became of their times; events between flows wait to be
// received; nodes have leases, drains that end, and can be given up and forgotten.
constexpr const char* kVersion4 = R"sql(
ALTER TABLE job ADD COLUMN begin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN to_begin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN deadline INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN parent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN parent_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN parent_attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN ancestors BLOB;
ALTER TABLE job ADD COLUMN after TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN keeps_never INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN nominal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN others BLOB;
ALTER TABLE resource ADD COLUMN command TEXT NOT NULL DEFAULT '';
ALTER TABLE array ADD COLUMN overdue TEXT NOT NULL DEFAULT '';
ALTER TABLE step ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN went_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN warned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN suspended_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN fenced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN read_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN written_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN waits_for BLOB;
ALTER TABLE attempt ADD COLUMN received INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN others BLOB;
ALTER TABLE attempt ADD COLUMN lost_beside INTEGER NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN features BLOB;
ALTER TABLE node ADD COLUMN drain_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN given_up INTEGER NOT NULL DEFAULT 0;
CREATE TABLE recur(
  uid INTEGER NOT NULL, name TEXT NOT NULL, gid INTEGER NOT NULL, user TEXT NOT NULL,
  added INTEGER NOT NULL, decided INTEGER NOT NULL, next INTEGER NOT NULL,
  paused INTEGER NOT NULL, paused_by TEXT NOT NULL, paused_until INTEGER NOT NULL,
  waiting INTEGER NOT NULL, last_job INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY(uid, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE firing(
  uid INTEGER NOT NULL, name TEXT NOT NULL, nominal INTEGER NOT NULL, last INTEGER NOT NULL,
  count INTEGER NOT NULL, what INTEGER NOT NULL, job INTEGER NOT NULL, detail TEXT NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY(uid, name, nominal)
) STRICT, WITHOUT ROWID;
CREATE TABLE event(
  id INTEGER PRIMARY KEY, to_kind INTEGER NOT NULL, to_uid INTEGER NOT NULL, to_name TEXT NOT NULL,
  name TEXT NOT NULL, payload TEXT NOT NULL, broadcast INTEGER NOT NULL, uid INTEGER NOT NULL,
  user TEXT NOT NULL, from_flow TEXT NOT NULL, from_name TEXT NOT NULL, from_step TEXT NOT NULL,
  key TEXT NOT NULL, sent INTEGER NOT NULL, expires INTEGER NOT NULL, received INTEGER NOT NULL,
  received_uid INTEGER NOT NULL, received_key TEXT NOT NULL, of INTEGER NOT NULL
) STRICT;
)sql";

constexpr std::array<const char*, kSchemaVersion> kMigrations = {kVersion1, kVersion2, kVersion3,
                                                                 kVersion4};

tl::unexpected<Error> refuse(const std::string& path, const std::string& why) {
  return fail(ErrorCode::kRefused, fmt::format("{} {}", path, why));
}

tl::unexpected<Error> unreadable(const Database& database, const std::string& path) {
  const int code = database.error_code();
  if (code == SQLITE_NOTADB) return refuse(path, "is not a journal: it is no SQLite database");
  if (code == SQLITE_CORRUPT) {
    return refuse(path, fmt::format("is damaged ({}); restore it from a backup", database.error()));
  }
  return refuse(path, fmt::format("cannot be read: {}", database.error()));
}

tl::unexpected<Error> newer(const std::string& path, std::int64_t version, std::size_t known) {
  return refuse(path, fmt::format("has schema version {}, written by a newer jobq; this one knows "
                                  "versions up to {}: install the newer jobq again",
                                  version, known));
}

// 0 for a new file; an error for a file of somebody else.
Result<std::int64_t> version_of(Database& database, const std::string& path) {
  const auto application = database.number("PRAGMA application_id");
  const auto version = database.number("PRAGMA user_version");
  const auto things = database.number("SELECT count(*) FROM sqlite_schema");
  if (!application || !version || !things) return unreadable(database, path);
  if (*application == kApplicationId) return *version;
  if (*application == 0 && *version == 0 && *things == 0) return 0;
  return refuse(path, "is a database of another program, not a journal");
}

// FULL: a commit that was acknowledged outlives a loss of power.
bool configure(Database& database) {
  return database.execute(
             "PRAGMA mmap_size = 0; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
             "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16384; PRAGMA temp_store = "
             "MEMORY;"
             "PRAGMA trusted_schema = OFF;") &&
         (!JOBQ_PLANT(commits_not_synced) || database.execute("PRAGMA synchronous = NORMAL")) &&
         database.number("SELECT journal_mode = 'wal' FROM pragma_journal_mode") == 1;
}

bool apply(Database& database, const char* step, std::size_t version) {
  const std::string sql = fmt::format(
      "BEGIN IMMEDIATE; {}; PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT;", step,
      kApplicationId, version);
  return database.execute(sql.c_str());
}

}  // namespace

std::span<const char* const> migrations() { return kMigrations; }

Result<void> prepare_writer(Database& database, const std::string& path,
                            std::span<const char* const> steps) {
  const auto version = version_of(database, path);
  if (!version) return tl::unexpected(version.error());
  if (*version < 0 || static_cast<std::size_t>(*version) > steps.size()) {
    return newer(path, *version, steps.size());
  }
  if (!configure(database)) return unreadable(database, path);
  if (!database.rewrite_log()) {
    return refuse(path, "cannot be used: the disk does not take its log (journal.db-wal) again");
  }
  for (auto next = static_cast<std::size_t>(*version); next < steps.size(); ++next) {
    if (apply(database, steps[next], next + 1)) continue;
    auto refused = refuse(path, fmt::format("cannot be brought to schema version {}: {}", next + 1,
                                            database.error()));
    database.execute("ROLLBACK");
    return refused;
  }
  return {};
}

Result<void> check_readable(Database& database, const std::string& path) {
  const auto version = version_of(database, path);
  if (!version) return tl::unexpected(version.error());
  if (*version > kSchemaVersion) return newer(path, *version, kSchemaVersion);
  if (*version != kSchemaVersion) return refuse(path, "was not opened by this version of jobq yet");
  return {};
}

}  // namespace jobq::store
