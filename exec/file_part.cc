// SPDX-License-Identifier: Apache-2.0
// Parts: the note behind the bytes, and the three things that are done to a part.
#include "exec/file_part.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "exec/checksum.h"
#include "exec/error_text.h"
#include "exec/file_place.h"
#include "net/sha256.h"

namespace jobq::exec {
namespace {

constexpr std::string_view kMagic = "jqpart1\n";
constexpr std::size_t kSumBytes = 32;
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kNoteBytes = kMagic.size() + kSumBytes + kTokenBytes;
constexpr std::size_t kTokenAt = kMagic.size() + kSumBytes;
constexpr std::size_t kLongestName = 230;  // of 255, with what a part's name has more
constexpr unsigned kPartMode = 0600;
constexpr unsigned kModeBits = 0777;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 46U;  // 64 TiB
constexpr std::size_t kMapBytes = 64U << 10U;                  // looked at in one go
constexpr int kMostRanges = 10'000;  // told of what has come; the rest comes again
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// A long name is cut; what was cut off is told apart by its checksum.
std::string part_name(const std::string& name) {
  if (name.size() <= kLongestName) return fmt::format(".{}.jobq-part", name);
  return fmt::format(".{}-{:08x}.jobq-part", name.substr(0, kLongestName), crc32(name));
}

std::string note_of(const wire::FileOrder& order) {
  net::Sha256 sum;
  sum.add(fmt::format("{}\n{}\n{}", order.size(), order.mtime_ns(), order.source()));
  std::string note = std::string(kMagic) + sum.finish() + order.token();
  return note;
}

Result<void> check_token(const wire::FileOrder& order) {
  if (order.token().size() == kTokenBytes && order.size() <= kMostBytes) return {};
  return fail(ErrorCode::kUsage, "a part of a file needs a token of 32 characters and a size");
}

tl::unexpected<Error> write_error(const wire::FileOrder& order, int error) {
  return fail(
      ErrorCode::kRefused,
      fmt::format("{}: {}", order.path(), why_not_written("the file cannot be written", error)));
}

bool put_at(int file, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    offset += static_cast<std::uint64_t>(wrote);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

std::string bytes_at(int file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = read_all(file, offset, bytes.data(), size);
  bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return bytes;
}

// Somebody else might have laid a file, a link or a pipe there.
Result<void> check_part(const wire::FileOrder& order, int file, uid_t owner) {
  struct stat status = {};
  if (fstat(file, &status) != 0) return path_error(order, errno);
  if (S_ISREG(status.st_mode) && status.st_uid == owner && status.st_nlink == 1) return {};
  return fail(ErrorCode::kDenied,
              fmt::format("{}: the file {} beside it is not one of yours that is being copied; "
                          "remove it, or choose another directory",
                          order.path(), part_name("NAME")));
}

Result<Descriptor> open_in(const wire::FileOrder& order, const NamedIn& place, int flags,
                           uid_t owner) {
  constexpr int kAlways = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  Descriptor file(
      openat(place.directory.get(), part_name(place.name).c_str(), flags | kAlways, kPartMode));
  if (!file && errno == ELOOP) {
    return fail(ErrorCode::kDenied,
                fmt::format("{}: a link lies where its part would be", order.path()));
  }
  if (!file) return path_error(order, errno);
  if (auto good = check_part(order, file.get(), owner); !good) return tl::unexpected(good.error());
  return file;
}

// Still the part of whoever gave the token.
Result<void> check_holder(const wire::FileOrder& order, int file) {
  if (bytes_at(file, order.size() + kTokenAt, kTokenBytes) == order.token()) return {};
  return fail(ErrorCode::kRefused,
              fmt::format("{}: another copy to this file has begun", order.path()));
}

bool is_same_copy(const wire::FileOrder& order, int file, const std::string& note) {
  struct stat status = {};
  const std::uint64_t whole = order.size() + kNoteBytes + blocks_of(order.size());
  if (fstat(file, &status) != 0 || static_cast<std::uint64_t>(status.st_size) != whole) {
    return false;
  }
  return bytes_at(file, order.size(), kTokenAt) == note.substr(0, kTokenAt);
}

// The map, piece by piece; `each` returns false to stop.
template <class Each>
void read_map(const wire::FileOrder& order, int file, const Each& each) {
  const std::uint64_t blocks = blocks_of(order.size());
  for (std::uint64_t at = 0; at < blocks; at += kMapBytes) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kMapBytes, blocks - at));
    std::string map = bytes_at(file, order.size() + kNoteBytes + at, size);
    map.resize(size, '\0');
    if (!each(at, map)) return;
  }
}

wire::FileReply done_blocks(const wire::FileOrder& order, int file) {
  wire::FileReply reply;
  wire::FileReply::Blocks* last = nullptr;
  read_map(order, file, [&](std::uint64_t first, const std::string& map) {
    for (std::size_t i = 0; i < map.size(); ++i) {
      if (map[i] != 1) continue;
      const bool goes_on = last != nullptr && last->first() + last->count() == first + i;
      if (!goes_on && reply.done_size() == kMostRanges) return false;
      if (!goes_on) {
        last = reply.add_done();
        last->set_first(first + i);
      }
      last->set_count(last->count() + 1);
    }
    return true;
  });
  return reply;
}

bool has_all(const wire::FileOrder& order, int file) {
  bool has = true;
  read_map(order, file, [&](std::uint64_t /*first*/, const std::string& map) {
    has = map.find_first_not_of('\1') == std::string::npos;
    return has;
  });
  return has;
}

// Whoever holds the lock otherwise soon lets it go, or keeps it from his own files alone.
Result<void> lock(const wire::FileOrder& order, int file, int how) {
  if (flock(file, how | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return path_error(order, errno);
  return fail(ErrorCode::kUnavailable,
              fmt::format("{}: another copy to this file is at work", order.path()));
}

bool become_file(const wire::FileOrder& order, const NamedIn& place, int file) {
  const timespec mtime{order.mtime_ns() / kNsPerSecond, order.mtime_ns() % kNsPerSecond};
  const timespec times[2] = {mtime, mtime};
  if (ftruncate(file, static_cast<off_t>(order.size())) != 0) return false;
  if (fchmod(file, order.mode() & kModeBits) != 0 || futimens(file, times) != 0) return false;
  if (fsync(file) != 0) return false;
  const int directory = place.directory.get();
  if (renameat(directory, part_name(place.name).c_str(), directory, place.name.c_str()) != 0) {
    return false;
  }
  const Descriptor again(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (again) fsync(again.get());  // without it the file is there, under one name or the other
  return true;
}

}  // namespace

Result<wire::FileReply> begin_part(const wire::FileOrder& order, uid_t owner) {
  if (auto good = check_token(order); !good) return tl::unexpected(good.error());
  const Result<NamedIn> place = open_parent(order);
  if (!place) return tl::unexpected(place.error());
  const Result<Descriptor> file = open_in(order, *place, O_RDWR | O_CREAT, owner);
  if (!file) return tl::unexpected(file.error());
  const int number = file->get();
  if (auto held = lock(order, number, LOCK_EX); !held) return tl::unexpected(held.error());
  const std::string note = note_of(order);
  if (is_same_copy(order, number, note)) {
    if (!put_at(number, order.size() + kTokenAt, order.token())) return write_error(order, errno);
    return done_blocks(order, number);
  }
  const std::uint64_t whole = order.size() + kNoteBytes + blocks_of(order.size());
  if (ftruncate(number, 0) != 0 || ftruncate(number, static_cast<off_t>(whole)) != 0 ||
      !put_at(number, order.size(), note)) {
    return write_error(order, errno);
  }
  return wire::FileReply();
}

Result<wire::FileReply> write_part(const wire::FileOrder& order, uid_t owner) {
  if (auto good = check_token(order); !good) return tl::unexpected(good.error());
  const std::uint64_t left = order.size() - std::min(order.size(), order.offset());
  if (order.offset() % kFileBlock != 0 || order.data().size() != std::min(left, kFileBlock)) {
    return fail(ErrorCode::kUsage, "what is written to a part is not one whole block of it");
  }
  const Result<NamedIn> place = open_parent(order);
  if (!place) return tl::unexpected(place.error());
  const Result<Descriptor> file = open_in(order, *place, O_RDWR, owner);
  if (!file) return tl::unexpected(file.error());
  const int number = file->get();
  if (auto held = lock(order, number, LOCK_SH); !held) return tl::unexpected(held.error());
  if (auto held = check_holder(order, number); !held) return tl::unexpected(held.error());
  const std::uint64_t mark = order.size() + kNoteBytes + order.offset() / kFileBlock;
  if (!put_at(number, order.offset(), order.data()) ||
      !put_at(number, mark, std::string_view("\1", 1))) {
    return write_error(order, errno);
  }
  return wire::FileReply();
}

Result<wire::FileReply> finish_part(const wire::FileOrder& order, uid_t owner) {
  if (auto good = check_token(order); !good) return tl::unexpected(good.error());
  const Result<NamedIn> place = open_parent(order);
  if (!place) return tl::unexpected(place.error());
  const Result<Descriptor> file = open_in(order, *place, O_RDWR, owner);
  if (!file) return tl::unexpected(file.error());
  if (auto held = lock(order, file->get(), LOCK_EX); !held) return tl::unexpected(held.error());
  if (auto held = check_holder(order, file->get()); !held) return tl::unexpected(held.error());
  if (!has_all(order, file->get())) {
    return fail(ErrorCode::kRefused, fmt::format("{}: not all of it has come", order.path()));
  }
  if (!become_file(order, *place, file->get())) return write_error(order, errno);
  return wire::FileReply();
}

std::uint64_t part_size(const wire::FileOrder& order) {
  const Result<NamedIn> place = open_parent(order);
  struct stat status = {};
  if (!place || fstatat(place->directory.get(), part_name(place->name).c_str(), &status,
                        AT_SYMLINK_NOFOLLOW) != 0) {
    return 0;
  }
  return static_cast<std::uint64_t>(status.st_size);
}

Result<Descriptor> open_part(const wire::FileOrder& order, uid_t owner) {
  const Result<NamedIn> place = open_parent(order);
  if (!place) return tl::unexpected(place.error());
  return open_in(order, *place, O_RDONLY, owner);
}

}  // namespace jobq::exec
