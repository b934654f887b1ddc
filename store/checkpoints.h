// SPDX-License-Identifier: Apache-2.0
// When the WAL goes into the file. Belongs to the journal's thread.
//
// SQLite never does it by itself here. A checkpoint waits for no reader: what one still needs stays
// in the WAL for the next time. But where there is always one, the WAL would grow for ever; when it
// is far too long, the readers are waited for, each of which reads for a few milliseconds only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "store/database.h"

namespace jobq::store {

class Checkpoints {
 public:
  // Takes the connection's WAL hook. `pages` is the growth of the WAL that asks for a checkpoint.
  Checkpoints(Database& database, std::size_t pages);
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  bool due() const { return wal_pages_ >= seen_pages_ + pages_; }
  // Is anything left that an idle moment could bring into the file?
  bool has_work() const { return wal_pages_ != seen_pages_ || reader_in_way_; }
  // A reader kept the last one from its end: worth another try, a little later.
  bool reader_in_way() const { return reader_in_way_; }

  // True: the file has everything. Failures are logged: nothing is lost by them.
  bool run();
  // At a clean end: also empties the WAL, when no reader is there.
  void run_last();

 private:
  static int note_commit(void* self, sqlite3* database, const char* schema, int pages);
  int attempt(int mode);
  int wait_for_readers();

  Database& database_;
  std::size_t pages_;
  std::size_t wal_pages_ = 0;
  std::size_t seen_pages_ = 0;  // of wal_pages_, at the last checkpoint
  std::size_t too_long_;        // so many pages are worth a wait
  int logged_ = 0;              // pages that SQLite found in the WAL, and
  int done_ = 0;                // those of them that are in the file
  bool reader_in_way_ = false;
};

}  // namespace jobq::store
