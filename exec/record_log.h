// SPDX-License-Identifier: Apache-2.0
// STATE/attempts.log: records of attempts, appended and never changed, and the ledger they add up
// to.
//
// A record is its length and the CRC-32 of its bytes (both 4 bytes, little-endian) and the bytes of
// a pb::Record; each append is one write(2), with all that waited for it. Nothing is synced: what
// was written outlives the process, and after a crash of the machine the boot id differs, so that
// everything without an end counts as lost anyway. Whatever is torn at the end is cut.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "exec/files.h"
#include "exec/ledger.h"

namespace jobq::exec {

// The bytes of a record as they stand in the log.
std::string frame_record(const pb::Record& record);

// Applies every whole record to the ledger and returns how many bytes they take.
std::size_t replay(std::string_view bytes, Ledger& ledger);

class RecordLog {
 public:
  // Opens or makes the log. A log without a readable header is begun anew, under a new id.
  static Result<RecordLog> open(std::string path, const std::string& boot_id);

  // The log that the program before us had open.
  static Result<RecordLog> take_over(std::string path, Descriptor file, const std::string& boot_id);

  int descriptor() const { return file_.get(); }
  const Ledger& ledger() const { return ledger_; }
  // The machine was restarted since the log was opened for the last time.
  bool other_boot() const { return other_boot_; }
  // Names this memory of attempts: a new log or another boot gives another text.
  std::string incarnation() const;

  // Writes, then applies. An error (disk full) leaves log and ledger as they were.
  Result<void> append(const pb::Record& record);

  // Applies now, and writes together with the next record, or when it is flushed: for what a reader
  // can do without.
  void append_later(const pb::Record& record);
  bool anything_waits() const { return !waiting_.empty(); }
  Result<void> flush();

  // Somebody removed the file: what it said is written anew.
  Result<void> make_again() { return replace(); }

  // Replaces the log by what the ledger needs, of the keepers only the latest. Best effort.
  void compact();
  // The same where it pays: nothing is left to remember, or most of a large log is past.
  void compact_if_worth();

 private:
  RecordLog(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  Result<void> read();
  Result<void> begin(const std::string& boot_id);
  Result<void> replace();
  Result<void> write(std::string_view bytes);

  std::string path_;
  Descriptor file_;
  Ledger ledger_;
  std::string waiting_;  // applied, and not written
  std::uint64_t size_ = 0;
  std::uint64_t compacted_size_ = 0;
  bool other_boot_ = false;
};

}  // namespace jobq::exec
