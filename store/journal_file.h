// SPDX-License-Identifier: Apache-2.0
// The journal without its thread: the one connection that writes and checkpoints, and what is done
// with it, one call after the other. Journal calls it on its thread, the fault simulator as it
// likes, on a disk of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sched/rows.h"
#include "store/checkpoints.h"
#include "store/database.h"
#include "store/journal.h"
#include "store/retention.h"
#include "store/writer.h"

namespace jobq::store {

class JournalFile {
 public:
  // Opens the file, which may be empty, and creates or migrates the schema (kRefused for a newer
  // one, a damaged or a foreign file). `vfs` names one of SQLite's; null: the system's.
  static Result<std::unique_ptr<JournalFile>> open(const std::string& path,
                                                   Journal::Options options,
                                                   const char* vfs = nullptr);
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  using Batches = std::vector<std::vector<sched::Row>>;
  // All of them in one transaction, durable on return, or none. After a failure every later one
  // fails too, until reopen() has proved the disk.
  Result<void> commit(const Batches& group);
  Result<void> reopen();
  // As Journal::recover().
  Result<std::vector<sched::Row>> recover();

  // Between commits: purges and checkpoints as fast as a load that never pauses makes them due.
  void keep_up();
  // One piece of what can wait; how long to wait for the next one.
  Millis tidy();
  // At a clean end.
  void finish() { checkpoints_.run_last(); }

  // Without the sizes of files.
  const Journal::Counters& counters() const { return counters_; }

 private:
  JournalFile(std::string path, Journal::Options options, Database database);
  bool write(const Batches& group);
  bool purge();
  void checkpoint();
  Error cannot_write() const;

  const std::string path_;
  const Journal::Options options_;
  Database database_;
  Writer writer_;
  Retention retention_;
  Checkpoints checkpoints_;
  std::optional<Error> failure_;  // set: nothing is written until reopen() proves the disk
  std::size_t ended_since_purge_ = 0;
  Journal::Counters counters_;
};

}  // namespace jobq::store
