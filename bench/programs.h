// SPDX-License-Identifier: Apache-2.0
// Running programs from a benchmark: spawning, waiting, a scratch directory, and a daemon that is
// stopped by its id. Failures end the benchmark with a message: a figure from a broken run is worse
// than none.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "tests/temp_dir.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): not declared everywhere

namespace jobq::bench {

[[noreturn]] inline void give_up(const std::string& why) {
  fmt::print(stderr, "bench: {}\n", why);
  std::exit(1);
}

inline double seconds_since(std::int64_t start_ns) {
  return static_cast<double>(steady_now_ns() - start_ns) / 1e9;
}

// Starts a program found on PATH; standard input and output may be files, as may standard error,
// which is ours otherwise.
inline pid_t spawn(std::vector<std::string> words, const std::string& in = "/dev/null",
                   const std::string& out = "/dev/null", const std::string& err = "") {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!err.empty()) {
    posix_spawn_file_actions_addopen(&files, 2, err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  }
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) give_up(fmt::format("{} cannot be started: error {}", words[0], error));
  return pid;
}

// Nothing but a start: what the physical limits are measured with.
inline pid_t spawn_true() {
  std::string program = "/bin/true";
  char* argv[] = {program.data(), nullptr};  // NOLINT(modernize-avoid-c-arrays): posix_spawn's type
  pid_t pid = 0;
  if (posix_spawn(&pid, argv[0], nullptr, nullptr, argv, environ) != 0) give_up("no /bin/true");
  return pid;
}

inline void run(const std::vector<std::string>& words, const std::string& in = "/dev/null",
                const std::string& out = "/dev/null") {
  int status = 0;
  if (waitpid(spawn(words, in, out), &status, 0) < 0 || status != 0) {
    give_up(fmt::format("{} failed with status {}", fmt::join(words, " "), status));
  }
}

class Daemon {
 public:
  Daemon(const std::vector<std::string>& words, const std::string& log)
      : pid_(spawn(words, "/dev/null", "/dev/null", log)) {}
  ~Daemon() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace jobq::bench
