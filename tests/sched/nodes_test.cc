// SPDX-License-Identifier: Apache-2.0
// Nodes that come, go, restart and report; draining.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NodesTest : public ::testing::Test {
 public:
  void SetUp() override {
    n1 = world.join("n1", 2);
    world.forget_said();
  }
  // The node comes back and lists what the test says.
  void rejoin(const std::string& incarnation, std::vector<NodeJoined::Known> attempts) {
    NodeJoined event;
    event.name = "n1";
    event.incarnation = incarnation;
    event.capacity.cpus = 2;
    event.attempts = std::move(attempts);
    world.send(event);
  }
  static AttemptId attempt(std::uint64_t job, std::uint32_t number = 1) {
    return {JobNumber{job}, StepId{0}, Attempt{number}};
  }
  World world;
  NodeId n1;
};

TEST_F(NodesTest, WelcomeComesFirstAndTheNameKeepsItsId) {
  EXPECT_EQ(n1, NodeId{1});
  world.join("n2", 2);
  EXPECT_EQ(world.join("n1", 4), n1);
  EXPECT_THAT(world.said(), ElementsAre("welcome n2", "welcome n1"));
  EXPECT_EQ(world.core.node_id("n2"), NodeId{2});
  EXPECT_EQ(world.core.nodes().at(0).resources.total.cpus, 4U);
}

TEST_F(NodesTest, OfALostNodeNothingIsKnownUntilItReturns) {
  const JobNumber job = world.submit(one_step());
  world.started(job, "main");
  world.forget_said();
  world.lose("n1");
  EXPECT_THAT(world.said(), IsEmpty());
  EXPECT_EQ(world.step_state(job, "main"), "running");
  EXPECT_EQ(world.core.show(job, world.now)->steps.at(0).reason,
            "in doubt: node n1 is lost, and its end is unknown until it returns");
  const JobNumber other = world.submit(one_step());
  EXPECT_EQ(world.state(other), "WR");
}

TEST_F(NodesTest, WhatRunsIsFoundAgainWhenTheNodeReturns) {
  const JobNumber job = world.submit(one_step());
  world.lose("n1");
  world.forget_said();
  world.join("n1", 2);
  EXPECT_THAT(world.said(), ElementsAre("welcome n1", "resume 1.main"));
  EXPECT_EQ(world.step_state(job, "main"), "running");
}

TEST_F(NodesTest, WhatStandsIsSaidAgainWhenTheNodeReturns) {
  const JobNumber held = world.submit(one_step());
  const JobNumber ending = world.submit(one_step());
  world.lose("n1");
  world.forget_said();
  world.hold(held);
  world.cancel(ending);
  EXPECT_THAT(world.said(), ElementsAre("1 ok", "2 ok"));  // nothing goes to a lost node
  world.join("n1", 2);
  EXPECT_THAT(world.said(), ElementsAre("welcome n1", "suspend 1.main", "kill 2.main"));
}

TEST_F(NodesTest, JoiningTwiceInARowIsFine) {
  world.submit(one_step());
  world.forget_said();
  world.join("n1", 2);
  world.join("n1", 2);
  EXPECT_THAT(world.said(),
              ElementsAre("welcome n1", "resume 1.main", "welcome n1", "resume 1.main"));
}

TEST_F(NodesTest, AnEndIsAwaitedWhereTheNodeListsOne) {
  const JobNumber job = world.submit(one_step());
  world.lose("n1");
  world.forget_said();
  rejoin("i1", {{attempt(1), false}});
  EXPECT_THAT(world.said(), ElementsAre("welcome n1"));
  EXPECT_EQ(world.state(job), "BP");
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(NodesTest, WhatNeverGotToTheNodeIsLaunchedAgainUnderItsNumber) {
  world.submit(one_step());
  world.forget_said();
  rejoin("i1", {});
  EXPECT_THAT(world.said(), ElementsAre("welcome n1", "launch 1.main on n1"));
}

TEST_F(NodesTest, WhatNeverGotToTheNodeAndWasCancelledEndsAtOnce) {
  const JobNumber job = world.submit(one_step());
  world.cancel(job);
  world.forget_said();
  rejoin("i1", {});
  EXPECT_THAT(world.said(), ElementsAre("welcome n1", "ended 1 JC cancelled by ann"));
}

TEST_F(NodesTest, ARestartedNodeHasLostItsSteps) {
  const JobNumber job = world.submit(one_step().cleanup());
  world.restart("n1");
  world.forget_said();
  world.join("n1", 2);
  EXPECT_THAT(world.said(), ElementsAre("welcome n1", "launch 1.cleanup on n1"));
  EXPECT_EQ(world.reason(job), "step main: node lost: n1 was restarted");
}

TEST_F(NodesTest, AStepThatRanIsNeverLaunchedTwice) {
  const JobNumber job = world.submit(one_step());
  world.started(job, "main");
  world.forget_said();
  rejoin("i1", {});
  EXPECT_THAT(world.said(),
              ElementsAre("welcome n1",
                          "ended 1 JE step main: node lost: n1 does not know the step any more"));
}

TEST_F(NodesTest, WhatIsNotOursIsKilledAndForgotten) {
  rejoin("i1", {{attempt(41), true}});
  EXPECT_EQ(world.said().size(), 2U);
  world.send(TaskStarted{n1, attempt(41)});
  EXPECT_THAT(world.said().at(0), HasSubstr("kill"));
  world.send(TaskComplete{n1, attempt(41), {}});
  EXPECT_THAT(world.said().at(0), HasSubstr("forget"));
  EXPECT_THAT(world.last_rows, IsEmpty());
}

TEST_F(NodesTest, AnAttemptThatIsNotCurrentChangesNothing) {
  const JobNumber job = world.submit(one_step());
  const NodeId n2 = world.join("n2", 2);
  world.forget_said();
  world.send(TaskComplete{n2, attempt(1), {}});
  world.send(TaskComplete{n1, attempt(1, 2), {}});
  EXPECT_EQ(world.said().size(), 2U);
  EXPECT_EQ(world.state(job), "BP");
}

TEST_F(NodesTest, AnEndThatComesTwiceIsForgottenTwice) {
  const JobNumber job = world.submit(one_step());
  world.complete(job, "main", 3);
  world.forget_said();
  world.complete(job, "main", 0);
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main"));
  EXPECT_EQ(world.row(job).state, JobState::kError);
}

TEST_F(NodesTest, ANodeThatNobodyKnowsIsIgnored) {
  world.send(NodeLost{NodeId{99}, ""});
  EXPECT_THAT(world.said(), IsEmpty());
}

TEST_F(NodesTest, ADrainedNodeTakesNothingNewAndEndsWhatItHas) {
  const JobNumber job = world.submit(one_step().needs(cpus(1)).step("next").after("main"));
  world.send(DrainNode{World::kReply, world.root, "n1", "new disk", {}});
  const JobNumber other = world.submit(one_step());
  EXPECT_EQ(world.state(other), "WR");
  world.complete(job, "main");
  EXPECT_EQ(world.step_state(job, "next"), "starting");
  EXPECT_EQ(world.core.nodes().at(0).reason, "new disk");
  world.send(ResumeNode{World::kReply, world.root, "n1"});
  EXPECT_EQ(world.state(other), "BP");
}

TEST_F(NodesTest, ADrainSurvivesAJoin) {
  world.send(DrainNode{World::kReply, world.root, "n1", "new disk", {}});
  world.join("n1", 2);
  EXPECT_EQ(world.state(world.submit(one_step())), "WR");
}

TEST_F(NodesTest, OnlyOperatorsDrainAndOnlyWhatThereIs) {
  world.send(DrainNode{World::kReply, world.ann, "n1", "", {}});
  world.send(DrainNode{World::kReply, world.root, "n11", "", {}});
  world.send(ResumeNode{World::kReply, world.ann, "n1"});
  EXPECT_THAT(world.said(), ElementsAre("error only operators may drain nodes; ann is not one",
                                        "error no node is named 'n11'; did you mean 'n1'?",
                                        "error only operators may resume nodes; ann is not one"));
}

TEST_F(NodesTest, AStepThatTakesNothingWaitsForANodeToCome) {
  World empty;
  const JobNumber job = empty.submit(one_step().step_needs({}));
  EXPECT_EQ(empty.state(job), "WR");
  EXPECT_EQ(empty.core.why(job, empty.now)->blockers.at(0).kind, "node_state");
  empty.join("n1", 2);
  EXPECT_EQ(empty.state(job), "BP");
}

TEST_F(NodesTest, AStepThatTakesNothingGoesWhereLeastRuns) {
  world.submit(one_step().step_needs({}));
  world.join("n2", 2);
  world.submit(one_step().step_needs({}));
  world.submit(one_step().step_needs({}));
  EXPECT_THAT(world.said(),
              ElementsAre("launch 1.main on n1", "submitted 1", "welcome n2", "launch 2.main on n2",
                          "submitted 2", "launch 3.main on n1", "submitted 3"));
}

TEST_F(NodesTest, StepsOfAJobWaitForItsNodeToReturn) {
  const JobNumber job = world.submit(one_step().needs(cpus(1)).step("next").after("main"));
  world.join("n2", 2);
  world.lose("n1");
  world.complete(job, "main");  // reported over another way
  EXPECT_EQ(world.step_state(job, "next"), "waiting");
  EXPECT_THAT(world.core.why(job, world.now)->blockers.at(0).text, HasSubstr("n1"));
  world.join("n1", 2);
  EXPECT_EQ(world.step_state(job, "next"), "starting");
}

TEST_F(NodesTest, CleanupRunsWhereTheLastStepRan) {
  world.join("n2", 2);
  const JobNumber first = world.submit(one_step().cleanup().step_needs(cpus(2)));
  const JobNumber second = world.submit(one_step().cleanup().step_needs(cpus(2)));
  world.forget_said();
  world.complete(second, "main");
  world.complete(first, "main");
  EXPECT_THAT(world.said(), ElementsAre("launch 2.cleanup on n2", "forget 2.main",
                                        "launch 1.cleanup on n1", "forget 1.main"));
}

TEST_F(NodesTest, CleanupRunsElsewhereWhereThatNodeIsAway) {
  world.join("n2", 2);
  const JobNumber job = world.submit(one_step().cleanup().step_needs(cpus(2)));
  world.lose("n1");
  world.forget_said();
  world.complete(job, "main");
  EXPECT_THAT(world.said(), ElementsAre("launch 1.cleanup on n2", "forget 1.main"));
}

TEST_F(NodesTest, CleanupWaitsWhereNoNodeIsThere) {
  const JobNumber job = world.submit(one_step().cleanup());
  world.lose("n1");
  world.complete(job, "main");
  EXPECT_EQ(world.state(job), "CU");
  EXPECT_THAT(world.core.why(job, world.now)->summary, HasSubstr("waits for a node"));
  world.join("n1", 2);
  EXPECT_EQ(world.step_state(job, "cleanup"), "starting");
}

}  // namespace
}  // namespace jobq::sched
