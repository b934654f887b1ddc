// SPDX-License-Identifier: Apache-2.0
// The walk through the known ends: a reservation is found however many ends come before it.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

constexpr std::uint32_t kNodes = 100;

// Each node has two cpus, held by two jobs: the first ones end after 1 to 100 s, in the order of
// the nodes, the second ones after 900 to 999 s, in the other order.
struct Sweep : World, ::testing::Test {
  Sweep() {
    manager.set_elements({"even"});
    for (std::uint32_t n = 1; n <= kNodes; ++n) {
      manager.set_node(NodeId{n}, "n" + std::to_string(n), Capacity{2, gib(64), 0, {}},
                       n % 2 == 0 ? Names{"even"} : Names{});
      manager.set_connected(NodeId{n}, true);
      EXPECT_EQ(hold({step(n), cpus(1), seconds(n)}).node, NodeId{n});
      EXPECT_EQ(hold({step(kNodes + n), cpus(1), seconds(1000 - n)}).node, NodeId{n});
    }
  }
  Time after(std::int64_t s) const { return now + seconds(s); }
};

TEST_F(Sweep, GoesAsFarAsItMust) {
  for (std::uint64_t job = 300; job < 310; ++job) ask({step(job), cpus(2), seconds(2000)});
  EXPECT_EQ(started(), Names{});
  for (std::uint64_t job = 300; job < 310; ++job) {
    EXPECT_EQ(manager.expected_start(step(job), now),
              after(900 + static_cast<std::int64_t>(job) - 300));
  }
}

TEST_F(Sweep, GoesThroughTheNodesOfAnElement) {
  Needs even = cpus(2);
  even.element = "even";
  for (std::uint64_t job = 300; job < 305; ++job) ask({step(job), even, seconds(2000)});
  ask({step(400), cpus(2), seconds(2000)});
  for (std::uint64_t job = 300; job < 305; ++job) {
    EXPECT_EQ(manager.expected_start(step(job), now),
              after(900 + 2 * (static_cast<std::int64_t>(job) - 300)));
  }
  EXPECT_EQ(manager.expected_start(step(400), now), after(901));
}

TEST_F(Sweep, ComesToWhatIsReservedAlready) {
  ask({step(300), cpus(2), seconds(1)});
  ask({step(301), cpus(2), seconds(10)});
  // The first one is over when the next node comes free, and both nodes are as good.
  EXPECT_EQ(manager.expected_start(step(300), now), after(900));
  EXPECT_EQ(manager.expected_start(step(301), now), after(901));
}

}  // namespace
}  // namespace jobq::resmgr::test
