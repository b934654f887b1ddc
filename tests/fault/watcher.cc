// SPDX-License-Identifier: Apache-2.0
// The process that waits for the end of a test.
#include "tests/fault/watcher.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/check.h"
#include "tests/fault/clock.h"
#include "tests/fault/process.h"

namespace jobq::fault {
namespace {

constexpr std::int64_t kPauseMs = 10;

// What ends the test must not end this one as well, and who waits until everybody has closed the
// test's output must not wait for this one.
void stand_apart() {
  setsid();
  prctl(PR_SET_NAME, "fault_watcher");  // what killall(1) goes by
  for (const int number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) std::signal(number, SIG_IGN);
  const int none = open("/dev/null", O_RDWR);
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(none, file);
  if (none > STDERR_FILENO) close(none);
}

void wait_for_the_end(int pipe) {
  char nothing = 0;
  ssize_t got = 0;
  do {
    got = read(pipe, &nothing, 1);
  } while (got < 0 && errno == EINTR);
}

// Again and again: what was forked while we looked.
void kill_all_with(const std::string& directory) {
  for (auto left = processes_with(directory); !left.empty(); left = processes_with(directory)) {
    for (const pid_t pid : left) kill(pid, SIGKILL);
    wait_ms(kPauseMs);
  }
}

}  // namespace

// A grandchild: ctest kills a test that takes too long together with all its descendants.
Watcher::Watcher(const std::string& directory) {
  std::array<int, 2> ends{};
  check(pipe2(ends.data(), O_CLOEXEC) == 0, "a pipe for the watcher");
  const pid_t child = fork();
  check(child >= 0, "a process for the watcher");
  if (child == 0) {
    if (fork() != 0) _exit(0);
    close(ends[1]);
    stand_apart();
    wait_for_the_end(ends[0]);
    kill_all_with(directory);
    _exit(0);
  }
  close(ends[0]);
  alive_ = ends[1];
  check(waitpid(child, nullptr, 0) == child, "a child that ended can be reaped");
}

Watcher::~Watcher() { close(alive_); }

}  // namespace jobq::fault
