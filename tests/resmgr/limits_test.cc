// SPDX-License-Identifier: Apache-2.0
// Caps and offsets: how many run at a time, who waits behind whom, and what the queue says of it.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

constexpr LimitClassId kAnn{1};
constexpr LimitClassId kBob{2};
constexpr CapId kOfAnn{1};
constexpr CapId kOfAll{2};

class Limits : public World, public ::testing::TestWithParam<Backfill> {
 protected:
  Limits() {
    manager = ResourceManager(Scheduling{GetParam()});
    join(1, 8);
    manager.set_cap(kOfAnn, 2, "user ann may run 2 jobs at a time");
    manager.set_cap(kOfAll, 3, "3 jobs may run at a time");
    manager.set_limit_class(kAnn, {kOfAnn, kOfAll});
    manager.set_limit_class(kBob, {kOfAll});
  }
  void ask_of(LimitClassId of, std::uint64_t job, std::uint32_t n = 1) {
    ask({step(job), cpus(n), std::nullopt, 50, of});
  }
};

TEST_P(Limits, HoldWithinOneCall) {
  for (std::uint64_t job = 1; job <= 5; ++job) ask_of(kAnn, job);
  ask_of(kBob, 6);
  ask_of(kBob, 7);
  EXPECT_EQ(started(), (Names{"1", "2", "6"}));
}

TEST_P(Limits, NobodyWaitsBehindAFullCap) {
  ask_of(kAnn, 1);
  ask_of(kAnn, 2);
  ask_of(kAnn, 3, 8);
  ask({step(4), cpus(6)});
  EXPECT_EQ(started(), (Names{"1", "2", "4"}));
}

TEST_P(Limits, CountAJobUntilItLeaves) {
  for (std::uint64_t job = 1; job <= 3; ++job) ask_of(kAnn, job);
  ASSERT_EQ(started(), (Names{"1", "2"}));
  end(step(1));
  EXPECT_EQ(started(), Names{});
  manager.leave(kAnn);
  expect_sound();
  EXPECT_EQ(started(), Names{"3"});
}

TEST_P(Limits, CountWhoEnteredWithoutAGrant) {
  manager.enter(kAnn);
  for (std::uint64_t job = 1; job <= 2; ++job) ask_of(kAnn, job);
  EXPECT_EQ(started(), Names{"1"});
}

TEST_P(Limits, OpenWhenTheyAreRaisedAndCloseWhenLowered) {
  for (std::uint64_t job = 1; job <= 4; ++job) ask_of(kAnn, job);
  ASSERT_EQ(started(), (Names{"1", "2"}));
  manager.set_cap(kOfAnn, 3, "user ann may run 3 jobs at a time");
  EXPECT_EQ(started(), Names{"3"});
  manager.set_cap(kOfAnn, 1, "user ann may run 1 job at a time");
  manager.leave(kAnn);
  manager.leave(kAnn);
  EXPECT_EQ(started(), Names{});
  manager.leave(kAnn);
  EXPECT_EQ(started(), Names{"4"});
}

TEST_P(Limits, LeaveWhatWaitsToBeFound) {
  for (std::uint64_t job = 1; job <= 3; ++job) ask_of(kAnn, job);
  started();
  EXPECT_TRUE(manager.is_waiting(step(3)));
  EXPECT_EQ(manager.expected_start(step(3), now), std::nullopt);
  EXPECT_TRUE(manager.withdraw(step(3)));
  expect_sound();
  EXPECT_EQ(manager.waiting_count(), 0U);
}

TEST_P(Limits, AreTheFirstReason) {
  for (std::uint64_t job = 1; job <= 2; ++job) ask_of(kAnn, job);
  ask_of(kAnn, 3, 8);
  started();
  const std::vector<Blocker> blockers = why(step(3));
  ASSERT_EQ(blockers.size(), 2U);
  EXPECT_EQ(blockers[0].kind, BlockerKind::kLimit);
  EXPECT_EQ(blockers[0].text, "user ann may run 2 jobs at a time, and runs 2");
  EXPECT_EQ(blockers[0].remedy, "wait for one of these to end");
  EXPECT_EQ(blockers[1].kind, BlockerKind::kResources);
}

TEST_P(Limits, OffsetsMoveTheWholeClass) {
  manager.set_cap(kOfAll, 1, "one job may run at a time");
  ask_of(kAnn, 1);
  ask_of(kAnn, 2, 2);
  ask_of(kBob, 3);
  manager.set_offsets({{kBob, 1}});
  expect_sound();
  EXPECT_EQ(started(), Names{"3"});
  manager.set_offsets({{kAnn, 2}});
  manager.leave(kBob);
  expect_sound();
  EXPECT_EQ(started(), Names{"1"});
}

INSTANTIATE_TEST_SUITE_P(Policies, Limits,
                         ::testing::Values(Backfill::kNone, Backfill::kEasy,
                                           Backfill::kConservative),
                         [](const auto& of) { return std::string(to_string(of.param)); });

// The first in the queue keeps what it needs; when its own class fills up meanwhile, that is free
// for others in the same call.
TEST(LimitsEasy, LetsGoWhatTheFirstKeptWhenItsCapFills) {
  World world;
  world.manager = ResourceManager(Scheduling{Backfill::kEasy});
  world.join(1, 4);
  world.manager.set_cap(kOfAnn, 2, "user ann may run 2 jobs at a time");
  world.manager.set_limit_class(kAnn, {kOfAnn});
  world.ask({step(1), cpus(2), seconds(10), 50, kAnn});
  ASSERT_EQ(world.started(), Names{"1"});
  world.ask({step(2), cpus(4), seconds(10), 50, kAnn});
  world.ask({step(3), cpus(1), seconds(100)});
  EXPECT_EQ(world.started(), Names{});
  world.ask({step(4), cpus(1), seconds(5), 50, kAnn});
  EXPECT_EQ(world.started(), (Names{"4", "3"}));
}

}  // namespace
}  // namespace jobq::resmgr::test
