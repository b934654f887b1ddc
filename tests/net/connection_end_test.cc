// SPDX-License-Identifier: Apache-2.0
// How connections end: destroyed in any callback, closed after a flush, left by a peer, fed
// rubbish.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "net/connection.h"
#include "tests/net/net_world.h"

namespace jobq::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConnectionEndTest : public NetWorld {
 protected:
  // The server's end of the first connection.
  Peer& accepted() {
    EXPECT_TRUE(until([&] { return !accepted_.empty(); }));
    return *accepted_[0];
  }
};

// --- destroying inside callbacks ---

TEST_F(ConnectionEndTest, NothingIsDeliveredAfterTheConnectionIsDestroyedInAMessage) {
  serve();
  const Descriptor raw = connect_raw();
  Peer& peer = accepted();
  peer.on_message = [&](std::string_view message) {
    peer.connection.reset();
    EXPECT_EQ(message, "a") << "valid during the call, also without the connection";
  };
  write_all(raw, framed("a") + framed("b") + framed("c"));
  ASSERT_TRUE(until([&] { return !peer.messages.empty(); }));
  settle();
  EXPECT_THAT(peer.messages, ElementsAre("a"));
  EXPECT_THAT(peer.closed, IsEmpty());
}

TEST_F(ConnectionEndTest, TheConnectionMayBeDestroyedWhenItCloses) {
  serve();
  std::unique_ptr<Connection> made;
  int closed = 0;
  const auto attempt = connect_unix(&loop_, socket_path(), [&](auto result) {
    made = std::move(*result);
    made->start({.on_message = [](std::string_view) {},
                 .on_closed =
                     [&](const std::string&) {
                       ++closed;
                       made.reset();
                     }});
  });
  ASSERT_TRUE(until([&] { return made && !accepted_.empty(); }));
  accepted_.clear();
  ASSERT_TRUE(until([&] { return closed == 1; }));
  settle();
  EXPECT_EQ(closed, 1);
}

TEST_F(ConnectionEndTest, TheConnectionMayBeDestroyedWhenItIsDrained) {
  serve();
  std::unique_ptr<Connection> made;
  const auto attempt = connect_unix(&loop_, socket_path(), [&](auto result) {
    made = std::move(*result);
    made->start({.on_message = [](std::string_view) {},
                 .on_closed = [](const std::string&) {},
                 .on_drained = [&] { made.reset(); }});
    made->send_bytes("x");
  });
  ASSERT_TRUE(until([&] { return !accepted_.empty() && accepted_[0]->closed.size() == 1; }));
  EXPECT_THAT(accepted_[0]->messages, ElementsAre("x"));
}

TEST_F(ConnectionEndTest, WhatIsQueuedIsStillWrittenWhenTheConnectionIsDestroyed) {
  serve();
  const auto client = connect();
  (*client)->send_bytes("last words");
  client->connection.reset();
  ASSERT_TRUE(until([&] { return accepted().closed.size() == 1; }));
  EXPECT_THAT(accepted().messages, ElementsAre("last words"));
}

TEST_F(ConnectionEndTest, CloseAfterFlushDeliversEverythingWithoutTheObject) {
  serve();
  const auto client = connect();
  const std::string large = text_of(12U << 20U, 'x');
  (*client)->send_bytes(large);
  (*client)->send_bytes("end");
  (*client)->close_after_flush();
  client->connection.reset();
  ASSERT_TRUE(until([&] { return accepted().closed.size() == 1; }));
  EXPECT_THAT(accepted().messages, ElementsAre(large, "end"));
  EXPECT_THAT(client->closed, IsEmpty());
}

TEST_F(ConnectionEndTest, AfterCloseAfterFlushNoCallbackComes) {
  serve();
  const auto client = connect();
  (*client)->send_bytes("x");
  (*client)->close_after_flush();
  accepted().on_message = [&](std::string_view) { accepted()->send_bytes("answer"); };
  ASSERT_TRUE(until([&] { return accepted().closed.size() == 1; }));
  settle();
  EXPECT_THAT(client->messages, IsEmpty());
  EXPECT_THAT(client->closed, IsEmpty());
  EXPECT_EQ(client->drained, 0);
}

// --- rubbish and endings ---

TEST_F(ConnectionEndTest, ALengthOverTheLimitEndsTheConnectionAndIsNamed) {
  serve();
  const Descriptor raw = connect_raw();
  write_all(raw, framed("fine") + "GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(until([&] { return accepted().closed.size() == 1; }));
  EXPECT_THAT(accepted().messages, ElementsAre("fine"));
  EXPECT_THAT(accepted().closed[0], HasSubstr("1195725856 bytes is over the limit of 16777216"));
  EXPECT_EQ(read_to_end(raw), "");
}

TEST_F(ConnectionEndTest, AnEmptyMessageEndsTheConnection) {
  serve();
  const Descriptor raw = connect_raw();
  write_all(raw, std::string(4, '\0') + framed("x"));
  ASSERT_TRUE(until([&] { return accepted().closed.size() == 1; }));
  EXPECT_THAT(accepted().messages, IsEmpty());
  EXPECT_THAT(accepted().closed[0], HasSubstr("a message of no bytes"));
}

TEST_F(ConnectionEndTest, APeerThatGoesAwayInTheMiddleOfAMessageIsNoticed) {
  serve();
  {
    const Descriptor raw = connect_raw();
    write_all(raw, framed("whole") + framed("cut off").substr(0, 7));
  }
  ASSERT_TRUE(until([&] { return accepted().closed.size() == 1; }));
  EXPECT_THAT(accepted().messages, ElementsAre("whole"));
  EXPECT_EQ(accepted().closed[0],
            "the peer closed the connection in the middle of a message (3 of 7 bytes)");
}

TEST_F(ConnectionEndTest, EveryPrefixOfRubbishIsSurvived) {
  serve();
  std::string rubbish;
  unsigned state = 12345;
  for (int i = 0; i < 200; ++i) {
    state = state * 1664525U + 1013904223U;
    rubbish += static_cast<char>(state >> 24U);
  }
  for (std::size_t n = 0; n < rubbish.size(); ++n) write_all(connect_raw(), rubbish.substr(n));
  ASSERT_TRUE(until([&] {
    return accepted_.size() == rubbish.size() &&
           std::all_of(accepted_.begin(), accepted_.end(),
                       [](const auto& peer) { return peer->closed.size() == 1; });
  }));
  const auto client = connect();
  (*client)->send_bytes("still here");
  EXPECT_TRUE(until([&] { return accepted_.back()->messages.size() == 1; }));
}

TEST_F(ConnectionEndTest, WhatAPeerSaidBeforeItWentIsDeliveredThoughItTakesNothing) {
  serve();
  {
    const Descriptor raw = connect_raw();
    Peer& peer = accepted();
    write_all(raw, framed("last words"));
    // Answers that nobody reads: they are written before the words are read.
    peer->send_bytes("x");
  }
  Peer& peer = accepted();
  peer->send_bytes("y");
  ASSERT_TRUE(until([&] { return peer.closed.size() == 1; }));
  EXPECT_THAT(peer.messages, ElementsAre("last words"));
  peer->send_bytes("into the void");
  settle();
  EXPECT_EQ(peer.closed.size(), 1U);
  EXPECT_EQ(peer->queued_bytes(), 0U);
}

TEST_F(ConnectionEndTest, AMessageOverTheLimitCannotBeSent) {
  serve();
  const auto client = connect();
  (*client)->send_bytes(text_of(kMaxMessageBytes + 1, 'x'));
  EXPECT_THAT(client->closed, IsEmpty()) << "never from inside a call";
  ASSERT_TRUE(until([&] { return client->closed.size() == 1; }));
  EXPECT_THAT(client->closed[0], HasSubstr("16777217 bytes is over the limit"));
}

}  // namespace
}  // namespace jobq::net
