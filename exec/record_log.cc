// SPDX-License-Identifier: Apache-2.0
// The file behind the ledger.
#include "exec/record_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/log.h"
#include "exec/checksum.h"
#include "exec/error_text.h"

namespace jobq::exec {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kFrame = 8;
constexpr std::uint32_t kMostBytes = 1U << 20U;  // of one record: far more than any has
constexpr std::uint64_t kWorthEmpty = 256U << 10U;
constexpr std::uint64_t kWorthLarge = 4U << 20U;

Error disk_error(const std::string& path) {
  return {ErrorCode::kUnavailable, why_not_written(path, errno)};
}

// False where it fails (errno stands).
bool read_whole(int file, std::string& bytes) {
  struct stat status = {};
  if (fstat(file, &status) != 0) return false;
  bytes.resize(static_cast<std::size_t>(status.st_size));
  const ssize_t size = read_all(file, 0, bytes.data(), bytes.size());
  if (size < 0) return false;
  bytes.resize(static_cast<std::size_t>(size));
  return true;
}

}  // namespace

std::string frame_record(const pb::Record& record) {
  const std::string body = record.SerializeAsString();
  std::string bytes;
  bytes.reserve(kFrame + body.size());
  put(bytes, static_cast<std::uint32_t>(body.size()));
  put(bytes, crc32(body));
  return bytes + body;
}

std::size_t replay(std::string_view bytes, Ledger& ledger) {
  std::size_t at = 0;
  pb::Record record;
  while (bytes.size() - at >= kFrame) {
    const auto length = get<std::uint32_t>(bytes.substr(at));
    if (length > kMostBytes || bytes.size() - at - kFrame < length) break;
    const std::string_view body = bytes.substr(at + kFrame, length);
    if (get<std::uint32_t>(bytes.substr(at + 4)) != crc32(body)) break;
    if (!record.ParseFromArray(body.data(), static_cast<int>(body.size()))) break;
    apply(record, ledger);
    at += kFrame + length;
  }
  return at;
}

Result<RecordLog> RecordLog::open(std::string path, const std::string& boot_id) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file) return tl::unexpected(disk_error(path));
  return take_over(std::move(path), std::move(file), boot_id);
}

Result<RecordLog> RecordLog::take_over(std::string path, Descriptor file,
                                       const std::string& boot_id) {
  RecordLog log(std::move(path), std::move(file));
  if (const auto read = log.read(); !read) return tl::unexpected(read.error());
  if (const auto begun = log.begin(boot_id); !begun) return tl::unexpected(begun.error());
  return log;
}

Result<void> RecordLog::read() {
  std::string bytes;
  // Nothing is cut of what cannot be read.
  if (!read_whole(file_.get(), bytes)) return tl::unexpected(disk_error(path_));
  size_ = replay(bytes, ledger_);
  if (size_ < bytes.size()) {
    log::warning("{}: cut {} bytes that are no record", path_, bytes.size() - size_);
    if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
      return tl::unexpected(disk_error(path_));
    }
  }
  compacted_size_ = size_;
  if (ledger_.header.version() <= kVersion) return {};
  return fail(ErrorCode::kRefused, path_ + " was written by a newer jobq");
}

Result<void> RecordLog::begin(const std::string& boot_id) {
  pb::Header& header = ledger_.header;
  const bool fresh = header.log_id().empty();
  other_boot_ = !fresh && header.boot_id() != boot_id;
  if (!fresh && !other_boot_) return {};
  if (fresh) {
    // Without a header nothing says whose records these are.
    ledger_ = {};
    header.set_version(kVersion);
    header.set_log_id(random_hex(8));
  }
  header.set_boot_id(boot_id);
  return replace();
}

std::string RecordLog::incarnation() const {
  return ledger_.header.log_id() + "." + ledger_.header.boot_id();
}

Result<void> RecordLog::append(const pb::Record& record) {
  if (auto written = write(waiting_ + frame_record(record)); !written) return written;
  apply(record, ledger_);
  return {};
}

void RecordLog::append_later(const pb::Record& record) {
  waiting_ += frame_record(record);
  apply(record, ledger_);
}

Result<void> RecordLog::flush() { return waiting_.empty() ? Result<void>() : write(waiting_); }

// Of what waits all is among the bytes.
Result<void> RecordLog::write(std::string_view bytes) {
  if (!write_all(file_.get(), bytes)) {
    Error error = disk_error(path_);
    // What was written of it would end the log at the next start, with all that follows.
    if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
      log::error("{}: a record that was not written whole cannot be cut", path_);
    }
    return tl::unexpected(std::move(error));
  }
  size_ += bytes.size();
  waiting_.clear();
  return {};
}

Result<void> RecordLog::replace() {
  const std::string next = path_ + ".new";
  Descriptor file(::open(next.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  std::string bytes;
  for (const pb::Record& record : records_of(ledger_)) bytes += frame_record(record);
  if (!file || !write_all(file.get(), bytes) || rename(next.c_str(), path_.c_str()) != 0) {
    const Error error = disk_error(next);
    unlink(next.c_str());
    return tl::unexpected(error);
  }
  file_ = std::move(file);
  waiting_.clear();
  size_ = compacted_size_ = bytes.size();
  return {};
}

void RecordLog::compact() {
  if (ledger_.opened.size() > 1) {
    ledger_.opened.erase(ledger_.opened.begin(), ledger_.opened.end() - 1);
  }
  if (const auto replaced = replace(); !replaced) log::warning("{}", replaced.error().message);
}

void RecordLog::compact_if_worth() {
  const bool empty = ledger_.attempts.empty() && size_ > kWorthEmpty;
  const bool large = size_ > kWorthLarge && size_ > 4 * compacted_size_;
  if (empty || large) compact();
}

}  // namespace jobq::exec
