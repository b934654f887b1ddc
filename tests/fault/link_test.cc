// SPDX-License-Identifier: Apache-2.0
// Links between network namespaces: what passes, what does not, and who hears of it.
#include "tests/fault/link.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "tests/fault/clock.h"
#include "tests/fault/network.h"

namespace jobq::fault {
namespace {

constexpr std::int64_t kPatienceMs = 20'000;
constexpr std::int64_t kMomentMs = 300;  // in which what passes has long arrived
constexpr auto kNode = "10.77.0.1";
constexpr auto kController = "10.77.0.254";
constexpr std::uint16_t kPort = 7117;

int new_socket() { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

// A TCP socket, closed at the end, that never waits but where it says so.
class Socket {
 public:
  explicit Socket(int file = new_socket()) : file_(file) {}
  ~Socket() { close(file_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int file() const { return file_; }
  bool awaits(short events, std::int64_t limit_ms = kPatienceMs) const {
    pollfd wanted{file_, events, 0};
    return poll(&wanted, 1, static_cast<int>(limit_ms)) == 1;
  }
  void say(const std::string& text) const {
    EXPECT_EQ(send(file_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  std::string hear() const {
    std::array<char, 64> buffer{};
    const ssize_t got = awaits(POLLIN) ? recv(file_, buffer.data(), buffer.size(), 0) : 0;
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }
  // Of the connection, once it has one.
  int error() const {
    int error = 0;
    socklen_t size = sizeof error;
    EXPECT_TRUE(awaits(POLLERR));
    getsockopt(file_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
  }

 private:
  int file_;
};

// This thread is the controller's side.
class LinkTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_namespaces(); !why.empty()) GTEST_SKIP() << why;
    here_.emplace();
    inside_.emplace(*here_);
    there_.emplace();
    link_.emplace(*there_, kNode, kController);
    listener_.emplace();
    const int yes = 1;
    setsockopt(listener_->file(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    ASSERT_EQ(bind(listener_->file(), plain(), sizeof address_), 0);
    ASSERT_EQ(listen(listener_->file(), 8), 0);
  }

  // The connection may not be made yet.
  void call(const Socket& caller) const {
    ASSERT_TRUE(connect(caller.file(), plain(), sizeof address_) == 0 || errno == EINPROGRESS);
  }
  int answer() const {
    EXPECT_TRUE(listener_->awaits(POLLIN));
    return accept4(listener_->file(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  }
  int node_socket() const {
    const Inside inside(*there_);
    return new_socket();
  }
  const sockaddr* plain() const {
    return static_cast<const sockaddr*>(static_cast<const void*>(&address_));
  }

  sockaddr_in address_ = {AF_INET, htons(kPort), {inet_addr(kController)}, {}};
  std::optional<NetNamespace> here_;
  std::optional<Inside> inside_;
  std::optional<NetNamespace> there_;
  std::optional<Link> link_;
  std::optional<Socket> listener_;
};

TEST_F(LinkTest, ThroughACutLinkNothingPassesAndNobodyIsToldAndLaterItComes) {
  const Socket node(node_socket());
  call(node);
  const Socket controller(answer());
  link_->set({.up = false, .down = false});
  node.say("up");
  controller.say("down");
  EXPECT_FALSE(node.awaits(POLLIN, kMomentMs));
  EXPECT_FALSE(controller.awaits(POLLIN, 0));
  link_->set({});
  EXPECT_EQ(node.hear(), "down");
  EXPECT_EQ(controller.hear(), "up");
}

TEST_F(LinkTest, ALinkIsCutInOneDirectionAlone) {
  const Socket node(node_socket());
  call(node);
  const Socket controller(answer());
  link_->set({.up = false});
  node.say("up");
  controller.say("down");
  EXPECT_EQ(node.hear(), "down");
  EXPECT_FALSE(controller.awaits(POLLIN, kMomentMs));
  link_->set({.down = false});
  EXPECT_EQ(controller.hear(), "up");
  controller.say("more");
  EXPECT_FALSE(node.awaits(POLLIN, kMomentMs));
}

TEST_F(LinkTest, AConnectionThatIsMadeWhileTheLinkIsCutIsMadeLater) {
  link_->set({.up = false, .down = false});
  const Socket node(node_socket());
  call(node);
  EXPECT_FALSE(node.awaits(POLLOUT, kMomentMs));
  link_->set({});
  EXPECT_TRUE(node.awaits(POLLOUT));
  const Socket controller(answer());
}

TEST_F(LinkTest, WhoSendsIntoAConnectionThatWasResetIsTold) {
  const Socket node(node_socket());
  call(node);
  const Socket controller(answer());
  link_->reset_connections();
  EXPECT_FALSE(controller.awaits(POLLIN, kMomentMs));
  node.say("up");
  EXPECT_EQ(node.error(), ECONNRESET);
  controller.say("down");
  EXPECT_EQ(controller.error(), ECONNRESET);
  const Socket again(node_socket());
  call(again);
  const Socket taken(answer());
  again.say("again");
  EXPECT_EQ(taken.hear(), "again");
}

TEST_F(LinkTest, ALinkThatRefusesTellsWhoConnects) {
  link_->set({.refuses = true});
  const Socket node(node_socket());
  call(node);
  EXPECT_EQ(node.error(), ECONNREFUSED);
  EXPECT_FALSE(listener_->awaits(POLLIN, 0));
}

TEST_F(LinkTest, WhatIsDelayedComesAfterThatTime) {
  const Socket node(node_socket());
  call(node);
  const Socket controller(answer());
  link_->set({.delay_ms = kMomentMs});
  const std::int64_t from_ms = steady_ms();
  node.say("up");
  EXPECT_EQ(controller.hear(), "up");
  EXPECT_GE(steady_ms() - from_ms, kMomentMs);
}

TEST_F(LinkTest, ThroughALinkThatFraysAllComesInOrder) {
  const Socket node(node_socket());
  call(node);
  const Socket controller(answer());
  link_->set({.frays = true});
  std::string said;
  std::string heard;
  for (int i = 0; i < 50; ++i) {
    said += std::to_string(i);
    node.say(std::to_string(i));
    if (i % 10 == 0) heard += controller.hear();
  }
  for (std::string more = "-"; heard.size() < said.size() && !more.empty();) {
    more = controller.hear();
    heard += more;
  }
  EXPECT_EQ(heard, said);
}

TEST_F(LinkTest, TheMachinesOwnNetworkIsAsItWas) {
  inside_.reset();
  const Socket outside;
  EXPECT_NE(bind(outside.file(), plain(), sizeof address_), 0);
  EXPECT_EQ(errno, EADDRNOTAVAIL);
}

TEST(Network, WhatIsAskedForByNameIsHad) {
  EXPECT_EQ(network_named("proxies"), Network::kProxies);
  EXPECT_EQ(network_named("namespaces"), Network::kNamespaces);
  EXPECT_EQ(network_named(""), std::nullopt);
  EXPECT_EQ(network_to_use(Network::kProxies), Network::kProxies);
  EXPECT_EQ(network_to_use(std::nullopt).value(),
            why_no_namespaces().empty() ? Network::kNamespaces : Network::kProxies);
}

}  // namespace
}  // namespace jobq::fault
