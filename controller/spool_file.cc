// SPDX-License-Identifier: Apache-2.0
// Looking at files of the spool directory, and reading them.
#include "controller/spool_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/bytes.h"
#include "conf/ticket_file.h"
#include "net/socket.h"

namespace jobq::controller {
namespace {

constexpr int kReadOnly = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

// A read lease is given only where nobody has the file open for writing. It is given back at once:
// who opens the file meanwhile waits no longer than that.
SpoolState state_by_lease(int file) {
  if (::fcntl(file, F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(file, F_SETLEASE, F_UNLCK);
    return SpoolState::kReady;
  }
  // Else: a file of others without the right to lease it, or a file system without leases.
  return errno == EAGAIN ? SpoolState::kBusy : SpoolState::kYoung;
}

bool is_quiet(const struct stat& about) {
  const Time changed{about.st_mtim.tv_sec * 1000 + about.st_mtim.tv_nsec / kNsPerMs};
  return wall_now() - changed >= kSpoolQuiet;
}

std::string_view kind_of(::mode_t mode) {
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISDIR(mode)) return "a directory";
  return "a device";
}

tl::unexpected<Error> refuse(std::string text) {
  return fail(ErrorCode::kRefused, std::move(text));
}

Result<void> check_kind(const struct stat& about) {
  if (!S_ISREG(about.st_mode)) {
    return refuse(
        fmt::format("it is {}; expected a file with a ticket or a script", kind_of(about.st_mode)));
  }
  if (about.st_nlink != 1) {
    return refuse(
        fmt::format("it has {} names (hard links), so that it may be somebody else's who "
                    "knows nothing of this; copy it instead",
                    about.st_nlink));
  }
  if ((about.st_mode & S_IWOTH) != 0) {
    return refuse(
        "everybody may write it, so that it may not be its owner's words; take the "
        "right away: chmod o-w FILE");
  }
  if (about.st_size == 0) return refuse("it is empty; expected a ticket or a script");
  if (static_cast<std::uint64_t>(about.st_size) <= conf::kMaxTextBytes) return {};
  return refuse(fmt::format("it has {} bytes; a ticket or script has at most {}", about.st_size,
                            conf::kMaxTextBytes));
}

// At most one byte more than a ticket may have.
Result<std::string> read_text(int file) {
  std::string text(conf::kMaxTextBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file, text.data() + size, text.size() - size);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse(fmt::format("it cannot be read: {}", net::error_text(errno)));
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  text.shrink_to_fit();
  return text;
}

Result<void> find_owner(std::uint32_t uid, SpoolFile& file) {
  std::vector<char> texts(4096);
  passwd entry = {};
  passwd* found = nullptr;
  while (getpwuid_r(uid, &entry, texts.data(), texts.size(), &found) == ERANGE) {
    texts.resize(texts.size() * 2);
  }
  if (found == nullptr) {
    return refuse(
        fmt::format("its owner, uid {}, has no account on the machine of the controller; "
                    "give it to a user who has one",
                    uid));
  }
  const std::string home = found->pw_dir == nullptr ? "" : found->pw_dir;
  file.uid = uid;
  file.gid = found->pw_gid;
  file.user = found->pw_name;
  file.home = home.starts_with('/') ? home : "/";
  return {};
}

// A group that its user has alone, by its name, as distributions make one for each account.
bool is_private_group(std::uint32_t group, const SpoolFile& owner) {
  std::vector<char> texts(4096);
  ::group entry = {};
  ::group* found = nullptr;
  while (getgrgid_r(group, &entry, texts.data(), texts.size(), &found) == ERANGE) {
    texts.resize(texts.size() * 2);
  }
  return group == owner.gid && found != nullptr && owner.user == found->gr_name;
}

Error why_not_opened(int error, const struct stat& about) {
  if (error == EACCES || error == EPERM) {
    return {ErrorCode::kRefused,
            fmt::format("the controller (uid {}) may not read it: it belongs to uid {} and has "
                        "mode {:04o}; let others read it: chmod o+r FILE",
                        ::geteuid(), about.st_uid, about.st_mode & 07777U)};
  }
  return {ErrorCode::kRefused, fmt::format("it cannot be opened: {}", net::error_text(error))};
}

}  // namespace

bool is_spool_name(std::string_view name) {
  constexpr std::array<std::string_view, 4> kEnds = {"~", ".part", ".tmp", ".swp"};
  return !name.empty() && !name.starts_with('.') &&
         std::none_of(kEnds.begin(), kEnds.end(), [&](auto end) { return name.ends_with(end); });
}

SpoolState spool_state(int directory, const std::string& name, SpoolSight sight) {
  struct stat about {};
  if (::fstatat(directory, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) {
    return SpoolState::kGone;
  }
  if (S_ISDIR(about.st_mode)) return SpoolState::kFolder;
  if (!S_ISREG(about.st_mode)) return SpoolState::kNoFile;
  if (about.st_nlink != 1) return SpoolState::kReady;  // to be refused, whoever writes
  if (sight == SpoolSight::kMade) return SpoolState::kBusy;
  const net::Descriptor file(::openat(directory, name.c_str(), kReadOnly));
  const SpoolState state = file ? state_by_lease(file.get()) : SpoolState::kYoung;
  if (state != SpoolState::kYoung) return state;
  return sight == SpoolSight::kComplete || is_quiet(about) ? SpoolState::kReady : state;
}

Result<SpoolFile> read_spool_file(int directory, const std::string& name) {
  struct stat about {};
  if (::fstatat(directory, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) {
    return refuse(fmt::format("it cannot be looked at: {}", net::error_text(errno)));
  }
  if (auto fits = check_kind(about); !fits) return tl::unexpected(fits.error());
  const net::Descriptor opened(::openat(directory, name.c_str(), kReadOnly));
  if (!opened) return tl::unexpected(why_not_opened(errno, about));
  if (::fstat(opened.get(), &about) != 0) {
    return refuse(fmt::format("it cannot be looked at: {}", net::error_text(errno)));
  }
  if (auto fits = check_kind(about); !fits) return tl::unexpected(fits.error());
  SpoolFile file;
  if (auto known = find_owner(about.st_uid, file); !known) return tl::unexpected(known.error());
  if ((about.st_mode & S_IWGRP) != 0 && !is_private_group(about.st_gid, file)) {
    return refuse(
        fmt::format("the group {} may write it, which is not its owner's alone; take the right "
                    "away: chmod g-w FILE",
                    about.st_gid));
  }
  auto text = read_text(opened.get());
  if (!text) return tl::unexpected(text.error());
  if (text->size() > conf::kMaxTextBytes) {
    return refuse(fmt::format("it has more than {} bytes", conf::kMaxTextBytes));
  }
  file.text = *std::move(text);
  return file;
}

std::string in_one_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace jobq::controller
