// SPDX-License-Identifier: Apache-2.0
// Processes of the fault test: how they are found and started, and that none outlives it.
#include "tests/fault/process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/fault/clock.h"
#include "tests/fault/watcher.h"
#include "tests/temp_dir.h"

namespace jobq::fault {
namespace {

constexpr std::int64_t kPatienceMs = 20'000;

// A test that starts a daemon in the directory and then stands there.
[[noreturn]] void stand_there_with_a_daemon(const std::string& directory) {
  const Watcher watcher(directory);
  Process daemon({"env", "PLACE=" + directory, "sleep", "1000"}, directory + "/log");
  daemon.start();
  for (;;) pause();
}

TEST(Watcher, WhatATestHasStartedIsGoneAfterItWasKilled) {
  const TempDir directory;
  const pid_t killed = fork();
  if (killed == 0) stand_there_with_a_daemon(directory.path());
  EXPECT_TRUE(within(kPatienceMs, [&] { return !processes_with(directory.path()).empty(); }));
  kill(killed, SIGKILL);
  EXPECT_EQ(waitpid(killed, nullptr, 0), killed);
  EXPECT_TRUE(within(kPatienceMs, [&] { return processes_with(directory.path()).empty(); }));
}

TEST(Process, IsFoundByTwoWordsOfItsCommandLine) {
  const TempDir directory;
  Process daemon({"tail", "-f", "/dev/null", directory.path()}, directory / "log");
  daemon.start();
  const std::string both = std::string("/dev/null") + '\0' + directory.path() + '\0';
  const std::set<pid_t> alone = {daemon.pid()};
  EXPECT_TRUE(within(kPatienceMs, [&] { return processes_with(both) == alone; }));
  EXPECT_TRUE(processes_with("/dev/null" + directory.path()).empty());
}

TEST(Process, ADaemonHasASessionOfItsOwnAndTheUsualMeaningOfSigpipe) {
  const TempDir directory;
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  Process daemon({"sh", "-c", "kill -PIPE $$; exec sleep 1000", directory.path()},
                 directory / "log");
  daemon.start();
  EXPECT_EQ(getsid(daemon.pid()), daemon.pid());
  EXPECT_TRUE(daemon.reap(kPatienceMs));
  EXPECT_TRUE(WIFSIGNALED(daemon.status()) && WTERMSIG(daemon.status()) == SIGPIPE);
  std::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace jobq::fault
