// SPDX-License-Identifier: Apache-2.0
// Connections on the loop, over Unix sockets.
#include "net/connection.h"

#include <gtest/gtest.h>

#include "tests/net/net_world.h"

namespace jobq::net {
namespace {

using ConnectionTest = NetWorld;

TEST_F(ConnectionTest, MessagesArriveInOrderBothWays) {
  serve();
  const auto client = connect();
  (*client)->send_bytes("one");
  (*client)->send_bytes("two");
  ASSERT_TRUE(until([&] { return accepted_[0]->messages.size() == 2; }));
  EXPECT_EQ(accepted_[0]->messages, (std::vector<std::string>{"one", "two"}));
  (*accepted_[0])->send_bytes("three");
  ASSERT_TRUE(until([&] { return client->messages.size() == 1; }));
  EXPECT_EQ(client->messages[0], "three");
  EXPECT_TRUE(client->closed.empty());
}

}  // namespace
}  // namespace jobq::net
