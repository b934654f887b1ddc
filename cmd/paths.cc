// SPDX-License-Identifier: Apache-2.0
// Directories, and reading of files.
#include "cmd/paths.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "conf/ticket_file.h"

namespace jobq::cmd {
namespace {

std::string home_directory() {
  std::string home = environment("HOME");
  if (!home.empty()) return home;
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? std::string() : std::string(entry->pw_dir);
}

bool is_private_directory(const std::string& path, bool& exists) {
  struct stat info {};
  exists = ::lstat(path.c_str(), &info) == 0;
  return exists && S_ISDIR(info.st_mode) && info.st_uid == ::getuid() && (info.st_mode & 077U) == 0;
}

bool in_shared_place(const std::string& directory) { return directory.starts_with("/tmp/"); }

std::string error_text() { return std::strerror(errno); }

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string user_config_directory() {
  const std::string configured = environment("XDG_CONFIG_HOME");
  if (!configured.empty()) return configured + "/jobq";
  const std::string home = home_directory();
  return home.empty() ? std::string() : home + "/.config/jobq";
}

Result<std::string> state_directory() {
  if (::geteuid() == 0) return kSystemStateDirectory;
  const std::string configured = environment("XDG_STATE_HOME");
  if (!configured.empty()) return configured + "/jobq";
  const std::string home = home_directory();
  if (!home.empty()) return home + "/.local/state/jobq";
  return fail(ErrorCode::kUsage,
              "there is no home directory to keep the state in; give --state DIR");
}

std::string user_runtime_directory() {
  const std::string configured = environment("XDG_RUNTIME_DIR");
  if (!configured.empty()) return configured + "/jobq";
  const std::string usual = fmt::format("/run/user/{}", ::getuid());
  if (::access(usual.c_str(), W_OK) == 0) return usual + "/jobq";
  return fmt::format("/tmp/jobq-{}", ::getuid());
}

bool is_safe_runtime_directory(const std::string& directory) {
  bool exists = false;
  return !in_shared_place(directory) || is_private_directory(directory, exists) || !exists;
}

Result<void> make_runtime_directory(const std::string& directory) {
  const mode_t mode = ::geteuid() == 0 ? 0755 : 0700;
  if (::mkdir(directory.c_str(), mode) != 0 && errno != EEXIST) {
    return fail(ErrorCode::kRefused,
                fmt::format("cannot make {}: {}; give --socket PATH", directory, error_text()));
  }
  if (is_safe_runtime_directory(directory)) return {};
  return fail(ErrorCode::kDenied,
              fmt::format("{} is not this user's own directory of mode 0700; mend it, or set "
                          "XDG_RUNTIME_DIR, or give --socket PATH",
                          directory));
}

Result<void> make_directories(const std::string& directory) {
  const mode_t mode = ::geteuid() == 0 ? 0711 : 0700;
  for (std::size_t slash = 1; slash != std::string::npos;) {
    slash = directory.find('/', slash + 1);
    const std::string path = directory.substr(0, slash);
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
      return fail(ErrorCode::kRefused, fmt::format("cannot make {}: {}", path, error_text()));
    }
  }
  return {};
}

std::string current_directory() {
  std::string named = environment("PWD");
  struct stat by_name {};
  struct stat here {};
  if (named.starts_with('/') && ::stat(named.c_str(), &by_name) == 0 && ::stat(".", &here) == 0 &&
      by_name.st_dev == here.st_dev && by_name.st_ino == here.st_ino) {
    return named;
  }
  char path[PATH_MAX];
  return ::getcwd(path, sizeof path) == nullptr ? std::string("/") : std::string(path);
}

std::string absolute_path(std::string_view path) {
  if (path.starts_with('/')) return std::string(path);
  if (path == "." || path.empty()) return current_directory();
  while (path.starts_with("./")) path.remove_prefix(2);
  return current_directory() + "/" + std::string(path);
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return {};
  const std::string full = name;
  return full.substr(0, full.find('.'));
}

Result<std::string> read_descriptor(int descriptor, const std::string& name) {
  std::string text;
  std::string buffer(1U << 16U, '\0');
  while (text.size() <= conf::kMaxTextBytes) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(ErrorCode::kUsage, fmt::format("cannot read {}: {}", name, error_text()));
    text.append(buffer, 0, static_cast<std::size_t>(got));
  }
  return fail(ErrorCode::kUsage,
              fmt::format("{} is longer than {} bytes", name, conf::kMaxTextBytes));
}

Result<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return fail(ErrorCode::kUsage, fmt::format("cannot open {}: {}", path, error_text()));
  Result<std::string> text = read_descriptor(file, path);
  ::close(file);
  return text;
}

}  // namespace jobq::cmd
