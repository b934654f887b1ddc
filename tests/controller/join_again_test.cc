// SPDX-License-Identifier: Apache-2.0
// A node that comes back while what its last join led to is on its way to the disk.
#include "tests/controller/held_disk.h"
#include "tests/controller/served.h"

namespace jobq::controller {
namespace {

bool is_launch(const wire::Frame& frame) { return frame.has_launch(); }
bool is_heartbeat(const wire::Frame& frame) { return frame.has_heartbeat(); }

// Whatever was sent before has been read: heartbeats go out between two looks at all connections.
void let_two_heartbeats_pass(Talker& node) {
  wire::Frame heartbeat;
  heartbeat.mutable_heartbeat();
  for (int i = 0; i < 2; ++i) {
    node.send(heartbeat);
    node.next_that(is_heartbeat);
  }
}

// Found by the fault simulator: the new life of a rebooted node was sent the steps that had been
// decided for its last one, ran them, and the controller counted them as lost.
TEST(JoinAgain, WhatWasDecidedForTheLastConnectionIsNotSentOnTheNext) {
  HeldDisk disk;
  const Served served([](Options& options) { options.node_timeout = Millis{900}; });
  Talker client(served, wire::Hello::CLIENT);
  client.ask(submit_frame(1));
  disk.hold();
  {
    Talker node(served, wire::Hello::NODE);
    node.send(join_frame("n1", 1, "first life"));
    ASSERT_TRUE(disk.wait_for_one(std::chrono::seconds(20)));
    let_two_heartbeats_pass(node);
  }
  Talker again(served, wire::Hello::NODE);
  let_two_heartbeats_pass(again);
  again.send(join_frame("n1", 1, "second life"));
  let_two_heartbeats_pass(again);
  disk.let_go();
  client.ask(submit_frame(1));
  EXPECT_EQ(again.next_that(is_launch).launch().id().job(), 2U);
}

}  // namespace
}  // namespace jobq::controller
