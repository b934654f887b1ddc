// SPDX-License-Identifier: Apache-2.0
// Who may overtake: a lower-priority job may start before a higher one only if that cannot delay
// it.
//
// Job numbers say the order of the queue: 1 to 9 hold something, 10 waits at the head, 20 and above
// come later.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

// --- a job that lacks one named thing

struct LacksANamedThing : ::testing::Test {
  World world{4};
  void SetUp() override {
    world.make_exclusive("db");
    world.hold({step(1), exclusive({"db"})});
    world.ask({step(10), exclusive({"db"}, cpus(3))});
  }
};

TEST_F(LacksANamedThing, DoesNotStopTheQueue) {
  world.ask({step(20), cpus(1)});
  EXPECT_EQ(world.started(), Names{"20"});
}

TEST_F(LacksANamedThing, KeepsTheRestOfItsNeedsInReach) {
  world.ask({step(20), cpus(2)});
  EXPECT_EQ(world.started(), Names{});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"10"});
}

TEST_F(LacksANamedThing, LeavesOverOnlyWhatItDoesNotNeed) {
  world.ask({step(20), cpus(1)});
  world.ask({step(21), cpus(1)});
  EXPECT_EQ(world.started(), Names{"20"});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"10"});
}

TEST_F(LacksANamedThing, IsNotDelayedByAShortJobEither) {
  world.ask({step(20), cpus(2), Millis{1000}});
  EXPECT_EQ(world.started(), Names{});
}

TEST_F(LacksANamedThing, StartsTheMomentItIsFreed) {
  world.end(step(1));
  world.ask({step(20), cpus(4)});
  EXPECT_EQ(world.started(), Names{"10"});
}

TEST(Overtaking, AHolderOfANamedResourceMayEndBeforeItsLimit) {
  World world(4);
  world.make_exclusive("db");
  world.hold({step(1), exclusive({"db"}), seconds(100)});
  world.ask({step(10), exclusive({"db"}, cpus(4)), seconds(10)});
  // It would be back long before the holder's limit, but the holder may end at once.
  world.ask({step(20), cpus(1), seconds(5)});
  EXPECT_EQ(world.started(), Names{});
}

TEST(Overtaking, AJobThatLacksTokensKeepsThoseThatAreFree) {
  World world(4);
  world.make_tokens("solver", 3);
  world.hold({step(1), tokens("solver", 2)});
  world.ask({step(10), tokens("solver", 2)});
  world.ask({step(20), tokens("solver", 1)});
  EXPECT_EQ(world.started(), Names{"20"});  // 3 - 2 are left over once job 1 ends
  world.ask({step(21), tokens("solver", 1)});
  EXPECT_EQ(world.started(), Names{});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"10"});
}

TEST(Overtaking, WhoeverLacksTheSameNamedThingQueuesBehind) {
  World world(4);
  world.make_exclusive("db");
  world.hold({step(1), exclusive({"db"})});
  world.ask({step(10), exclusive({"db"}, cpus(4))});
  world.ask({step(20), exclusive({"db"})});
  EXPECT_EQ(world.started(), Names{});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"10"});
  world.end(step(10));
  EXPECT_EQ(world.started(), Names{"20"});
}

TEST(Overtaking, ANamedThingIsKeptForAJobThatLacksCapacity) {
  World world(4);
  world.make_exclusive("db");
  world.hold({step(1), cpus(2)});
  world.ask({step(10), exclusive({"db"}, cpus(4))});
  world.ask({step(20), exclusive({"db"})});
  EXPECT_EQ(world.started(), Names{});
}

TEST(Overtaking, ANamedThingMayBeBorrowedByALimitThatEndsInTime) {
  World world(4);
  world.make_exclusive("db");
  world.hold({step(1), cpus(2), seconds(100)});
  world.ask({step(10), exclusive({"db"}, cpus(4)), seconds(10)});
  world.ask({step(20), exclusive({"db"}), seconds(101)});
  EXPECT_EQ(world.started(), Names{});
  world.ask({step(21), exclusive({"db"}), seconds(100)});
  EXPECT_EQ(world.started(), Names{"21"});
}

// --- a job that lacks capacity on nodes

TEST(Overtaking, WhatBecomesFreeFirstGoesToTheJobThatLacksIt) {
  World world(4);
  for (std::uint64_t job = 1; job <= 4; ++job) world.hold({step(job), cpus(1)});
  world.ask({step(10), cpus(3)});
  world.ask({step(20), cpus(1)});
  for (std::uint64_t job = 1; job <= 2; ++job) {
    world.end(step(job));
    EXPECT_EQ(world.started(), Names{});
  }
  world.end(step(3));
  EXPECT_EQ(world.started(), Names{"10"});
  world.end(step(4));
  EXPECT_EQ(world.started(), Names{"20"});
}

TEST(Overtaking, WhatTheReservationLeavesOverMayBeUsed) {
  World world(4);
  world.hold({step(1), cpus(3)});
  world.ask({step(10), cpus(3)});
  world.ask({step(20), cpus(1)});
  EXPECT_EQ(world.started(), Names{"20"});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"10"});
}

TEST(Overtaking, WhatIsGivenBackInTimeMayBeUsed) {
  World world(4);
  world.hold({step(1), cpus(2), seconds(100)});
  world.ask({step(10), cpus(4), seconds(10)});
  world.ask({step(20), cpus(2), seconds(101)});
  EXPECT_EQ(world.started(), Names{});
  world.ask({step(21), cpus(2), seconds(100)});
  EXPECT_EQ(world.started(), Names{"21"});
}

TEST(Overtaking, AJobWithoutALimitIsNeverBackInTime) {
  World world(4);
  world.hold({step(1), cpus(2), seconds(100)});
  world.ask({step(10), cpus(4)});
  world.ask({step(20), cpus(2)});
  EXPECT_EQ(world.started(), Names{});
}

TEST(Overtaking, NothingIsSqueezedInBeforeAHolderWithoutALimit) {
  World world(4);
  world.hold({step(1), cpus(2)});
  world.ask({step(10), cpus(4)});
  world.ask({step(20), cpus(2), seconds(1)});
  EXPECT_EQ(world.started(), Names{});
}

TEST(Overtaking, AHolderPastItsLimitMayEndAtAnyMoment) {
  World world(4);
  world.hold({step(1), cpus(2), seconds(100)});
  world.ask({step(10), cpus(4), seconds(10)});
  world.pass_time(seconds(200));
  world.ask({step(20), cpus(2), seconds(5)});
  EXPECT_EQ(world.started(), Names{});
}

TEST(Overtaking, AnEndThatIsTakenBackCountsAsUnknown) {
  World world(4);
  world.hold({step(1), cpus(2), seconds(100)});
  world.manager.set_end(step(1), std::nullopt);
  world.ask({step(10), cpus(4), seconds(10)});
  world.ask({step(20), cpus(2), seconds(5)});
  EXPECT_EQ(world.started(), Names{});
  world.manager.set_end(step(1), world.now + seconds(50));
  EXPECT_EQ(world.started(), Names{"20"});
}

TEST(Overtaking, ReservationsOfSeveralJobsAreAllKept) {
  World world(4);
  world.hold({step(1), cpus(4), seconds(100)});
  world.join(2, 1);
  world.ask({step(10), cpus(3), seconds(50)});  // from 100
  world.ask({step(11), cpus(4), seconds(50)});  // from 150
  world.ask({step(20), cpus(1), seconds(1000)});
  EXPECT_EQ(world.started(), Names{"20"});  // on n2, where nobody is reserved
  EXPECT_EQ(world.manager.expected_start(step(11), world.now), world.now + seconds(150));
  EXPECT_EQ(world.manager.expected_start(step(10), world.now), world.now + seconds(100));
}

TEST(Overtaking, AJobThatEndsEarlyLetsTheHighestStartFirst) {
  World world(4);
  world.hold({step(1), cpus(4), seconds(100)});
  world.ask({step(10), cpus(4), seconds(10)});
  world.ask({step(20), cpus(1), seconds(1)});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"10"});
}

TEST(Overtaking, OnADrainingOrLostNodeNothingIsReserved) {
  World world(4);
  world.hold({step(1), cpus(4), seconds(10)});
  world.join(2, 4);
  world.hold({step(2), cpus(1), seconds(100)});
  world.manager.set_draining(NodeId{1}, true);
  world.ask({step(10), cpus(4), seconds(10)});  // on n2 from 100, not on n1 from 10
  world.ask({step(20), cpus(3), seconds(50)});
  EXPECT_EQ(world.started(), Names{"20"});
  EXPECT_EQ(world.manager.expected_start(step(10), world.now), world.now + seconds(100));
}

TEST(Overtaking, AJobThatFitsNoNodeThatIsUpStopsNobody) {
  World world(4);
  world.join(2, 8);
  world.manager.set_connected(NodeId{2}, false);
  world.ask({step(10), cpus(8)});
  world.ask({step(20), cpus(4)});
  EXPECT_EQ(world.started(), Names{"20"});
}

// --- several nodes

TEST(Overtaking, WhereAnyHolderMayEndFirstEveryNodeIsKeptInReach) {
  World world(2);
  world.join(2, 2);
  world.hold({step(1), cpus(1)});  // n1
  world.hold({step(2), cpus(1)});  // n1
  world.hold({step(3), cpus(1)});  // n2
  world.ask({step(10), cpus(2)});
  world.ask({step(20), cpus(1)});
  EXPECT_EQ(world.started(), Names{});  // on n2 it could delay job 10 if job 3 ended first
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{});
  world.end(step(3));
  EXPECT_EQ(world.started(), (Names{"10", "20"}));
}

TEST(Overtaking, OneNodeIsKeptWhereItsRoomIsSure) {
  World world(2);
  world.join(2, 2);
  world.make_exclusive("db");
  world.hold({step(1), exclusive({"db"})});
  world.ask({step(10), exclusive({"db"}, cpus(2))});
  world.ask({step(20), cpus(2)});
  EXPECT_EQ(world.started(), Names{"20"});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"10"});
}

TEST(Overtaking, TheNodeThatIsFreeFirstByItsLimitsIsReserved) {
  World world(2);
  world.join(2, 2);
  world.hold({step(1), cpus(2), seconds(100)});
  world.hold({step(2), cpus(1), seconds(50)});
  world.ask({step(10), cpus(2), seconds(10)});
  world.ask({step(20), cpus(1), seconds(60)});
  EXPECT_EQ(world.started(), Names{});
  world.ask({step(21), cpus(1), seconds(50)});
  EXPECT_EQ(world.started(), Names{"21"});
}

TEST(Overtaking, ANodeIsReservedByLimitsWhileAnotherMayBeFreeBefore) {
  World world(2);
  world.join(2, 2);
  world.hold({step(1), cpus(2)});               // n1: may end at any moment
  world.hold({step(2), cpus(1), seconds(50)});  // n2: sure from 50
  world.ask({step(10), cpus(2), seconds(10)});
  world.ask({step(20), cpus(1), seconds(60)});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.expected_start(step(10), world.now), std::nullopt);
  world.ask({step(21), cpus(1), seconds(50)});
  EXPECT_EQ(world.started(), Names{"21"});
}

// --- equal jobs

TEST(Overtaking, AsManyOfAShapeAreReservedAsCanStartTogether) {
  World world(4);
  world.hold({step(1), cpus(3), seconds(100)});
  for (std::uint64_t job = 10; job < 20; ++job) world.ask({step(job), cpus(2), seconds(50)});
  // Two of the shape from 100 on take all four cpus.
  world.ask({step(20), cpus(1), seconds(101)});
  EXPECT_EQ(world.started(), Names{});
  world.ask({step(21), cpus(1), seconds(100)});
  EXPECT_EQ(world.started(), Names{"21"});
}

TEST(Overtaking, ExpectedStartIsUnknownBehindAHolderWithoutALimit) {
  World world(4);
  world.make_exclusive("db");
  world.hold({step(1), cpus(4)});
  world.hold({step(2), exclusive({"db"}), seconds(5)});
  world.ask({step(10), cpus(1)});
  world.ask({step(11), exclusive({"db"})});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.expected_start(step(10), world.now), std::nullopt);
  EXPECT_EQ(world.manager.expected_start(step(11), world.now), std::nullopt);
  EXPECT_EQ(world.manager.expected_start(step(1), world.now), std::nullopt);
}

}  // namespace
}  // namespace jobq::resmgr::test
