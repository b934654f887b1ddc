// SPDX-License-Identifier: Apache-2.0
// TLS: who has the key talks, nobody else gets past the handshake.
#include "net/tls.h"

#include <gtest/gtest.h>

#include "tests/net/net_world.h"

namespace jobq::net {
namespace {

using TlsTest = NetWorld;

TEST_F(TlsTest, PeersWithTheSameKeyTalk) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const auto client = connect(address, some_key('k'));
  ASSERT_TRUE(client->connection) << connect_error_;
  (*client)->send_bytes("one");
  ASSERT_TRUE(until([&] { return !accepted_.empty() && accepted_[0]->messages.size() == 1; }));
  (*accepted_[0])->send_bytes("two");
  ASSERT_TRUE(until([&] { return client->messages.size() == 1; }));
  EXPECT_EQ(client->messages[0], "two");
}

}  // namespace
}  // namespace jobq::net
