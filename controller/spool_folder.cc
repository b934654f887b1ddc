// SPDX-License-Identifier: Apache-2.0
// Claims, renames and explanations, relative to directories that are open.
#include "controller/spool_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include "base/check.h"
#include "controller/spool_file.h"

namespace jobq::controller {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr std::size_t kKeySize = 32;
constexpr std::array<const char*, 3> kOwn = {"taken", "accepted", "rejected"};
// With what is put before and after it, a name still fits a file system.
constexpr std::size_t kLongestName = 180;
constexpr const char* kWhy = ".why";

Error cannot(std::string_view what, const std::string& which, int error) {
  return {ErrorCode::kRefused,
          fmt::format("cannot {} {}: {}", what, which, net::error_text(error))};
}

std::string random_key() {
  std::array<unsigned char, kKeySize / 2> bytes{};
  const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
  check(got == static_cast<ssize_t>(bytes.size()), "the kernel gives random bytes");
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

std::vector<std::string> entries_of(int directory) {
  const int copy = ::openat(directory, ".", kDirectory);
  if (copy < 0) return {};
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), &::closedir);
  std::vector<std::string> names;
  while (const dirent* entry = stream ? ::readdir(stream.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_there(int directory, const std::string& name) {
  struct stat about {};
  return ::fstatat(directory, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

// "a", "a.2", "a.3", ...: the first that is free, with its explanation. Only we write there.
std::string free_name(int directory, const std::string& name) {
  std::string free = name;
  for (int i = 2; is_there(directory, free) || is_there(directory, free + kWhy); ++i) {
    free = fmt::format("{}.{}", name, i);
  }
  return free;
}

Result<void> move(int from, const std::string& entry, int to, const std::string& name) {
  if (::renameat(from, entry.c_str(), to, name.c_str()) == 0) return {};
  return tl::unexpected(cannot("move", entry, errno));
}

Result<void> write_file(int directory, const std::string& name, std::string_view text) {
  const net::Descriptor file(::openat(directory, name.c_str(),
                                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return tl::unexpected(cannot("make", name, errno));
  ::fchmod(file.get(), 0644);
  while (!text.empty()) {
    const ssize_t put = ::write(file.get(), text.data(), text.size());
    if (put < 0 && errno != EINTR) return tl::unexpected(cannot("write", name, errno));
    if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

std::string explanation(const std::string& name, const std::string& why) {
  return fmt::format("{} of the spool directory, at {}:\n\n{}\n", name, format_rfc3339(wall_now()),
                     why);
}

tl::unexpected<Error> unsafe(const std::string& path, const std::string& why) {
  return fail(ErrorCode::kUsage, fmt::format("the spool directory {} is not safe: {}", path, why));
}

// Who else could put files there, or take them away?
Result<void> check_safe(int directory, const std::string& path, bool is_own) {
  struct stat about {};
  if (::fstat(directory, &about) != 0) return tl::unexpected(cannot("look at", path, errno));
  if (about.st_uid != ::geteuid()) {
    return unsafe(path, fmt::format("it belongs to uid {}; it must belong to the user of the "
                                    "controller, uid {}",
                                    about.st_uid, ::geteuid()));
  }
  const bool others_write = (about.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (others_write && is_own) {
    return unsafe(path, "others may write there; take that right away: chmod go-w");
  }
  if (!others_write || (about.st_mode & S_ISVTX) != 0) return {};
  return unsafe(path,
                "others may write there, and it has no sticky bit, so that they may put their "
                "words under a name of yours; set it: chmod +t");
}

// The file that is older than that, by when it was moved.
void remove_older(int directory, Time before) {
  for (const std::string& name : entries_of(directory)) {
    struct stat about {};
    if (::fstatat(directory, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (about.st_ctim.tv_sec * 1000 < before.ms) ::unlinkat(directory, name.c_str(), 0);
  }
}

}  // namespace

std::string to_string(const SpoolClaim& claim) {
  return fmt::format("{}-{}-{}", claim.at.ms, claim.key, claim.name);
}

std::optional<SpoolClaim> parse_spool_claim(std::string_view text) {
  SpoolClaim claim;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), claim.at.ms);
  if (error != std::errc() || claim.at.ms <= 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.size() < kKeySize + 3 || text[0] != '-' || text[kKeySize + 1] != '-') {
    return std::nullopt;
  }
  claim.key = text.substr(1, kKeySize);
  claim.name = text.substr(kKeySize + 2);
  const bool is_hex = claim.key.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_hex ? std::optional(std::move(claim)) : std::nullopt;
}

Result<SpoolFolder> SpoolFolder::open(const std::string& path) {
  SpoolFolder folder(path);
  if (auto opened = folder.open_top(); !opened) return tl::unexpected(opened.error());
  constexpr std::array<net::Descriptor SpoolFolder::*, 3> kPlaces = {
      &SpoolFolder::taken_, &SpoolFolder::accepted_, &SpoolFolder::rejected_};
  for (std::size_t i = 0; i < kOwn.size(); ++i) {
    auto own = folder.open_own(kOwn[i], i == 0 ? 0700 : 0755);
    if (!own) return tl::unexpected(own.error());
    folder.*kPlaces[i] = *std::move(own);
  }
  return folder;
}

Result<void> SpoolFolder::open_top() {
  if (::mkdir(path_.c_str(), 0700) == 0 && ::geteuid() == 0) ::chmod(path_.c_str(), 01733);
  top_ = net::Descriptor(::open(path_.c_str(), kDirectory));
  if (top_) return check_safe(top_.get(), path_, false);
  return fail(ErrorCode::kUsage, fmt::format("the spool directory {} cannot be opened: {}", path_,
                                             net::error_text(errno)));
}

Result<net::Descriptor> SpoolFolder::open_own(const char* name, ::mode_t mode) {
  const std::string path = fmt::format("{}/{}", path_, name);
  const bool made = ::mkdirat(top_.get(), name, mode) == 0;
  net::Descriptor own(::openat(top_.get(), name, kDirectory));
  if (!own) {
    return fail(ErrorCode::kUsage, fmt::format("the spool's directory {} cannot be opened: {}",
                                               path, net::error_text(errno)));
  }
  if (made) ::fchmod(own.get(), mode);
  if (auto safe = check_safe(own.get(), path, true); !safe) return tl::unexpected(safe.error());
  return own;
}

std::vector<std::string> SpoolFolder::names() const {
  std::vector<std::string> names = entries_of(top_.get());
  std::erase_if(names, [](const std::string& name) {
    return !is_spool_name(name) || std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end();
  });
  return names;
}

std::vector<SpoolClaim> SpoolFolder::claims() const {
  std::vector<SpoolClaim> claims;
  for (const std::string& name : entries_of(taken_.get())) {
    if (auto claim = parse_spool_claim(name)) claims.push_back(*std::move(claim));
  }
  std::sort(claims.begin(), claims.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return claims;
}

Result<SpoolClaim> SpoolFolder::claim(const std::string& name) {
  SpoolClaim claim{wall_now(), random_key(), name.substr(0, kLongestName)};
  if (auto moved = move(top_.get(), name, taken_.get(), to_string(claim)); !moved) {
    return tl::unexpected(moved.error());
  }
  return claim;
}

// A file system that cannot do that has nothing better.
void SpoolFolder::sync_claims() { static_cast<void>(::fsync(taken_.get())); }

Result<SpoolClaim> SpoolFolder::renew(SpoolClaim claim) {
  const std::string before = to_string(claim);
  claim.at = wall_now();
  auto moved = move(taken_.get(), before, taken_.get(), to_string(claim));
  if (!moved) return tl::unexpected(moved.error());
  sync_claims();
  return claim;
}

Result<void> SpoolFolder::accept(const SpoolClaim& claim, const std::string& label) {
  const std::string name = free_name(accepted_.get(), fmt::format("{}-{}", label, claim.name));
  return move(taken_.get(), to_string(claim), accepted_.get(), name);
}

Result<void> SpoolFolder::reject(const SpoolClaim& claim, const std::string& why) {
  return reject_from(taken_.get(), to_string(claim), claim.name, why);
}

Result<void> SpoolFolder::reject_unclaimed(const std::string& name, const std::string& why) {
  return reject_from(top_.get(), name, name.substr(0, kLongestName), why);
}

// The words first: a file without them would be worse than words without their file.
Result<void> SpoolFolder::reject_from(int directory, const std::string& entry,
                                      const std::string& name, const std::string& why) {
  const std::string free = free_name(rejected_.get(), name);
  auto written = put_words(free, explanation(name, why));
  if (!written) return written;
  auto moved = move(directory, entry, rejected_.get(), free);
  if (!moved) ::unlinkat(rejected_.get(), (free + kWhy).c_str(), 0);
  return moved;
}

// Nobody sees half of them.
Result<void> SpoolFolder::put_words(const std::string& name, const std::string& words) {
  ::unlinkat(taken_.get(), kWhy, 0);
  auto written = write_file(taken_.get(), kWhy, words);
  return written ? move(taken_.get(), kWhy, rejected_.get(), name + kWhy) : written;
}

Result<void> SpoolFolder::explain(const std::string& name, const std::string& why) {
  return put_words(free_name(rejected_.get(), name), explanation(name, why));
}

void SpoolFolder::prune(Time before) {
  remove_older(accepted_.get(), before);
  remove_older(rejected_.get(), before);
}

}  // namespace jobq::controller
