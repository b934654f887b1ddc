// SPDX-License-Identifier: Apache-2.0
// Groups of rows into one transaction, and what a failure of the disk means for those that follow.
#include "store/journal_file.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "base/log.h"
#include "base/plant.h"
#include "store/reader.h"
#include "store/schema.h"

namespace jobq::store {
namespace {

// Until a checkpoint that a reader kept from its end is tried again.
constexpr Millis kReaderPatience{1000};
constexpr Millis kSweepEvery = seconds(3600);  // the only wake-up of a journal without work

}  // namespace

Result<std::unique_ptr<JournalFile>> JournalFile::open(const std::string& path,
                                                       Journal::Options options, const char* vfs) {
  auto database = Database::open(path, Database::Mode::kWrite, vfs);
  if (!database) return tl::unexpected(database.error());
  if (auto prepared = prepare_writer(*database, path); !prepared) {
    return tl::unexpected(prepared.error());
  }
  return std::unique_ptr<JournalFile>(
      new JournalFile(path, std::move(options), *std::move(database)));
}

JournalFile::JournalFile(std::string path, Journal::Options options, Database database)
    : path_(std::move(path)),
      options_(std::move(options)),
      database_(std::move(database)),
      writer_(database_, options_.codec),
      retention_(database_, writer_, options_.keep_jobs),
      checkpoints_(database_, options_.checkpoint_pages) {}

Result<void> JournalFile::commit(const Batches& group) {
  if (!failure_ && !write(group)) failure_ = cannot_write();
  if (!failure_) return {};
  writer_.rollback();
  if (JOBQ_PLANT(failed_commit_taken_as_good)) {
    failure_.reset();
    return {};
  }
  return tl::unexpected(*failure_);
}

bool JournalFile::write(const Batches& group) {
  std::uint64_t rows = 0;
  for (const auto& batch : group) rows += batch.size();
  if (rows == 0) return true;
  if (!writer_.begin()) return false;
  for (const auto& batch : group) {
    for (const sched::Row& row : batch) {
      if (!writer_.write(row)) return false;
      const auto* job = std::get_if<sched::JobRow>(&row);
      if (job != nullptr && job->ended) ++ended_since_purge_;
    }
  }
  if (!writer_.commit()) return false;
  ++counters_.commits;
  counters_.rows += rows;
  return true;
}

Result<void> JournalFile::reopen() {
  if (!failure_) return {};
  if (!writer_.prove()) return tl::unexpected(cannot_write());
  failure_.reset();
  return {};
}

Result<std::vector<sched::Row>> JournalFile::recover() {
  return read_live(database_, options_.codec, options_.now());
}

void JournalFile::keep_up() {
  if (failure_) return;
  if (ended_since_purge_ >= kPurgeChunk) purge();
  if (checkpoints_.due()) checkpoint();
}

Millis JournalFile::tidy() {
  if (failure_) return kSweepEvery;
  if (purge()) return Millis{0};
  if (checkpoints_.has_work()) checkpoint();
  return checkpoints_.reader_in_way() ? kReaderPatience : kSweepEvery;
}

// True: there is more.
bool JournalFile::purge() {
  ended_since_purge_ = 0;
  const auto purged = retention_.purge(options_.now());
  if (!purged) {
    log::warning("the journal could not purge old jobs: {}", database_.error());
    return false;
  }
  counters_.purged_jobs += purged->jobs;
  return purged->more;
}

void JournalFile::checkpoint() {
  if (checkpoints_.run()) ++counters_.checkpoints;
}

// In words of the user's: what happened, and what helps.
Error JournalFile::cannot_write() const {
  const std::string detail = database_.error();
  std::string text = "the journal cannot be written: ";
  switch (database_.error_code()) {
    case SQLITE_FULL:
      text +=
          fmt::format("the disk is full ({}); free some space for {}", detail, options_.directory);
      break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      text += fmt::format("the disk fails ({}); look after the file system of {}", detail,
                          options_.directory);
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      text += fmt::format("{} is damaged ({}); restore it from a backup", path_, detail);
      break;
    default: text += detail;
  }
  return {ErrorCode::kUnavailable, text};
}

}  // namespace jobq::store
