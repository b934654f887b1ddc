// SPDX-License-Identifier: Apache-2.0
// The journal: rows on disk, durable in groups.
//
// One thread owns the one connection that writes and checkpoints. append() hands a batch over and returns at
// once; batches that wait while a commit runs go into the next commit together. The callback of each batch
// runs on the journal's thread when the batch is on disk, or has failed; a failed batch left nothing behind,
// and every later batch fails too until reopen() succeeds, so that what is on disk is always a prefix.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sched/rows.h"

namespace jobq::store {

inline constexpr int kSchemaVersion = 1;

// How specs become bytes and come back; the controller gives the wire's encoding (see docs/journal.md).
struct SpecCodec {
  std::function<std::string(const sched::JobSpec&)> encode;
  std::function<Result<std::shared_ptr<const sched::JobSpec>>(std::string_view)> decode;
};

class Journal {
 public:
  // Called on the journal's thread.
  using Committed = std::function<void(Result<void>)>;

  struct Options {
    std::string directory;  // exists; the journal is DIRECTORY/journal.db, its lock DIRECTORY/lock
    SpecCodec codec;
    Millis keep_jobs = seconds(30 * 86400);  // ended jobs older than this are purged, a little at a time
    std::size_t checkpoint_pages = 4096;     // WAL size that asks for a checkpoint
  };

  // Takes the lock (kRefused, naming the process that has it), creates or migrates the schema (kRefused for
  // a newer one), checks that the file is ours. Starts the thread.
  static Result<std::unique_ptr<Journal>> open(Options options);

  // Waits for what was appended, checkpoints and closes.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // All live rows (see sched/rows.h). Call when nothing is outstanding; also after a failure.
  Result<std::vector<sched::Row>> recover();

  void append(std::vector<sched::Row> rows, Committed committed);

  // After a failure: tries a small write; when it is durable, appends are accepted again.
  Result<void> reopen();

  // What `jq admin` and the log can tell: commits, rows, bytes of the file and of the WAL.
  struct Counters {
    std::uint64_t commits = 0;
    std::uint64_t rows = 0;
    std::uint64_t wal_bytes = 0;
  };
  Counters counters() const;

 private:
  Journal();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobq::store
