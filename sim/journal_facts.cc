// SPDX-License-Identifier: Apache-2.0
// A few SELECTs on a copy.
#include "sim/journal_facts.h"

#include <utility>

#include "sim/controller_process.h"
#include "sim/disk_vfs.h"
#include "store/database.h"

namespace jobq::sim {
namespace {

using store::Database;
using store::Statement;

bool read_jobs(Database& database, JournalFacts& facts) {
  Statement query(database,
                  "SELECT array, name, number, held, outcome, ended, parent > 0 OR nominal > 0 "
                  "FROM job");
  if (!query.start()) return false;
  while (query.next()) {
    JobNumber array;
    std::string name;
    JournalFacts::Job job;
    Time ended;
    bool is_other = false;
    query.read(array, name, job.number, job.held, job.decided, ended, is_other);
    job.ended = static_cast<bool>(ended);
    if (is_other) {
      if (!job.ended) facts.others.insert(job.number);
      continue;
    }
    if (array) {
      if (!job.ended) facts.open_elements.insert(job.number);
      continue;
    }
    if (!facts.jobs.emplace(name, job).second) facts.repeated = name;
  }
  return !query.failed();
}

// Jobs of one spawn, jobs of one nominal time, receivers of one event: all with more than one.
bool read_twice(Database& database, JournalFacts& facts) {
  Statement query(database,
                  "SELECT 'the spawn ' || parent || '.' || parent_step || '#' || parent_attempt "
                  "FROM job WHERE parent > 0 GROUP BY parent, parent_step, parent_attempt "
                  "HAVING count(*) > 1 UNION ALL "
                  "SELECT name || ' for ' || nominal FROM job WHERE nominal > 0 "
                  "GROUP BY uid, name, nominal HAVING count(*) > 1 UNION ALL "
                  "SELECT 'event ' || received FROM attempt WHERE received > 0 "
                  "GROUP BY received HAVING count(*) > 1");
  if (!query.start()) return false;
  while (query.next()) facts.twice = query.bytes(0);
  return !query.failed();
}

bool read_counts(Database& database, JournalFacts& facts) {
  Statement query(database,
                  "SELECT 'jobs spawned', count(*) FROM job WHERE parent > 0 UNION ALL "
                  "SELECT 'jobs fired', count(*) FROM job WHERE nominal > 0 UNION ALL "
                  "SELECT 'jobs after others', count(*) FROM job WHERE after <> '' UNION ALL "
                  "SELECT 'events received', count(*) FROM attempt WHERE received > 0 UNION ALL "
                  "SELECT 'steps without a node', count(*) FROM attempt WHERE node = 0");
  if (!query.start()) return false;
  while (query.next()) {
    std::string what;
    std::uint64_t count = 0;
    query.read(what, count);
    facts.counts[what] = count;
  }
  return !query.failed();
}

bool read_names(Database& database, const char* sql, std::set<std::string>& names) {
  Statement query(database, sql);
  if (!query.start()) return false;
  while (query.next()) names.emplace(query.bytes(0));
  return !query.failed();
}

bool read_ends(Database& database, JournalFacts& facts) {
  Statement query(database,
                  "SELECT job, step, attempt, how, exit_code, signal, reason, cpu, max_rss, "
                  "read_bytes, written_bytes FROM attempt WHERE ended > 0");
  if (!query.start()) return false;
  while (query.next()) {
    AttemptId id;
    sched::TaskEnd end;
    query.read(id.job, id.step, id.attempt, end.how, end.exit_code, end.signal, end.reason, end.cpu,
               end.max_rss, end.read_bytes, end.written_bytes);
    facts.ends.emplace(id, std::move(end));
  }
  return !query.failed();
}

bool is_whole(Database& database) {
  Statement query(database, "PRAGMA integrity_check");
  return query.start() && query.next() && query.bytes(0) == "ok";
}

bool read_all(Database& database, HowMuch how_much, JournalFacts& facts) {
  return read_jobs(database, facts) && read_twice(database, facts) &&
         read_names(database, "SELECT name FROM node WHERE draining", facts.draining) &&
         read_names(database, "SELECT name FROM resource", facts.resources) &&
         read_names(database, "SELECT name FROM class", facts.classes) &&
         (how_much == HowMuch::kWhatIsLive ||
          (read_ends(database, facts) && read_counts(database, facts) && is_whole(database)));
}

}  // namespace

Result<JournalFacts> read_facts(const Disk& disk, HowMuch how_much) {
  Disk copy(disk);
  const DiskVfs vfs(copy);
  auto database = Database::open(kJournalPath, Database::Mode::kWrite, vfs.name());
  if (!database) return tl::unexpected(database.error());
  JournalFacts facts;
  if (read_all(*database, how_much, facts)) return facts;
  return fail(ErrorCode::kInternal, "the journal cannot be read: " + database->error());
}

}  // namespace jobq::sim
