// SPDX-License-Identifier: Apache-2.0
// Circles of waiting are refused when they would close, and nothing else is.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

using ::testing::HasSubstr;

struct Circle : ::testing::Test {
  World world{8};
  void SetUp() override {
    for (const char* name : {"a", "b", "c"}) world.make_exclusive(name);
    world.make_tokens("solver", 4);
  }
  void expect_refused(const World::Ask& ask, const std::string& circle) {
    const Result<void> done = world.try_ask(ask);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kRefused);
    EXPECT_EQ(done.error().message, "it would wait for ever: " + circle);
    EXPECT_FALSE(world.manager.is_waiting(ask.id));
  }
};

TEST_F(Circle, OfTwoJobsIsRefused) {
  world.hold({whole(1), exclusive({"a"})});
  world.hold({whole(2), exclusive({"b"})});
  world.ask({step(1), exclusive({"b"})});
  expect_refused({step(2), exclusive({"a"})},
                 "job 2 waits for a, which job 1 holds; job 1 waits for b, which job 2 holds");
}

// One holds what the other's step needs of the only node, the other what the one's step needs by
// name.
TEST_F(Circle, ThroughANodeIsRefused) {
  world.hold({whole(1), exclusive({"a"})});
  world.hold({whole(2), cpus(6)});
  world.ask({step(1), cpus(4)});
  expect_refused({step(2), exclusive({"a"})},
                 "job 2 waits for a, which job 1 holds; job 1 waits for n1, which job 2 holds");
}

// What comes back by itself, or with a node, closes none.
TEST_F(Circle, ThroughANodeNeedsTheNodeToBeHeldByThoseWhoWait) {
  world.hold({whole(1), exclusive({"a"})});
  world.hold({whole(2), cpus(2)});
  world.hold({whole(3), cpus(4)});
  world.ask({step(1), cpus(4)});
  EXPECT_TRUE(world.try_ask({step(2), exclusive({"a"})}));
}

TEST_F(Circle, OfThreeJobsIsRefused) {
  world.hold({whole(1), exclusive({"a"})});
  world.hold({whole(2), exclusive({"b"})});
  world.hold({whole(3), exclusive({"c"})});
  world.ask({step(1), exclusive({"b"}, cpus(1))});
  world.ask({step(2), exclusive({"c"})});
  expect_refused({step(3), exclusive({"a"})},
                 "job 3 waits for a, which job 1 holds; job 1 waits for b, which job 2 holds; "
                 "job 2 waits for c, which job 3 holds");
}

TEST_F(Circle, IsNamedByItsShortestWay) {
  world.hold({whole(1), exclusive({"a"})});
  world.hold({whole(2), exclusive({"b"})});
  world.hold({whole(3), exclusive({"c"})});
  world.ask({step(1), exclusive({"b"})});
  world.ask({step(2), exclusive({"c"})});
  expect_refused({step(3), exclusive({"a", "b"})},
                 "job 3 waits for b, which job 2 holds; job 2 waits for c, which job 3 holds");
}

TEST_F(Circle, ThroughTokensIsRefused) {
  world.hold({whole(1), tokens("solver", 2)});
  world.hold({whole(2), tokens("solver", 2)});
  world.ask({step(1), tokens("solver", 1)});
  expect_refused({step(2), tokens("solver", 2)}, "job 2 waits for solver, which it holds itself");
  expect_refused({step(2), tokens("solver", 1)}, "job 2 waits for solver, which it holds itself");
}

TEST_F(Circle, ThroughTokensAndAnExclusiveResourceIsRefused) {
  world.hold({whole(1), tokens("solver", 3)});
  world.hold({whole(2), exclusive({"a"})});
  world.ask({step(1), exclusive({"a"})});
  expect_refused({step(2), tokens("solver", 2)},
                 "job 2 waits for solver, which job 1 holds; job 1 waits for a, which job 2 holds");
}

TEST_F(Circle, IsNotSeenWhereAnotherHolderOfTokensCanHelp) {
  world.hold({whole(1), tokens("solver", 2)});
  world.hold({whole(2), exclusive({"a"})});
  world.hold({whole(3), tokens("solver", 2)});
  world.ask({step(1), exclusive({"a"})});
  world.ask({step(2), tokens("solver", 2)});  // job 3 ends by itself and gives two back
  world.end(whole(3));
  EXPECT_EQ(world.started(), Names{"2"});
}

TEST_F(Circle, OfAJobWithItselfIsRefused) {
  world.hold({whole(1), tokens("solver", 3)});
  expect_refused({step(1), tokens("solver", 2)}, "job 1 waits for solver, which it holds itself");
}

TEST_F(Circle, IsNotSeenInAChain) {
  world.hold({whole(1), exclusive({"a"})});
  world.hold({whole(2), exclusive({"b"})});
  world.ask({step(1), exclusive({"b"})});
  world.ask({step(2), exclusive({"c"})});
  EXPECT_EQ(world.started(), Names{"2"});
  world.end(step(2));
  world.end(whole(2));
  EXPECT_EQ(world.started(), Names{"1"});
}

TEST_F(Circle, IsNotClosedByWhatARunningStepHolds) {
  // Job 1's running step holds a and ends by itself; so does job 2's with b.
  world.hold({part(1, 1), exclusive({"a"})});
  world.hold({part(2, 1), exclusive({"b"})});
  world.ask({part(1, 2), exclusive({"b"})});
  world.ask({part(2, 2), exclusive({"a"})});
  world.end(part(1, 1));
  EXPECT_EQ(world.started(), Names{"2.2"});
  world.end(part(2, 1));
  EXPECT_EQ(world.started(), Names{"1.2"});
}

TEST_F(Circle, IsNotClosedByAJobThatHoldsNothingYet) {
  world.hold({whole(1), exclusive({"a"})});
  world.ask({whole(2), exclusive({"a", "b"})});
  world.ask({step(1), exclusive({"b"})});
  EXPECT_EQ(world.started(), Names{"1"});
}

TEST_F(Circle, IsFoundThoughTheWaitBeganBeforeTheGrant) {
  // Job 2 waits for a and cpus while a is free; then job 1 gets a.
  world.hold({whole(2), exclusive({"b"})});
  world.hold({step(9), cpus(8)});
  world.ask({step(2), exclusive({"a"}, cpus(1))});
  world.ask({whole(1), exclusive({"a"}), {}, 90});
  EXPECT_EQ(world.started(), Names{"1.0"});
  expect_refused({step(1), exclusive({"b"})},
                 "job 1 waits for b, which job 2 holds; job 2 waits for a, which job 1 holds");
}

TEST_F(Circle, ThatWasRefusedMayBeAskedForOnceTheOtherHasEnded) {
  world.hold({whole(1), exclusive({"a"})});
  world.hold({whole(2), exclusive({"b"})});
  world.ask({step(1), exclusive({"b"})});
  EXPECT_FALSE(world.try_ask({step(2), exclusive({"a"})}));
  EXPECT_TRUE(world.manager.withdraw(step(1)));
  world.end(whole(1));
  world.ask({step(2), exclusive({"a"})});
  EXPECT_EQ(world.started(), Names{"2"});
}

// --- circles through reservations: nobody is refused, the steps that are needed go first

TEST_F(Circle, ThroughAReservationIsAvoided) {
  world.hold({whole(1), exclusive({"a"})});
  world.ask({whole(2), exclusive({"a"}, cpus(8)), {}, 90});
  world.ask({step(1), cpus(2)});
  EXPECT_EQ(world.started(), Names{"1"});  // job 2 cannot start before it has ended
  world.end(step(1));
  world.end(whole(1));
  EXPECT_EQ(world.started(), Names{"2.0"});
}

TEST_F(Circle, ThroughSeveralReservationsIsAvoided) {
  world.hold({whole(1), exclusive({"a"})});
  world.hold({whole(2), tokens("solver", 3)});
  world.ask({whole(3), exclusive({"a", "b"}, cpus(8)), {}, 90});
  world.ask({step(1), tokens("solver", 2, cpus(8)), {}, 20});
  world.ask({step(2), exclusive({"b"}, cpus(1)), {}, 10});
  world.ask({step(9), cpus(1), {}, 50});
  EXPECT_EQ(world.started(), Names{"2"});  // and not job 9, which nobody needs
}

TEST_F(Circle, ThroughCapacityOfNodesIsAvoided) {
  world.hold({whole(1), cpus(2)});
  world.ask({step(2), cpus(8), {}, 90});
  world.ask({step(1), cpus(4)});
  EXPECT_EQ(world.started(), Names{"1"});
  world.end(step(1));
  world.end(whole(1));
  EXPECT_EQ(world.started(), Names{"2"});
}

TEST_F(Circle, AStepWhoseEndNobodyNeedsDoesNotGoFirst) {
  world.hold({whole(1), exclusive({"a"}, cpus(1))});
  world.hold({step(3), cpus(4)});
  world.ask({step(2), cpus(7), {}, 90});  // job 3 suffices
  world.ask({step(1), cpus(3)});
  EXPECT_EQ(world.started(), Names{});
  world.end(step(3));
  EXPECT_EQ(world.started(), Names{"2"});
}

// --- several parts of one job

TEST_F(Circle, AStepEntersWhatItsJobHolds) {
  world.hold({whole(1), exclusive({"a"})});
  world.ask({step(1), exclusive({"a"}, cpus(1))});
  EXPECT_EQ(world.started(), Names{"1"});
  EXPECT_EQ(world.manager.named().at(0).holders.size(), 1U);
  world.end(step(1));
  world.ask({step(2), exclusive({"a"})});
  EXPECT_EQ(world.started(), Names{});  // job 1 holds it still
}

TEST_F(Circle, AStepThatNeedsNothingButWhatItsJobHoldsStartsAtOnce) {
  world.hold({whole(1), exclusive({"a", "b"})});
  world.ask({step(2), exclusive({"a"})});
  world.ask({step(1), exclusive({"a", "b"})});
  EXPECT_EQ(world.started(), Names{"1"});
}

TEST_F(Circle, WhatAJobHoldsIsFreeOnlyWithItsLastPart) {
  world.hold({whole(1), exclusive({"a"})});
  world.hold({step(1), exclusive({"a"}, cpus(1))});
  world.ask({step(2), exclusive({"a"})});
  world.end(whole(1));
  EXPECT_EQ(world.started(), Names{});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"2"});
}

TEST_F(Circle, StepsOfOneJobThatAskForTheSameThingRunOneAfterTheOther) {
  world.hold({part(1, 1), exclusive({"a"})});
  world.ask({part(1, 2), exclusive({"a"})});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.why(part(1, 2)).at(0).text, "exclusive a is held by another step of this job");
  world.end(part(1, 1));
  EXPECT_EQ(world.started(), Names{"1.2"});
}

TEST_F(Circle, AStepAsksAfterItsJobsOwnNeedsAreMet) {
  world.hold({step(9), exclusive({"a"})});
  world.ask({whole(1), exclusive({"a"})});
  EXPECT_EQ(world.try_ask({step(1), cpus(1)}).error().code, ErrorCode::kInternal);
  world.ask({step(2), exclusive({"b"})});
  EXPECT_EQ(world.try_ask({whole(2), cpus(1)}).error().code, ErrorCode::kInternal);
  EXPECT_THAT(world.try_ask({whole(9), cpus(1)}).error().message,
              HasSubstr("asks for its own needs after its steps"));
}

}  // namespace
}  // namespace jobq::resmgr::test
