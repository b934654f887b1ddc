// SPDX-License-Identifier: Apache-2.0
// Nodes that stay away: what is fenced counts as lost when the lease is over, the rest is in doubt;
// nodes that are forgotten; drains that end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class LostNodesTest : public ::testing::Test {
 public:
  void SetUp() override {
    n1 = join_leased("n1");
    world.forget_said();
  }
  NodeId join_leased(const std::string& name, std::vector<NodeJoined::Known> attempts = {},
                     Millis lease = seconds(15)) {
    NodeJoined event{name, name + ".1", {2, {}, 0, {}}, std::move(attempts), 0, lease};
    world.send(event);
    return *world.core.node_id(name);
  }
  void give_up() {
    world.lose("n1");
    world.send(NodeGivenUp{n1});
  }
  static SpecBuilder retried() {
    SpecBuilder builder = one_step();
    builder.spec.steps.front().retry.max = 1;
    return builder;
  }
  World world;
  NodeId n1;
};

TEST_F(LostNodesTest, WhatMayBeTriedElsewhereIsFencedAndStartsThereAfterTheLease) {
  const JobNumber job = world.submit(retried());
  EXPECT_TRUE(world.launched(job, "main").fenced);
  world.started(job, "main");
  join_leased("n2");
  world.lose("n1");
  world.forget_said();
  EXPECT_EQ(world.step_state(job, "main"), "running");
  world.send(NodeGivenUp{n1});
  EXPECT_THAT(world.said(), ElementsAre("launch 1.main#2 on n2"));
  EXPECT_FALSE(world.launched(job, "main").fenced);  // the last one
  EXPECT_EQ(world.core.show(job, world.now)->steps[0].attempts[0].end.how, TaskEnd::How::kLost);
}

TEST_F(LostNodesTest, WhatIsNotFencedStaysInDoubtUntilTheNodeReturns) {
  const JobNumber job = world.submit(one_step());
  EXPECT_FALSE(world.launched(job, "main").fenced);
  world.started(job, "main");
  give_up();
  EXPECT_EQ(world.step_state(job, "main"), "running");
  EXPECT_THAT(world.core.show(job, world.now)->steps[0].reason, HasSubstr("in doubt"));
  join_leased("n1", {{{job, StepId{0}, Attempt{1}}, true}});
  world.complete(job, "main", 0);
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(LostNodesTest, AnExclusiveResourceIsGivenToOthersAfterTheLeaseAlone) {
  world.create_exclusive("db");
  const JobNumber job = world.submit(one_step().step_needs(exclusive("db")));
  EXPECT_TRUE(world.launched(job, "main").fenced);
  join_leased("n2");
  const JobNumber next = world.submit(one_step().step_needs(exclusive("db")));
  world.lose("n1");
  EXPECT_EQ(world.state(next), "WR");
  world.send(NodeGivenUp{n1});
  EXPECT_EQ(world.row(job).state, JobState::kError);
  EXPECT_EQ(world.state(next), "BP");
}

TEST_F(LostNodesTest, ANodeWithoutALeaseIsWaitedFor) {
  World local;
  const NodeId node = local.join("n1", 2);
  const JobNumber job = local.submit(retried());
  local.lose("n1");
  local.send(NodeGivenUp{node});
  EXPECT_EQ(local.step_state(job, "main"), "starting");
}

// It may run on there: nothing ends it but its agent.
TEST_F(LostNodesTest,
       WhatHoldsAnExclusiveResourceOnANodeWithoutALeaseKeepsItThoughItsEndIsOrdered) {
  for (const bool before : {true, false}) {
    World local;
    const NodeId node = local.join("n1", 2);
    local.create_exclusive("db");
    const JobNumber job = local.submit(one_step().step_needs(exclusive("db")));
    local.started(job, "main");
    local.join("n2", 2);
    const JobNumber next = local.submit(one_step().step_needs(exclusive("db")));
    local.lose("n1");
    if (before) local.cancel(job);
    local.send(NodeGivenUp{node});
    if (!before) local.cancel(job);
    EXPECT_EQ(local.step_state(job, "main"), "ending");
    EXPECT_EQ(local.state(next), "WR");
    local.send(ForgetNode{World::kReply, local.root, "n1"});
    EXPECT_EQ(local.row(job).state, JobState::kCancelled);
    EXPECT_EQ(local.state(next), "BP");
  }
}

TEST_F(LostNodesTest, ACancelledStepIsNotWaitedForWhenItsNodeIsGivenUp) {
  const JobNumber before = world.submit(one_step());
  const JobNumber after = world.submit(one_step());
  world.lose("n1");
  world.cancel(before);
  EXPECT_EQ(world.step_state(before, "main"), "ending");
  world.send(NodeGivenUp{n1});
  EXPECT_EQ(world.row(before).state, JobState::kCancelled);
  world.cancel(after);
  EXPECT_EQ(world.row(after).state, JobState::kCancelled);
}

TEST_F(LostNodesTest, WhatComesBackAfterAllIsEnded) {
  const JobNumber job = world.submit(retried());
  world.started(job, "main");
  join_leased("n2");
  give_up();
  world.forget_said();
  join_leased("n1", {{{job, StepId{0}, Attempt{1}}, true}});
  EXPECT_THAT(world.said(), ElementsAre("welcome n1", "kill 1.main"));
}

// What tells it of the shorter one may not get there.
TEST_F(LostNodesTest, ANodeIsWaitedForByTheLongestLeaseOfWhatIsThere) {
  const auto waited = [&] { return world.core.nodes_away().at(0).lease; };
  const JobNumber job = world.submit(retried());
  world.started(job, "main");
  const NodeJoined::Known ours{{job, StepId{0}, Attempt{1}}, true};
  world.lose("n1");
  EXPECT_EQ(waited(), seconds(15));
  std::vector<Action> actions;
  EXPECT_EQ(world.restored(actions)->nodes_away().at(0).lease, seconds(15));
  join_leased("n1", {ours}, seconds(2));
  world.lose("n1");
  EXPECT_EQ(waited(), seconds(15));
  join_leased("n1", {ours}, Millis{0});
  world.lose("n1");
  EXPECT_EQ(waited(), Millis{0});
  join_leased("n1", {ours}, seconds(15));
  world.lose("n1");
  EXPECT_EQ(waited(), Millis{0});
  join_leased("n1", {ours}, seconds(2));
  world.started(job, "main");  // said by a node that has heard its welcome
  world.lose("n1");
  EXPECT_EQ(waited(), seconds(2));
}

TEST_F(LostNodesTest, ANodeThatComesBackEmptyIsWaitedForByItsNewLease) {
  const JobNumber job = world.submit(retried());
  world.started(job, "main");
  world.lose("n1");
  world.send(NodeJoined{"n1", "n1.2", {2, {}, 0, {}}, {}, 0, seconds(2)});  // after a reboot
  world.lose("n1");
  EXPECT_EQ(world.core.nodes_away().at(0).lease, seconds(2));
}

TEST_F(LostNodesTest, WhatNeedsNothingIsNotStartedBesideItsOldAttempt) {
  SpecBuilder builder = retried();
  const JobNumber job = world.submit(builder);
  world.started(job, "main");
  world.lose("n1");
  world.send(ForgetNode{World::kReply, world.root, "n1"});
  world.forget_said();
  const AttemptId old{job, StepId{0}, Attempt{1}};
  join_leased("n1", {{old, true}});
  EXPECT_THAT(world.said(), ElementsAre("welcome n1", "kill 1.main"));
  const auto why = world.core.why({job, {}}, world.now);
  ASSERT_EQ(why->blockers.size(), 1U);
  EXPECT_THAT(why->blockers[0].text, HasSubstr("node n1 came back with steps"));
  EXPECT_THAT(world.core.nodes().at(0).reason, HasSubstr("steps of job 1 that are not to run"));
  world.send(TaskComplete{n1, old, {}});
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main", "launch 1.main#2 on n1"));
}

// The job stays where it is because a step of it runs elsewhere.
TEST_F(LostNodesTest, AJobThatStayedTakesNothingThatAnOldAttemptThereStillHas) {
  const NodeId n2 = join_leased("n2");
  world.create_exclusive("db");
  const JobNumber holder = world.submit(one_step().step_needs(exclusive("db")));
  SpecBuilder builder;
  builder.needs(cpus(1)).step("away").step_needs(cpus(2)).step("home").step_needs(exclusive("db"));
  const JobNumber job = world.submit(builder);
  ASSERT_EQ(world.launched(holder, "main").node, n1);
  ASSERT_EQ(world.row(job).node, n1);
  ASSERT_EQ(world.launched(job, "away").node, n2);
  world.lose("n1");
  world.send(ForgetNode{World::kReply, world.root, "n1"});
  const AttemptId old{holder, StepId{0}, Attempt{1}};
  join_leased("n1", {{old, true}});
  EXPECT_EQ(world.step_state(job, "home"), "waiting");
  world.send(TaskComplete{n1, old, {}});
  EXPECT_EQ(world.launched(job, "home").node, n1);
}

TEST_F(LostNodesTest, AnOldAttemptThatWasStillOnItsWayIsWaitedForToo) {
  const JobNumber job = world.submit(retried());
  world.started(job, "main");
  world.lose("n1");
  world.send(ForgetNode{World::kReply, world.root, "n1"});
  const NodeId n2 = join_leased("n2");
  world.send(TaskStarted{n2, {job, StepId{0}, Attempt{1}}});  // not the one that it has
  const JobNumber next = world.submit(one_step());
  EXPECT_EQ(world.state(next), "WR");
  world.send(TaskComplete{n2, {job, StepId{0}, Attempt{1}}, {}});
  EXPECT_EQ(world.launched(next, "main").node, n2);
}

TEST_F(LostNodesTest, ANodeTakesNothingNewBeforeWhatItWasToldToEndHasEnded) {
  const JobNumber job = world.submit(one_step().step_needs(cpus(2)));
  world.started(job, "main");
  world.lose("n1");
  world.cancel(job);
  world.send(NodeGivenUp{n1});
  const JobNumber next = world.submit(one_step().step_needs(cpus(1)));
  const AttemptId old{job, StepId{0}, Attempt{1}};
  join_leased("n1", {{old, true}});
  EXPECT_EQ(world.state(next), "WR");
  const auto why = world.core.why(next, world.now);
  ASSERT_EQ(why->blockers.size(), 1U);
  EXPECT_THAT(why->blockers[0].text, HasSubstr("takes new ones when these have ended"));
  world.lose("n1");
  join_leased("n1", {{old, true}});
  EXPECT_EQ(world.state(next), "WR");
  world.send(TaskComplete{n1, old, {}});
  EXPECT_EQ(world.state(next), "BP");
}

TEST_F(LostNodesTest, WhatHasEndedOnANodeThatComesBackIsInNobodysWay) {
  const JobNumber job = world.submit(one_step().step_needs(cpus(2)));
  world.lose("n1");
  world.cancel(job);
  world.send(NodeGivenUp{n1});
  const JobNumber next = world.submit(one_step().step_needs(cpus(2)));
  join_leased("n1", {{{job, StepId{0}, Attempt{1}}, false}});
  EXPECT_EQ(world.state(next), "BP");
}

TEST_F(LostNodesTest, AJobThatHeldTheNodeGoesOnOnAnother) {
  SpecBuilder builder = retried();
  builder.needs(cpus(1));
  const JobNumber job = world.submit(builder);
  world.started(job, "main");
  const NodeId n2 = join_leased("n2");
  give_up();
  EXPECT_EQ(world.launched(job, "main").node, n2);
  EXPECT_EQ(world.row(job).node, n2);
}

TEST_F(LostNodesTest, WhatAJobHoldsByNameItHoldsOnWhileItMoves) {
  world.create_exclusive("db");
  SpecBuilder builder = retried();
  resmgr::Needs needs = exclusive("db");
  needs.cpus = 2;
  builder.needs(needs);
  const JobNumber job = world.submit(builder);
  world.started(job, "main");
  const NodeId n2 = join_leased("n2");
  const JobNumber filler = world.submit(one_step().step_needs(cpus(2)));
  const JobNumber next = world.submit(one_step().step_needs(exclusive("db")));
  give_up();
  EXPECT_EQ(world.state(job), "BP");
  EXPECT_THAT(world.core.why(job, world.now)->blockers, Not(IsEmpty()));
  EXPECT_EQ(world.state(next), "WR");
  std::vector<Action> actions;
  const auto restored = world.restored(actions);
  EXPECT_EQ(restored->state_of(next), JobState::kWaitingResources);
  EXPECT_TRUE(restored->check_invariants());
  world.complete(filler, "main", 0);
  EXPECT_EQ(world.launched(job, "main").node, n2);
  EXPECT_EQ(world.state(next), "WR");
  world.complete(job, "main", 0);
  EXPECT_EQ(world.state(next), "BP");
}

TEST_F(LostNodesTest, AJobBetweenTwoStepsGoesOnOnAnother) {
  SpecBuilder builder = one_step();
  builder.needs(cpus(1));
  builder.spec.steps.front().retry.max = 1;
  builder.spec.steps.front().retry.delay = seconds(30);
  const JobNumber job = world.submit(builder);
  world.complete(job, "main", 1);
  const NodeId n2 = join_leased("n2");
  give_up();
  world.pass(seconds(30));
  EXPECT_EQ(world.launched(job, "main").node, n2);
}

// Its own node is asked for anew when its last step has ended, not only when the node is given up.
TEST_F(LostNodesTest, AJobLeavesAForgottenNodeWhenItsStepElsewhereHasEnded) {
  SpecBuilder builder;
  builder.needs(cpus(2)).step("a").step_needs(cpus(1)).step("b").after("a");
  const NodeId n2 = join_leased("n2");
  const JobNumber job = world.submit(builder);
  ASSERT_NE(world.row(job).node, world.launched(job, "a").node);
  const bool home_is_n1 = world.row(job).node == n1;
  const std::string home = home_is_n1 ? "n1" : "n2";
  world.lose(home);
  world.send(ForgetNode{World::kReply, world.root, home});
  EXPECT_EQ(world.step_state(job, "a"), "starting");
  world.complete(job, "a", 0);
  EXPECT_EQ(world.state(job), "BP");
  EXPECT_EQ(world.launched(job, "b").node, home_is_n1 ? n2 : n1);
}

TEST_F(LostNodesTest, AJobLeavesANodeThatIsGivenUpWhenItsDoubtfulStepIsCancelled) {
  SpecBuilder builder;
  builder.needs(cpus(1)).step("a").step("b").after("a.cancel");
  const JobNumber job = world.submit(builder);
  world.started(job, "a");
  give_up();
  const NodeId n2 = join_leased("n2");
  EXPECT_EQ(world.step_state(job, "a"), "running");
  world.cancel(job, "a");
  EXPECT_EQ(world.step_state(job, "a"), "cancelled");
  EXPECT_EQ(world.launched(job, "b").node, n2);
}

TEST_F(LostNodesTest, WhenTheLastNodeIsForgottenNeedsAreCheckedAsBeforeTheFirst) {
  world.lose("n1");
  world.send(ForgetNode{World::kReply, world.root, "n1"});
  SpecBuilder builder;
  builder.needs(cpus(64)).step("a").step_needs(cpus(8));
  for (const bool again : {false, true}) {
    if (again) world.lose("n2");
    if (again) world.send(ForgetNode{World::kReply, world.root, "n2"});
    const JobNumber job = world.submit(builder);
    ASSERT_TRUE(job);
    EXPECT_EQ(world.state(job), "WR");
    EXPECT_EQ(world.core.why(job, world.now)->blockers.at(0).text, "there is no node");
    std::vector<Action> actions;
    const auto restored = world.restored(actions);
    restored->step(NewJobNotice{World::kReply, world.ann, "", {ticket_of(builder)}, false},
                   world.now, actions);
    EXPECT_EQ(restored->state_of(JobNumber{job.value + 1}), JobState::kWaitingResources);
    if (!again) join_leased("n2");
  }
}

TEST_F(LostNodesTest, ANodeIsForgottenWhileItIsAwayAlone) {
  const JobNumber job = world.submit(one_step());
  world.forget_said();
  world.send(ForgetNode{World::kReply, world.root, "n1"});
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("is connected")));
  world.lose("n1");
  world.send(ForgetNode{World::kReply, world.ann, "n1"});
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("only operators")));
  world.send(ForgetNode{World::kReply, world.root, "n1"});
  EXPECT_THAT(world.said(), Contains("done"));
  EXPECT_EQ(world.row(job).state, JobState::kError);
  EXPECT_THAT(world.row(job).reason, HasSubstr("forgotten by root"));
  EXPECT_THAT(world.core.nodes(), IsEmpty());
  world.send(DrainNode{World::kReply, world.root, "n1", "x", {}});
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("no node is named 'n1'")));
}

TEST_F(LostNodesTest, AForgottenNodeThatComesBackIsAsAnyOther) {
  world.lose("n1");
  world.send(ForgetNode{World::kReply, world.root, "n1"});
  std::vector<Action> ignored;
  EXPECT_THAT(world.restored(ignored)->nodes(), IsEmpty());
  EXPECT_EQ(join_leased("n1"), n1);
  EXPECT_EQ(world.state(world.submit(one_step())), "BP");
}

TEST_F(LostNodesTest, ADrainEndsByItselfAlsoAfterARestart) {
  world.send(DrainNode{World::kReply, world.root, "n1", "kernel", seconds(60)});
  const JobNumber job = world.submit(one_step());
  EXPECT_EQ(world.state(job), "WR");
  EXPECT_EQ(world.core.nodes().at(0).drain_until, world.now + seconds(60));
  std::vector<Action> actions;
  const auto restored = world.restored(actions);
  restored->step(NodeJoined{"n1", "n1.1", {2, {}, 0, {}}, {}, 0, seconds(15)}, world.now, actions);
  restored->step(Tick{}, world.now + seconds(60), actions);
  EXPECT_EQ(restored->nodes().at(0).resources.state, resmgr::NodeState::kUp);
  EXPECT_EQ(restored->nodes().at(0).reason, "");
  world.pass(seconds(60));
  EXPECT_EQ(world.state(job), "BP");
}

}  // namespace
}  // namespace jobq::sched
