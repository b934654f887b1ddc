// SPDX-License-Identifier: Apache-2.0
// Orders one by one, and the counting of areas.
#include "exec/file_work.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/time.h"
#include "exec/borrowed_identity.h"
#include "exec/error_text.h"
#include "exec/file_part.h"
#include "exec/file_place.h"
#include "exec/file_removal.h"
#include "net/sha256.h"

namespace jobq::exec {
namespace {

constexpr std::uint64_t kMostRead = 1U << 20U;
constexpr std::size_t kMostEntries = 10000;        // of one answer
constexpr std::size_t kMostListBytes = 1U << 20U;  // likewise, about
constexpr std::size_t kHashBytes = 256U << 10U;
constexpr std::uint64_t kMostHashed = 64U << 20U;  // longer ones are long work
constexpr int kMostLong = 2;                       // of the four threads that there are
constexpr std::int64_t kCountIsGoodNs = 10'000'000'000;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr int kForReading = O_RDONLY | O_NONBLOCK | O_NOCTTY;
constexpr unsigned kModeBits = 07777;

wire::FileEntry::Kind kind_of(::mode_t mode) {
  if (S_ISREG(mode)) return wire::FileEntry::FILE;
  if (S_ISDIR(mode)) return wire::FileEntry::DIRECTORY;
  return S_ISLNK(mode) ? wire::FileEntry::LINK : wire::FileEntry::OTHER;
}

wire::FileEntry entry_of(const std::string& name, const struct stat& status) {
  wire::FileEntry entry;
  entry.set_name(name);
  entry.set_kind(kind_of(status.st_mode));
  entry.set_size(static_cast<std::uint64_t>(status.st_size));
  entry.set_mode(status.st_mode & kModeBits);
  entry.set_mtime_ns(status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec);
  return entry;
}

Result<wire::FileReply> look(const wire::FileOrder& order) {
  wire::FileReply reply;
  const Result<Descriptor> file = open_path(order, O_PATH);
  if (!file && file.error().code == ErrorCode::kNotFound) return reply;
  if (!file) return tl::unexpected(file.error());
  struct stat status = {};
  if (fstat(file->get(), &status) != 0) return path_error(order, errno);
  *reply.add_entries() = entry_of(order.path(), status);
  return reply;
}

std::string target_of(int directory, const std::string& name) {
  std::array<char, 4096> text = {};
  const ssize_t size = readlinkat(directory, name.c_str(), text.data(), text.size());
  return size < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

// Names behind `behind`, ascending; one more than an answer takes says that there are more.
std::vector<std::string> names_in(DIR* directory, const std::string& behind) {
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && name > behind) names.push_back(name);
  }
  const std::size_t count = std::min(names.size(), kMostEntries + 1);
  std::partial_sort(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count), names.end());
  names.resize(count);
  return names;
}

Result<wire::FileReply> list(const wire::FileOrder& order) {
  const Result<Descriptor> file = open_path(order, O_RDONLY | O_DIRECTORY);
  if (!file) return tl::unexpected(file.error());
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(fdopendir(dup(file->get())), &closedir);
  if (!directory) return path_error(order, errno);
  const std::vector<std::string> names = names_in(directory.get(), order.name());
  wire::FileReply reply;
  std::size_t bytes = 0;
  std::size_t i = 0;
  for (; i < std::min(names.size(), kMostEntries) && bytes < kMostListBytes; ++i) {
    struct stat status = {};
    const char* name = names[i].c_str();
    if (fstatat(file->get(), name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;  // it went away
    wire::FileEntry& entry = *reply.add_entries() = entry_of(names[i], status);
    if (S_ISLNK(status.st_mode)) entry.set_target(target_of(file->get(), names[i]));
    bytes += entry.ByteSizeLong();
  }
  reply.set_more(i < names.size());
  return reply;
}

Result<Descriptor> open_regular(const wire::FileOrder& order) {
  Result<Descriptor> file = open_path(order, kForReading);
  struct stat status = {};
  if (!file) return file;
  if (fstat(file->get(), &status) != 0) return path_error(order, errno);
  if (S_ISREG(status.st_mode)) return file;
  return fail(ErrorCode::kRefused, fmt::format("{}: it is no plain file", order.path()));
}

Result<wire::FileReply> read_some(const wire::FileOrder& order) {
  const Result<Descriptor> file = open_regular(order);
  if (!file) return tl::unexpected(file.error());
  wire::FileReply reply;
  std::string& data = *reply.mutable_data();
  data.resize(std::min(order.size(), kMostRead));
  const ssize_t got = read_all(file->get(), order.offset(), data.data(), data.size());
  if (got < 0) return path_error(order, errno);
  data.resize(static_cast<std::size_t>(got));
  return reply;
}

Result<wire::FileReply> hash(const wire::FileOrder& order, uid_t owner, LongWork& long_work) {
  const LongWork::Place place(long_work, order.size() == 0 || order.size() > kMostHashed);
  if (!place.is_there()) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("{}: the node has other long files to read for their checksums", order.path()));
  }
  const Result<Descriptor> file = order.of_part() ? open_part(order, owner) : open_regular(order);
  if (!file) return tl::unexpected(file.error());
  net::Sha256 sum;
  std::string buffer(kHashBytes, '\0');
  std::uint64_t at = order.offset();
  std::uint64_t left = order.size() == 0 ? ~std::uint64_t{0} : order.size();
  while (left > 0) {
    if (long_work.is_stopped()) {
      return fail(ErrorCode::kUnavailable, order.path() + ": the node stops");
    }
    const std::size_t wanted = std::min<std::uint64_t>(left, buffer.size());
    const ssize_t got = read_all(file->get(), at, buffer.data(), wanted);
    if (got < 0) return path_error(order, errno);
    const auto count = static_cast<std::size_t>(got);
    sum.add(std::string_view(buffer).substr(0, count));
    at += count;
    left -= count;
    if (count < wanted) break;
  }
  wire::FileReply reply;
  reply.set_sha256(sum.finish());
  return reply;
}

// A link that was there is replaced at once; a file or a directory is not.
Result<wire::FileReply> make_link(const wire::FileOrder& order) {
  const Result<NamedIn> place = open_parent(order);
  if (!place) return tl::unexpected(place.error());
  const int directory = place->directory.get();
  struct stat status = {};
  if (fstatat(directory, place->name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      !S_ISLNK(status.st_mode)) {
    return path_error(order, EEXIST);
  }
  const std::string fresh = fmt::format(".{}.jobq-link", random_hex(8));
  if (symlinkat(order.target().c_str(), directory, fresh.c_str()) != 0) {
    return path_error(order, errno);
  }
  if (renameat(directory, fresh.c_str(), directory, place->name.c_str()) != 0) {
    const int error = errno;
    unlinkat(directory, fresh.c_str(), 0);
    return path_error(order, error);
  }
  return wire::FileReply();
}

Result<wire::FileReply> perform(const wire::FileOrder& order, uid_t owner, LongWork& long_work) {
  switch (order.what()) {
    case wire::FileOrder::STAT: return look(order);
    case wire::FileOrder::LIST: return list(order);
    case wire::FileOrder::READ: return read_some(order);
    case wire::FileOrder::BEGIN: return begin_part(order, owner);
    case wire::FileOrder::WRITE: return write_part(order, owner);
    case wire::FileOrder::FINISH: return finish_part(order, owner);
    case wire::FileOrder::HASH: return hash(order, owner, long_work);
    case wire::FileOrder::MKDIR: return make_path(order).map([] { return wire::FileReply(); });
    case wire::FileOrder::LINK: return make_link(order);
    case wire::FileOrder::REMOVE: return remove_path(order).map([] { return wire::FileReply(); });
    default: break;
  }
  return fail(ErrorCode::kUsage, "this node does not know what is to be done with the file");
}

std::uint64_t bytes_below(const std::string& root) {
  namespace fs = std::filesystem;
  std::uint64_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator each(root, fs::directory_options::skip_permission_denied, error);
  for (; !error && each != fs::recursive_directory_iterator(); each.increment(error)) {
    struct stat status = {};
    if (lstat(each->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    bytes += static_cast<std::uint64_t>(status.st_size);
  }
  return bytes;
}

std::uint64_t part_of(const wire::FileOrder& order, const FileUser& user) {
  const BorrowedIdentity identity(user.uid, user.gid, user.groups);
  return part_size(order);
}

}  // namespace

LongWork::Place::Place(LongWork& of, bool is_long) : of_(of), is_long_(is_long) {
  if (!is_long_ || of_.count_.fetch_add(1) < kMostLong) return;
  of_.count_.fetch_sub(1);
  is_long_ = false;
  is_there_ = false;
}

LongWork::Place::~Place() {
  if (is_long_) of_.count_.fetch_sub(1);
}

Result<void> AreaUsage::take(const std::string& root, std::uint64_t quota, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Count& count = counts_[root];
  const auto fits = [&] { return count.bytes <= quota && bytes <= quota - count.bytes; };
  if (count.at_ns == 0 || steady_now_ns() - count.at_ns > kCountIsGoodNs || !fits()) {
    count = {bytes_below(root), steady_now_ns()};
  }
  if (!fits()) {
    return fail(ErrorCode::kRefused,
                fmt::format("the storage area may hold {}, and has {} already: there is no room "
                            "for {} more; remove what is not needed, or ask for a larger quota",
                            format_bytes(Bytes{quota}), format_bytes(Bytes{count.bytes}),
                            format_bytes(Bytes{bytes})));
  }
  count.bytes += bytes;
  return {};
}

Result<wire::FileReply> carry_out(const wire::FileOrder& order, const FileUser& user,
                                  FileShare& share) {
  const bool is_root = geteuid() == 0;
  if (!is_root && user.uid != geteuid()) {
    return fail(ErrorCode::kDenied,
                "the node daemon there runs as an ordinary user, and touches nobody else's files");
  }
  if (order.what() == wire::FileOrder::BEGIN && order.quota() != 0) {
    const std::uint64_t there = std::min(part_of(order, user), order.size());
    auto room = share.usage.take(order.root(), order.quota(), order.size() - there);
    if (!room) return fail(room.error().code, order.path() + ": " + room.error().message);
  }
  const BorrowedIdentity identity(user.uid, user.gid, user.groups);
  return perform(order, user.uid, share.long_work);
}

}  // namespace jobq::exec
