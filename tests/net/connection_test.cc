// SPDX-License-Identifier: Apache-2.0
// Connections on the loop: delivery, coalescing, back-pressure, connecting.
#include "net/connection.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "net/connection_impl.h"
#include "tests/net/net_world.h"

namespace jobq::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConnectionTest : public NetWorld {
 protected:
  // The server's end of a plain descriptor's connection.
  Peer& accepted(std::size_t i = 0) {
    EXPECT_TRUE(until([&] { return accepted_.size() > i; }));
    return *accepted_[i];
  }
};

TEST_F(ConnectionTest, MessagesArriveInOrderBothWays) {
  serve();
  const auto client = connect();
  (*client)->send_bytes("one");
  (*client)->send_bytes("two");
  ASSERT_TRUE(until([&] { return accepted().messages.size() == 2; }));
  EXPECT_THAT(accepted().messages, ElementsAre("one", "two"));
  accepted()->send_bytes("three");
  ASSERT_TRUE(until([&] { return client->messages.size() == 1; }));
  EXPECT_THAT(client->messages, ElementsAre("three"));
  EXPECT_THAT(client->closed, IsEmpty());
  EXPECT_THAT(accepted().closed, IsEmpty());
}

TEST_F(ConnectionTest, WhatIsSentBeforeStartIsSent) {
  serve();
  std::unique_ptr<Connection> made;
  const auto attempt = connect_unix(&loop_, socket_path(), [&](auto result) {
    made = std::move(*result);
    made->send_bytes("hello");
    made->start({.on_message = [](std::string_view) {}, .on_closed = [](const std::string&) {}});
  });
  ASSERT_TRUE(until([&] { return !accepted_.empty() && accepted_[0]->messages.size() == 1; }));
}

TEST_F(ConnectionTest, MessagesInPiecesAreWhole) {
  serve();
  const Descriptor raw = connect_raw();
  const std::string stream = framed("first") + framed(std::string(300000, 'x')) + framed("last");
  std::string_view rest = stream;
  for (std::size_t piece = 1; !rest.empty(); piece = piece * 3 + 1) {
    write_all(raw, rest.substr(0, piece));
    rest.remove_prefix(std::min(piece, rest.size()));
    settle();
  }
  ASSERT_TRUE(until([&] { return accepted().messages.size() == 3; }));
  EXPECT_THAT(accepted().messages, ElementsAre("first", std::string(300000, 'x'), "last"));
}

TEST_F(ConnectionTest, CredentialsAreThoseOfTheProcess) {
  serve();
  const auto client = connect();
  const auto who = accepted()->credentials();
  ASSERT_TRUE(who);
  EXPECT_EQ(who->pid, ::getpid());
  EXPECT_EQ(who->uid, ::getuid());
  EXPECT_EQ(who->gid, ::getgid());
  EXPECT_EQ(accepted()->peer(), fmt::format("uid {} pid {}", ::getuid(), ::getpid()));
}

// --- coalescing ---

// A socket that keeps the borders of writes shows how many there were.
TEST_F(ConnectionTest, WhatIsSentInOneTurnLeavesInOneWrite) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()), 0);
  const Descriptor other(ends[1]);
  Peer peer;
  peer.begin(std::move(*Connection::Impl::make(&loop_, Descriptor(ends[0]), {})));
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    peer->send_bytes(std::to_string(i));
    expected += framed(std::to_string(i));
  }
  std::array<char, 4096> got{};
  EXPECT_EQ(::recv(other.get(), got.data(), got.size(), MSG_DONTWAIT), -1) << "sent before the end";
  EXPECT_EQ(peer->queued_bytes(), expected.size());
  settle();
  const ssize_t n = ::recv(other.get(), got.data(), got.size(), MSG_DONTWAIT);
  EXPECT_EQ(std::string_view(got.data(), static_cast<std::size_t>(n)), expected);
  EXPECT_EQ(peer->queued_bytes(), 0U);
  EXPECT_EQ(peer.drained, 1);
}

TEST_F(ConnectionTest, AnswersToOneReadLeaveInOneWrite) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()), 0);
  const Descriptor other(ends[1]);
  Peer peer;
  peer.on_message = [&](std::string_view message) { peer->send_bytes(message); };
  peer.begin(std::move(*Connection::Impl::make(&loop_, Descriptor(ends[0]), {})));
  write_all(other, framed("a") + framed("b") + framed("c"));
  ASSERT_TRUE(until([&] { return peer.drained == 1; }));
  std::array<char, 4096> got{};
  const ssize_t n = ::recv(other.get(), got.data(), got.size(), MSG_DONTWAIT);
  EXPECT_EQ(std::string_view(got.data(), static_cast<std::size_t>(n)),
            framed("a") + framed("b") + framed("c"));
}

// A loop that is about to block is kept awake, from whatever phase the message was sent.
TEST_F(ConnectionTest, WhatIsSentRightBeforeTheLoopBlocksLeavesAtOnce) {
  serve();
  const auto client = connect();
  uv_prepare_t prepare{};
  prepare.data = client.get();
  uv_prepare_init(&loop_, &prepare);
  uv_prepare_start(&prepare, [](uv_prepare_t* handle) {
    (*static_cast<Peer*>(handle->data))->send_bytes("late");
    uv_prepare_stop(handle);
  });
  while (accepted().messages.empty()) uv_run(&loop_, UV_RUN_ONCE);
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare), nullptr);
  settle();
}

// --- back-pressure ---

TEST_F(ConnectionTest, APausedConnectionReadsNothingUntilItIsResumed) {
  serve();
  const auto client = connect();
  accepted()->pause_reading();
  const std::string block(100000, 'x');
  for (int i = 0; i < 100; ++i) (*client)->send_bytes(block);
  settle();
  EXPECT_THAT(accepted().messages, IsEmpty());
  EXPECT_GT((*client)->queued_bytes(), 9'000'000U);
  EXPECT_EQ(client->drained, 0);
  accepted()->resume_reading();
  ASSERT_TRUE(until([&] { return accepted().messages.size() == 100; }));
  EXPECT_EQ((*client)->queued_bytes(), 0U);
  EXPECT_EQ(client->drained, 1);
}

TEST_F(ConnectionTest, APauseInsideAMessageHoldsBackWhatWasReadAlready) {
  serve();
  const Descriptor raw = connect_raw();
  Peer& peer = accepted();
  peer.on_message = [&](std::string_view) { peer->pause_reading(); };
  write_all(raw, framed("a") + framed("b") + framed("c").substr(0, 4));
  ASSERT_TRUE(until([&] { return peer.messages.size() == 1; }));
  settle();
  EXPECT_THAT(peer.messages, ElementsAre("a"));
  // Others use the shared read buffer meanwhile.
  const auto client = connect();
  (*client)->send_bytes("other");
  ASSERT_TRUE(until([&] { return accepted(1).messages.size() == 1; }));
  peer->resume_reading();
  ASSERT_TRUE(until([&] { return peer.messages.size() == 2; }));
  write_all(raw, "c");
  settle();
  EXPECT_THAT(peer.messages, ElementsAre("a", "b"));
  peer->resume_reading();
  ASSERT_TRUE(until([&] { return peer.messages.size() == 3; }));
  EXPECT_EQ(peer.messages[2], "c");
}

TEST_F(ConnectionTest, ThePausedHearTheEndAfterTheLastMessage) {
  serve();
  {
    const Descriptor raw = connect_raw();
    Peer& peer = accepted();
    peer.on_message = [&](std::string_view) { peer->pause_reading(); };
    write_all(raw, framed("a") + framed("b"));
  }
  Peer& peer = accepted();
  for (std::size_t n = 1; n <= 2; ++n) {
    ASSERT_TRUE(until([&] { return peer.messages.size() == n; }));
    settle();
    EXPECT_THAT(peer.closed, IsEmpty());
    peer->resume_reading();
  }
  ASSERT_TRUE(until([&] { return peer.closed.size() == 1; }));
}

TEST_F(ConnectionTest, APeerThatNeverReadsIsDropped) {
  serve();
  const Descriptor raw = connect_raw();
  Peer& peer = accepted();
  const std::string block(1U << 20U, 'x');
  std::size_t most = 0;
  for (int i = 0; i < 200 && peer.closed.empty(); ++i) {
    peer->send_bytes(block);
    most = std::max(most, peer->queued_bytes());
    uv_run(&loop_, UV_RUN_NOWAIT);
  }
  ASSERT_EQ(peer.closed.size(), 1U);
  EXPECT_THAT(peer.closed[0], HasSubstr("the peer does not read"));
  EXPECT_THAT(peer.closed[0], HasSubstr(std::to_string(kMaxQueuedBytes)));
  EXPECT_LE(most, kMaxQueuedBytes + block.size() + kHeaderBytes);
}

TEST_F(ConnectionTest, AThousandIdleConnectionsDoNotDisturb) {
  serve();
  std::vector<Descriptor> idle;
  for (std::size_t i = 0; i < 1000; ++i) {
    idle.push_back(connect_raw());
    if (i % 50 == 0) settle();
  }
  ASSERT_TRUE(until([&] { return accepted_.size() == 1000; }));
  const auto client = connect();
  (*client)->send_bytes("x");
  ASSERT_TRUE(until([&] { return accepted_.back()->messages.size() == 1; }));
  idle.clear();
  EXPECT_TRUE(until([&] {
    return std::count_if(accepted_.begin(), accepted_.end(),
                         [](const auto& peer) { return peer->closed.size() == 1; }) == 1000;
  }));
}

// --- connecting ---

TEST_F(ConnectionTest, ConnectingWhereNobodyIsSaysHowToStartOne) {
  std::string error;
  const auto attempt = connect_unix(&loop_, path("nobody"), [&](auto result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnreachable);
    error = result.error().message;
  });
  EXPECT_EQ(error, "") << "never from inside the call";
  ASSERT_TRUE(until([&] { return !error.empty(); }));
  EXPECT_EQ(error, "no controller answers at " + path("nobody") + ": start one with `jobq up`");
}

TEST_F(ConnectionTest, AnAttemptThatIsAbandonedCallsNobody) {
  serve();
  auto attempt = connect_unix(&loop_, socket_path(), [](auto) { FAIL(); });
  attempt.reset();
  settle();
}

TEST_F(ConnectionTest, AnAttemptMayBeDestroyedInItsCallback) {
  serve();
  Peer peer;
  std::unique_ptr<Connecting> attempt;
  attempt = connect_unix(&loop_, socket_path(), [&](auto result) {
    attempt.reset();
    peer.begin(std::move(*result));
  });
  EXPECT_TRUE(until([&] { return peer.connection && !accepted_.empty(); }));
}

}  // namespace
}  // namespace jobq::net
