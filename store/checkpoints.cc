// SPDX-License-Identifier: Apache-2.0
// Checkpoints that wait for nobody, and the rare one that does.
#include "store/checkpoints.h"

#include "base/log.h"

namespace jobq::store {
namespace {

constexpr std::size_t kTooLong = 8;  // times the size that asks for a checkpoint
// A wait of a second at most, in many tries: each looks anew where the readers are. One long wait
// would not: it waits for the slot of a reader that has gone on, and come back to the same slot.
constexpr Millis kTry{20};
constexpr int kTries = 50;

}  // namespace

Checkpoints::Checkpoints(Database& database, std::size_t pages)
    : database_(database), pages_(pages), too_long_(kTooLong * pages) {
  sqlite3_wal_hook(database.handle(), &Checkpoints::note_commit, this);
}

// SQLite says how many pages the WAL holds now. It begins anew after a checkpoint that brought over
// all.
int Checkpoints::note_commit(void* self, sqlite3* /*database*/, const char* /*schema*/, int pages) {
  auto& checkpoints = *static_cast<Checkpoints*>(self);
  checkpoints.wal_pages_ = static_cast<std::size_t>(pages);
  if (checkpoints.wal_pages_ < checkpoints.seen_pages_) checkpoints.seen_pages_ = 0;
  return SQLITE_OK;
}

int Checkpoints::attempt(int mode) {
  return sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, mode, &logged_, &done_);
}

int Checkpoints::wait_for_readers() {
  database_.set_patience(kTry);
  int code = attempt(SQLITE_CHECKPOINT_RESTART);
  for (int i = 1; i < kTries && code == SQLITE_BUSY; ++i) code = attempt(SQLITE_CHECKPOINT_RESTART);
  database_.set_patience(Database::kPatience);
  return code;
}

bool Checkpoints::run() {
  const bool waits = wal_pages_ >= too_long_;
  const int code = waits ? wait_for_readers() : attempt(SQLITE_CHECKPOINT_PASSIVE);
  seen_pages_ = wal_pages_;
  reader_in_way_ = code == SQLITE_BUSY || (code == SQLITE_OK && logged_ != done_);
  // A reader that does not go on at all may stall the commits only now and then.
  if (!reader_in_way_) {
    too_long_ = kTooLong * pages_;
  } else if (waits) {
    too_long_ = 2 * wal_pages_;
  }
  if (waits && reader_in_way_) {
    log::warning("a reader keeps the journal's WAL from beginning anew; it has {} pages",
                 wal_pages_);
  } else if (code != SQLITE_OK) {
    log::warning("the journal could not be checkpointed: {}", database_.error());
  }
  return code == SQLITE_OK && !reader_in_way_;
}

void Checkpoints::run_last() { attempt(SQLITE_CHECKPOINT_TRUNCATE); }

}  // namespace jobq::store
