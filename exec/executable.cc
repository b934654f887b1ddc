// SPDX-License-Identifier: Apache-2.0
// Looking at the files of programs.
#include "exec/executable.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

namespace jobq::exec {
namespace {

constexpr const char* kSelf = "/proc/self/exe";

}  // namespace

std::string own_executable() {
  std::error_code ignored;
  std::string path = std::filesystem::read_symlink(kSelf, ignored).string();
  const std::string_view gone = " (deleted)";
  if (path.ends_with(gone)) path.resize(path.size() - gone.size());
  return path;
}

std::string identity_of(const std::string& executable) {
  struct stat status = {};
  if (stat(executable.c_str(), &status) != 0) return {};
  return fmt::format("{}:{}:{}.{:09}", status.st_dev, status.st_ino, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

std::string own_identity() { return identity_of(kSelf); }

}  // namespace jobq::exec
