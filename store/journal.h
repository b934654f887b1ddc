// SPDX-License-Identifier: Apache-2.0
// The journal: rows on disk, durable in groups.
//
// One thread owns the one connection that writes and checkpoints. append() hands a batch over and
// returns at once; batches that wait while a commit runs go into the next commit together. The
// callback of each batch runs on the journal's thread when the batch is on disk, or has failed;
// callbacks come in the order of the appends. When a commit fails, its batches and every later one
// fail (kUnavailable) until reopen() succeeds, so that what is on disk is always a prefix.
// recover() does not show a failed batch. Only a crash before reopen() can bring back the batches
// of the commit that failed: all of them, and nothing after them.
//
// A batch that names a spec must hold its SpecRow, unless a live job or a class on disk names it
// already: specs that nobody names are purged with the last ended job that did.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sched/rows.h"

namespace jobq::store {

inline constexpr int kSchemaVersion = 4;

// How specs become bytes and come back; the controller gives the wire's encoding (see
// docs/journal.md). Called on the journal's thread (and decode on that of a History): they must
// share nothing that changes.
struct SpecCodec {
  std::function<std::string(const sched::JobSpec&)> encode;
  std::function<Result<std::shared_ptr<const sched::JobSpec>>(std::string_view)> decode;
  // Ticket and zone of a recurring ticket; false: they do not decode.
  std::function<std::string(const sched::RecurRow&)> encode_recur;
  std::function<bool(std::string_view, sched::RecurRow&)> decode_recur;
};

class Journal {
 public:
  // Called on the journal's thread.
  using Committed = std::function<void(Result<void>)>;

  struct Options {
    std::string directory;  // exists; the journal is DIRECTORY/journal.db, its lock DIRECTORY/lock
    SpecCodec codec;
    Millis keep_jobs =
        seconds(30 * 86400);  // ended jobs older than this are purged, a little at a time
    std::size_t checkpoint_pages = 4096;  // WAL size that asks for a checkpoint
    // What "older" and "expired" are measured by; called on the journal's thread.
    std::function<Time()> now = wall_now;
  };

  // Takes the lock (kRefused, naming the process that has it), creates or migrates the schema
  // (kRefused for a newer one, a damaged or a foreign file). Starts the thread.
  static Result<std::unique_ptr<Journal>> open(Options options);

  // Waits for what was appended, checkpoints and closes.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // All live rows (see sched/rows.h); kRefused when the file is damaged. Waits for what was
  // appended; also after a failure. Not from a callback: that is the thread that would answer.
  Result<std::vector<sched::Row>> recover();

  // Never waits. `committed` may be empty: nobody wants to know.
  void append(std::vector<sched::Row> rows, Committed committed);

  // After a failure: tries a small write; when it is durable, appends are accepted again. What was
  // appended before the call still fails. Not from a callback.
  Result<void> reopen();

  // What `jq admin` and the log can tell; commits and rows since open(), of batches only.
  struct Counters {
    std::uint64_t commits = 0;
    std::uint64_t rows = 0;
    std::uint64_t purged_jobs = 0;
    std::uint64_t checkpoints = 0;  // that brought everything from the WAL into the file
    std::uint64_t file_bytes = 0;
    std::uint64_t wal_bytes = 0;  // the file's length; it is used again from its start
  };
  Counters counters() const;

 private:
  Journal();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobq::store
