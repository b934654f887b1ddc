// SPDX-License-Identifier: Apache-2.0
// posix_spawn with what daemons need.
#include "exec/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "exec/files.h"
#include "exec/text.h"

namespace jobq::exec {
namespace {

constexpr std::size_t kMostBytes = 4096;

// Everything that the daemon blocked or ignored is the daemon's own business; standard output may
// be a pipe that others read to its end, and who is started may outlive them.
class SpawnSettings {
 public:
  explicit SpawnSettings(int output) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    sigset_t signals;
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    if (output < 0) {
      posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
    } else {
      posix_spawn_file_actions_adddup2(&actions_, output, 1);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawnattr_t* attributes() const { return &attributes_; }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

// To the end of the file; false where that does not come in time.
bool read_until(int pipe, std::int64_t end_ns, std::string& text) {
  std::array<char, kMostBytes> bytes{};
  while (text.size() < kMostBytes) {
    const std::int64_t left_ms = (end_ns - steady_now_ns()) / kNsPerMs;
    pollfd ready = {pipe, POLLIN, 0};
    if (left_ms <= 0 || poll(&ready, 1, static_cast<int>(left_ms)) == 0) return false;
    const ssize_t got = read(pipe, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    text.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return true;
}

bool ends_until(pid_t pid, std::int64_t end_ns) {
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  pollfd ended = {process.get(), POLLIN, 0};
  const std::int64_t left_ms = std::max((end_ns - steady_now_ns()) / kNsPerMs, std::int64_t{0});
  return process && poll(&ended, 1, static_cast<int>(left_ms)) > 0;
}

}  // namespace

pid_t spawn_program(const std::string& executable, const std::vector<std::string>& words,
                    int output) {
  std::vector<std::string> strings = {executable};
  strings.insert(strings.end(), words.begin(), words.end());
  const std::vector<char*> argv = pointers_to(strings);
  const SpawnSettings settings(output);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, executable.c_str(), settings.actions(), settings.attributes(),
                                argv.data(), environ);
  return error != 0 ? -error : pid;
}

std::optional<std::string> ask_program(const std::string& executable,
                                       const std::vector<std::string>& words, Millis limit) {
  const std::int64_t end_ns = steady_now_ns() + limit.count * kNsPerMs;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  const Descriptor from(ends[0]);
  Descriptor to(ends[1]);
  const pid_t pid = spawn_program(executable, words, to.get());
  if (pid < 0) return std::nullopt;
  to = Descriptor();
  std::string text;
  const bool whole = read_until(from.get(), end_ns, text) && ends_until(pid, end_ns);
  if (!whole) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const bool good = whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return good ? std::optional(text) : std::nullopt;
}

}  // namespace jobq::exec
