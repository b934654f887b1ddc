// SPDX-License-Identifier: Apache-2.0
// What leaves the journal by age: jobs that ended long ago with all that hangs on them, specs that
// nobody names any more, submission keys that have expired. Belongs to the journal's thread.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "store/database.h"
#include "store/writer.h"

namespace jobq::store {

// So many jobs, and so many keys, go in one transaction: a few milliseconds, for which a batch may
// wait.
inline constexpr std::size_t kPurgeChunk = 500;

class Retention {
 public:
  Retention(Database& database, Writer& writer, Millis keep_jobs);

  struct Purged {
    std::size_t jobs = 0;
    bool more = false;  // a whole chunk went: there may be more
  };
  // Purges one chunk in a transaction of its own; none: it failed and changed nothing (see the
  // database's error()).
  std::optional<Purged> purge(Time now);

 private:
  struct Old {
    JobNumber job;
    SpecId spec;
  };
  bool find_jobs(Time now);
  bool remove_jobs();
  bool remove_unnamed_specs();

  Database& database_;
  Writer& writer_;
  Millis keep_jobs_;
  std::vector<Old> old_;
  Statement find_jobs_;
  Statement remove_job_;
  Statement remove_steps_;
  Statement remove_attempts_;
  Statement remove_transitions_;
  Statement remove_array_;
  Statement remove_spec_;
  Statement find_keys_;
  Statement remove_keys_;
};

}  // namespace jobq::store
