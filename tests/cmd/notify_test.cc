// SPDX-License-Identifier: Apache-2.0
// What a service manager hears of a daemon: a real socket, and a daemon in a process of its own.
#include "cmd/notify.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>

#include "cmd/service.h"
#include "tests/temp_dir.h"

namespace jobq::cmd {
namespace {

constexpr int kLongMs = 20000;

class Manager {
 public:
  Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path().data(), path().size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Manager() { ::close(socket_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  std::string path() const { return directory_ / "notify"; }

  // The next message, or nothing when none comes in time.
  std::string hear(int limit_ms = kLongMs) const {
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, limit_ms) != 1) return {};
    std::array<char, 4096> text{};
    const ssize_t size = ::recv(socket_, text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(size)};
  }
  // Whether the message comes before long; others are passed over.
  bool hears(const std::string& wanted) const {
    for (int i = 0; i < 100; ++i) {
      if (hear() == wanted) return true;
    }
    return false;
  }

 private:
  TempDir directory_;
  int socket_;
};

// A daemon with an environment and a service of its own, ended with the test.
class Daemon {
 public:
  Daemon(const std::map<std::string, std::string>& environment,
         const std::function<Service()>& make)
      : pid_(::fork()) {
    if (pid_ > 0) return;
    ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    const auto ended =
        run_service({}, {"test", "", [&](uv_loop_s*) -> Result<Service> { return make(); }});
    std::_Exit(ended ? *ended : 1);
  }
  ~Daemon() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void terminate() const { ::kill(pid_, SIGTERM); }
  std::string ready() const { return "READY=1\nMAINPID=" + std::to_string(pid_); }

 private:
  pid_t pid_;
};

Service plain() {
  Service service;
  service.ready = [] { return true; };
  service.stop = [](const std::function<void()>& stopped) { stopped(); };
  service.greeting = "here it is";
  return service;
}

TEST(Notify, ADaemonSaysThatItIsReadyWhatItDoesAndThatItStops) {
  const Manager manager;
  const Daemon daemon({{"NOTIFY_SOCKET", manager.path()}}, plain);
  EXPECT_TRUE(manager.hears(daemon.ready()));
  daemon.terminate();
  EXPECT_TRUE(manager.hears("STOPPING=1"));
  EXPECT_EQ(manager.hear(100), "");
}

TEST(Notify, WhatItDoesIsShown) {
  const Manager manager;
  const Daemon daemon({{"NOTIFY_SOCKET", manager.path()}}, plain);
  EXPECT_TRUE(manager.hears("STATUS=here it is"));
}

TEST(Notify, WithoutAWatchdogNothingIsSaidTwice) {
  const Manager manager;
  const Daemon daemon({{"NOTIFY_SOCKET", manager.path()}}, plain);
  EXPECT_NE(manager.hear(), "");
  EXPECT_NE(manager.hear(), "");
  EXPECT_EQ(manager.hear(200), "");
}

TEST(Notify, TheWatchdogHearsOfALoopThatTurns) {
  const Manager manager;
  const Daemon daemon({{"NOTIFY_SOCKET", manager.path()}, {"WATCHDOG_USEC", "40000"}}, plain);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(manager.hears("WATCHDOG=1"));
}

TEST(Notify, TheWatchdogHearsNothingOfALoopThatStandsStill) {
  const Manager manager;
  const Daemon daemon({{"NOTIFY_SOCKET", manager.path()}, {"WATCHDOG_USEC", "40000"}}, [] {
    Service service = plain();
    service.works = [count = 0]() mutable {
      if (++count > 2) ::pause();
      return true;
    };
    return service;
  });
  EXPECT_TRUE(manager.hears("WATCHDOG=1"));
  EXPECT_TRUE(manager.hears("WATCHDOG=1"));
  EXPECT_EQ(manager.hear(300), "");
}

TEST(Notify, TheWatchdogHearsNothingOfAServiceThatDoesNotWork) {
  const Manager manager;
  const Daemon daemon({{"NOTIFY_SOCKET", manager.path()}, {"WATCHDOG_USEC", "40000"}}, [] {
    Service service = plain();
    service.works = [] { return false; };
    return service;
  });
  for (std::string heard = manager.hear(500); !heard.empty(); heard = manager.hear(300)) {
    EXPECT_NE(heard, "WATCHDOG=1");
  }
}

TEST(Notify, AWatchdogOfAnotherProcessIsNotOurs) {
  ::setenv("NOTIFY_SOCKET", "/nowhere", 1);
  ::setenv("WATCHDOG_USEC", "40000", 1);
  EXPECT_EQ(watchdog_limit(), Millis{40});
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(watchdog_limit(), Millis{40});
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(watchdog_limit());
  ::unsetenv("WATCHDOG_PID");
  for (const char* rubbish : {"", "0", "-1", "12x", "999999999999999999999"}) {
    ::setenv("WATCHDOG_USEC", rubbish, 1);
    EXPECT_FALSE(watchdog_limit()) << rubbish;
  }
  ::unsetenv("WATCHDOG_USEC");
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(watchdog_limit());
}

// A node whose controller is away for an hour must not be ended for it at its start.
TEST(Notify, AServiceThatWaitsForOthersIsReadyAtOnceAndSaysForWhat) {
  const Manager manager;
  const Daemon daemon({{"NOTIFY_SOCKET", manager.path()}, {"WATCHDOG_USEC", "40000"}}, [] {
    Service service = plain();
    service.waits_for = "waiting for somebody";
    service.ready = [began = steady_now_ns()] { return steady_now_ns() - began > 200'000'000; };
    return service;
  });
  EXPECT_EQ(manager.hear(), daemon.ready());
  EXPECT_EQ(manager.hear(), "STATUS=waiting for somebody");
  EXPECT_EQ(manager.hear(), "WATCHDOG=1");
  EXPECT_TRUE(manager.hears("STATUS=here it is"));
}

}  // namespace
}  // namespace jobq::cmd
