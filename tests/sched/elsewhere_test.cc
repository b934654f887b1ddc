// SPDX-License-Identifier: Apache-2.0
// Further attempts that are to be made on another node: who waits for one, who takes the same
// again, and that nobody else suffers from the wish.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::HasSubstr;

class ElsewhereTest : public ::testing::Test {
 public:
  void SetUp() override { n1 = world.join("n1", 2); }
  static Retry elsewhere(std::uint32_t max) {
    Retry retry;
    retry.max = max;
    retry.elsewhere = true;
    return retry;
  }
  static SpecBuilder trying(const Retry& retry) {
    SpecBuilder builder = one_step();
    builder.spec.steps.front().retry = retry;
    return builder;
  }
  void drain(const std::string& node) {
    world.send(DrainNode{World::kReply, world.root, node, "x", {}});
  }
  void resume(const std::string& node) { world.send(ResumeNode{World::kReply, world.root, node}); }
  // A job on n1 that holds db, and one on n2 of which the second step needs it.
  JobNumber holder_of_db() {
    resmgr::Needs needs = cpus(2);
    needs.exclusive = {"db"};
    return world.submit(trying(elsewhere(1)).needs(needs));
  }
  JobNumber one_that_comes_to_need_db() {
    SpecBuilder builder;
    builder.needs(cpus(1)).step("first").step("second").after("first");
    return world.submit(builder.step_needs(exclusive("db")));
  }
  World world;
  NodeId n1;
};

TEST_F(ElsewhereTest, ElsewhereIsAnotherNodeAsLongAsThereIsOne) {
  world.join("n2", 2);
  const JobNumber job = world.submit(trying(elsewhere(3)));
  const NodeId first = world.launched(job, "main").node;
  world.complete(job, "main", 1);
  const NodeId second = world.launched(job, "main").node;
  EXPECT_NE(first, second);
  world.complete(job, "main", 1);
  EXPECT_EQ(world.launched(job, "main").node, first);
  world.send(DrainNode{World::kReply, world.root, second == n1 ? "n1" : "n2", "x", {}});
  world.complete(job, "main", 1);
  EXPECT_EQ(world.launched(job, "main").node, first);
}

TEST_F(ElsewhereTest, WhoWaitsForAnotherNodeTakesTheOldOneWhenThatIsDrained) {
  world.join("n2", 2);
  const JobNumber filler = world.submit(one_step().step_needs(cpus(2)));
  const JobNumber job = world.submit(trying(elsewhere(1)));
  const NodeId first = world.launched(job, "main").node;
  const NodeId other = world.launched(filler, "main").node;
  ASSERT_NE(first, other);
  world.complete(job, "main", 1);
  EXPECT_EQ(world.step_state(job, "main"), "waiting");
  world.send(DrainNode{World::kReply, world.root, other == n1 ? "n1" : "n2", "x", {}});
  EXPECT_EQ(world.launched(job, "main").id.attempt, Attempt{2});
  EXPECT_EQ(world.launched(job, "main").node, first);
}

TEST_F(ElsewhereTest, WhoWaitsForAnotherNodeTakesTheOldOneWhenThatComesBackTooSmall) {
  world.join("n2", 2);
  const JobNumber filler = world.submit(one_step().step_needs(cpus(2)));
  const JobNumber job = world.submit(trying(elsewhere(1)).step_needs(cpus(2)));
  const NodeId first = world.launched(job, "main").node;
  const std::string other = first == n1 ? "n2" : "n1";
  ASSERT_NE(world.launched(filler, "main").node, first);
  world.complete(job, "main", 1);
  EXPECT_EQ(world.step_state(job, "main"), "waiting");
  world.join(other, 1);
  EXPECT_EQ(world.launched(job, "main").id.attempt, Attempt{2});
  EXPECT_EQ(world.launched(job, "main").node, first);
}

TEST_F(ElsewhereTest, WhoWaitsForAnotherNodeTakesTheOldOneWhenThatDoesNotOfferTheServiceAnyMore) {
  for (const bool lost : {true, false}) {
    World local;
    const NodeId one = local.join("n1", 2);
    const NodeId two = local.join("n2", 2);
    const auto offer = [&](NodeId node) { local.send(NodeServices{node, {"planner"}}); };
    offer(one);
    offer(two);
    const JobNumber filler = local.submit(one_step().step_needs(cpus(2)));
    resmgr::Needs needs = cpus(2);
    needs.service = "planner";
    const JobNumber job = local.submit(trying(elsewhere(1)).step_needs(needs));
    const NodeId first = local.launched(job, "main").node;
    const std::string other = first == one ? "n2" : "n1";
    ASSERT_NE(local.launched(filler, "main").node, first);
    local.complete(job, "main", 1);
    EXPECT_EQ(local.step_state(job, "main"), "waiting");
    if (lost) {
      local.lose(other);
    } else {
      local.join(other, 2);
    }
    EXPECT_EQ(local.launched(job, "main").id.attempt, Attempt{2});
    EXPECT_EQ(local.launched(job, "main").node, first);
  }
}

// Its job holds half of the other node for all its steps.
TEST_F(ElsewhereTest, TheOldNodeIsTakenWhereTheJobItselfIsInTheWayOnTheOther) {
  const JobNumber filler = world.submit(one_step().step_needs(cpus(2)));
  const NodeId n2 = world.join("n2", 2);
  SpecBuilder builder;
  builder.needs(cpus(1)).step("wait").step("main").step_needs(cpus(2));
  builder.spec.steps.back().retry = elsewhere(1);
  const JobNumber job = world.submit(builder);
  ASSERT_EQ(world.row(job).node, n2);
  world.complete(filler, "main");
  ASSERT_EQ(world.launched(job, "main").node, n1);
  world.complete(job, "main", 1);
  EXPECT_EQ(world.state(job), "BP");
  EXPECT_EQ(world.launched(job, "main").id.attempt, Attempt{2});
  EXPECT_EQ(world.launched(job, "main").node, n1);
}

TEST_F(ElsewhereTest, AJobThatHoldsItsNodeLeavesIt) {
  world.join("n2", 2);
  SpecBuilder builder = trying(elsewhere(1));
  builder.needs(cpus(1));
  const JobNumber job = world.submit(builder);
  const NodeId first = world.launched(job, "main").node;
  world.complete(job, "main", 1);
  EXPECT_NE(world.launched(job, "main").node, first);
  EXPECT_EQ(world.launched(job, "main").cpus, 1U);
  world.complete(job, "main", 0);
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

// It would be refused where the wish made a circle: the other waits for what it holds itself.
TEST_F(ElsewhereTest, TheWishOfAJobThatHoldsSomethingClosesNoCircleForOthers) {
  world.create_exclusive("db");
  const JobNumber holder = holder_of_db();
  const NodeId n2 = world.join("n2", 2);
  const JobNumber other = one_that_comes_to_need_db();
  ASSERT_EQ(world.launched(other, "first").node, n2);
  world.complete(holder, "main", 1);
  EXPECT_EQ(world.launched(holder, "main").id.attempt, Attempt{2});
  EXPECT_EQ(world.launched(holder, "main").node, n1);  // the other one has no room
  world.complete(other, "first");
  EXPECT_EQ(world.step_state(other, "second"), "waiting");
  world.complete(holder, "main");
  EXPECT_EQ(world.launched(other, "second").node, n2);
}

TEST_F(ElsewhereTest, AJobThatHoldsSomethingTakesAnotherNodeThatHasRoom) {
  world.create_exclusive("db");
  const JobNumber holder = holder_of_db();
  const NodeId n2 = world.join("n2", 2);
  world.complete(holder, "main", 1);
  EXPECT_EQ(world.launched(holder, "main").node, n2);
}

TEST_F(ElsewhereTest, WhatNobodyRefusedIsNotRefusedAfterARestart) {
  world.create_exclusive("db");
  const JobNumber holder = holder_of_db();
  world.join("n2", 2);
  const JobNumber other = one_that_comes_to_need_db();
  world.complete(other, "first");
  Ticket urgent = ticket_of(one_step().step_needs(cpus(2)));
  urgent.priority = 90;
  const JobNumber filler = world.submit(urgent);
  world.complete(holder, "main", 1);
  ASSERT_EQ(world.launched(filler, "main").node, n1);
  ASSERT_EQ(world.step_state(holder, "main"), "pending");
  std::vector<Action> actions;
  const auto restored = world.restored(actions);
  const AttemptId runs = world.launched(filler, "main").id;
  restored->step(NodeJoined{"n1", "n1.1", {2, {}, 0, {}}, {{runs, true}}, 0, {}}, world.now,
                 actions);
  restored->step(NodeJoined{"n2", "n2.1", {2, {}, 0, {}}, {}, 0, {}}, world.now, actions);
  EXPECT_EQ(world.step_state(other, "second"), "waiting");
  EXPECT_EQ(restored->state_of(other), JobState::kProcessingWaits);
  EXPECT_EQ(restored->state_of(holder), world.core.state_of(holder));
}

TEST_F(ElsewhereTest, AnotherNodeThatIsTakenBackIsWaitedForAgain) {
  const JobNumber job = world.submit(trying(elsewhere(1)).step_needs(cpus(2)));
  world.join("n2", 2);
  const JobNumber filler = world.submit(one_step().step_needs(cpus(2)));
  world.complete(job, "main", 1);
  ASSERT_EQ(world.step_state(job, "main"), "waiting");
  const auto why = world.core.why({job, {}}, world.now);
  ASSERT_EQ(why->blockers.size(), 2U);
  EXPECT_THAT(why->blockers[0].text, HasSubstr("n2 has 0 of 2 cpus free"));
  EXPECT_THAT(why->blockers[1].text, HasSubstr("node n1 has room, but the last attempt failed"));
  drain("n1");
  drain("n2");
  resume("n2");
  resume("n1");
  EXPECT_EQ(world.step_state(job, "main"), "waiting") << "n2 is another node again";
  world.complete(filler, "main");
  EXPECT_NE(world.launched(job, "main").node, n1);
}

TEST_F(ElsewhereTest, TheWishEndsWithTheStepThatHadIt) {
  const NodeId n2 = world.join("n2", 2);
  SpecBuilder builder = trying(elsewhere(1));
  builder.needs(cpus(2)).step("rescue").after("main.cancel");
  const JobNumber job = world.submit(builder);
  const JobNumber filler = world.submit(one_step().step_needs(cpus(2)));
  ASSERT_EQ(world.launched(job, "main").node, n1);
  ASSERT_EQ(world.launched(filler, "main").node, n2);
  world.complete(job, "main", 1);
  ASSERT_EQ(world.row(job).node, NodeId{}) << "it waits for n2";
  world.cancel(job, "main");
  EXPECT_EQ(world.launched(job, "rescue").node, n1);
}

TEST_F(ElsewhereTest, TheJobStaysWhereOnlyAStepOnAnotherNodeFailed) {
  SpecBuilder builder;
  builder.needs(cpus(2)).step("wait").step("main").step_needs(cpus(2));
  builder.spec.steps.back().retry = elsewhere(1);
  const NodeId n2 = world.join("n2", 2);
  const JobNumber job = world.submit(builder);
  ASSERT_EQ(world.launched(job, "main").node, n2);
  world.complete(job, "wait");
  world.complete(job, "main", 1);
  EXPECT_EQ(world.row(job).node, n1);
  EXPECT_EQ(world.launched(job, "main").id.attempt, Attempt{2});
  EXPECT_EQ(world.launched(job, "main").node, n2);  // its job has all of the other
}

}  // namespace
}  // namespace jobq::sched
