// SPDX-License-Identifier: Apache-2.0
// flock(2) and the pid in the file.
#include "store/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace jobq::store {
namespace {

std::string path_of(const std::string& directory) { return directory + "/lock"; }

// "process 4711", or what can be said when the file is empty yet.
std::string holder(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = pread(descriptor, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
  return pid.empty() ? "another process" : "process " + pid;
}

tl::unexpected<Error> cannot_lock(const std::string& directory) {
  return fail(ErrorCode::kRefused, fmt::format("cannot lock {}: {}", path_of(directory),
                                               std::generic_category().message(errno)));
}

}  // namespace

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  const int descriptor = open(path_of(directory).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return cannot_lock(directory);
  DirectoryLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return cannot_lock(directory);
    return fail(ErrorCode::kRefused,
                fmt::format("{} is in use by a controller ({}); stop that one first, or give this "
                            "one a state directory of its own",
                            directory, holder(descriptor)));
  }
  // The pid serves the message only: a full disk is no reason not to start.
  const std::string pid = fmt::format("{}\n", getpid());
  [[maybe_unused]] const bool written =
      ftruncate(descriptor, 0) == 0 && pwrite(descriptor, pid.data(), pid.size(), 0) > 0;
  return lock;
}

bool DirectoryLock::is_taken(const std::string& directory) {
  const int descriptor = open(path_of(directory).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool taken = flock(descriptor, LOCK_SH | LOCK_NB) != 0;
  close(descriptor);
  return taken;
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

}  // namespace jobq::store
