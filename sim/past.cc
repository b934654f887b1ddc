// SPDX-License-Identifier: Apache-2.0
// A SELECT on a copy.
#include "sim/past.h"

#include <algorithm>
#include <utility>

#include "sim/controller_process.h"
#include "sim/disk_vfs.h"
#include "store/database.h"

namespace jobq::sim {

Result<std::vector<sched::JobFact>> past_jobs(const Disk& disk,
                                              const std::vector<JobNumber>& jobs) {
  Disk copy(disk);
  const DiskVfs vfs(copy);
  auto database = store::Database::open(kJournalPath, store::Database::Mode::kWrite, vfs.name());
  if (!database) return tl::unexpected(database.error());
  std::vector<sched::JobFact> facts;
  for (const JobNumber job : jobs) facts.push_back({job, {}, {}, sched::Outcome::kNone, ""});
  store::Statement query(*database,
                         "SELECT number, started, ended, outcome, reason FROM job "
                         "WHERE ended > 0 AND array = 0");
  if (!query.start()) return fail(ErrorCode::kUnavailable, "the history cannot be read");
  while (query.next()) {
    sched::JobFact fact;
    query.read(fact.job, fact.started, fact.ended, fact.outcome, fact.reason);
    const auto asked = std::find_if(facts.begin(), facts.end(),
                                    [&](const auto& one) { return one.job == fact.job; });
    if (asked != facts.end()) *asked = std::move(fact);
  }
  if (query.failed()) return fail(ErrorCode::kUnavailable, "the history cannot be read");
  return facts;
}

}  // namespace jobq::sim
