// SPDX-License-Identifier: Apache-2.0
// Jobs and steps that take several nodes together, and what becomes of them when one is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SeveralNodesTest : public ::testing::Test {
 public:
  void SetUp() override {
    for (const char* name : {"n1", "n2", "n3"}) world.join(name, 4);
  }
  static resmgr::Needs on_each_of(std::uint32_t nodes) {
    resmgr::Needs needs = cpus(2);
    needs.nodes = nodes;
    return needs;
  }
  static SpecBuilder tried_again() {
    SpecBuilder builder = one_step();
    builder.spec.steps.front().retry.max = 1;
    builder.spec.steps.front().retry.on_node_lost = true;
    return builder;
  }
  std::string names(JobNumber job) {
    for (const auto& [name, value] : world.launched(job, "main").env) {
      if (name == "JOBQ_NODES") return value;
    }
    return "none";
  }
  std::uint32_t free_cpus(const std::string& name) {
    for (const NodeView& node : world.core.nodes()) {
      if (node.resources.name == name) return node.resources.free.cpus;
    }
    return 0;
  }
  World world;
};

TEST_F(SeveralNodesTest, AStepRunsOnTheFirstAndKnowsAll) {
  const JobNumber job = world.submit(one_step().needs(on_each_of(3)));
  EXPECT_EQ(names(job), "n1,n2,n3");
  EXPECT_EQ(free_cpus("n3"), 2U);
  const auto detail = world.core.show(job, world.now);
  EXPECT_THAT(detail->summary.nodes, ElementsAre("n1", "n2", "n3"));
  EXPECT_EQ(detail->asks, "2 cpus on each of 3 nodes");
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).decided, Outcome::kSuccess);
  EXPECT_EQ(free_cpus("n3"), 4U);
}

TEST_F(SeveralNodesTest, EachOfThemIsShownToRunIt) {
  const JobNumber job = world.submit(one_step().needs(on_each_of(2)));
  std::vector<std::string> on;
  for (const NodeView& node : world.core.nodes()) {
    for (const NodeView::Running& running : node.running) {
      EXPECT_EQ(running.id.job, job);
      on.push_back(node.resources.name);
    }
  }
  EXPECT_THAT(on, ElementsAre("n1", "n2"));
}

TEST_F(SeveralNodesTest, AStepMayTakeThemForItself) {
  const JobNumber job = world.submit(one_step().step_needs(on_each_of(2)));
  EXPECT_EQ(names(job), "n1,n2");
  EXPECT_EQ(names(world.submit(one_step())), "n1");
}

TEST_F(SeveralNodesTest, MoreThanThereAreIsRefused) {
  world.submit(one_step().needs(on_each_of(4)));
  EXPECT_THAT(world.said(), Contains(HasSubstr("needs 2 cpus on each of 4 nodes; 3 nodes have")));
}

TEST_F(SeveralNodesTest, ARestartedControllerHoldsThemAgain) {
  const JobNumber of_job = world.submit(one_step().needs(on_each_of(3)));
  const JobNumber of_step = world.submit(one_step().step_needs(on_each_of(2)));
  std::vector<Action> out;
  const auto again = world.restored(out);
  for (const NodeView& node : again->nodes()) {
    const std::string& name = node.resources.name;
    EXPECT_EQ(node.resources.free.cpus, free_cpus(name)) << name;
  }
  EXPECT_EQ(again->show(of_job, world.now)->summary.nodes,
            world.core.show(of_job, world.now)->summary.nodes);
  EXPECT_EQ(again->show(of_step, world.now)->summary.nodes,
            world.core.show(of_step, world.now)->summary.nodes);
}

TEST_F(SeveralNodesTest, TheLossOfOneEndsWhatRunsWithItAndItIsTriedOnOthers) {
  const JobNumber job = world.submit(tried_again().needs(on_each_of(2)));
  ASSERT_EQ(names(job), "n1,n2");
  world.lose("n2");
  world.forget_said();
  world.send(NodeGivenUp{world.row(job).others.at(0).node});
  EXPECT_THAT(world.said(), Contains(HasSubstr("kill")));
  TaskEnd end;
  end.how = TaskEnd::How::kSignalled;
  end.signal = 15;
  world.complete(job, "main", end);
  EXPECT_EQ(world.launched(job, "main").id.attempt, Attempt{2});
  EXPECT_EQ(names(job), "n1,n3");
  const auto detail = world.core.show(job, world.now);
  EXPECT_EQ(detail->steps.at(0).attempts.at(0).end.reason,
            "n2, which it had beside n1, stayed away");
}

TEST_F(SeveralNodesTest, WhatCameToAGoodEndIsNotLost) {
  const JobNumber job = world.submit(tried_again().step_needs(on_each_of(2)));
  world.lose("n2");
  world.send(NodeGivenUp{NodeId{2}});
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).decided, Outcome::kSuccess);
}

TEST_F(SeveralNodesTest, TheOrderToEndIsSaidAgainToANodeThatMissedIt) {
  const JobNumber job = world.submit(tried_again().needs(on_each_of(2)));
  world.started(job, "main");
  world.lose("n1");
  world.lose("n2");
  world.send(NodeGivenUp{NodeId{2}});
  world.forget_said();
  world.join("n1", 4);
  EXPECT_THAT(world.said(), Contains(HasSubstr("kill")));
}

TEST_F(SeveralNodesTest, JobAndStepTogetherMustFitOnTheNodesThereAre) {
  resmgr::Needs wide = cpus(3);
  wide.nodes = 3;
  world.submit(one_step().needs(wide).step_needs(on_each_of(2)));
  EXPECT_THAT(world.said(), Contains(HasSubstr("is more than the cluster has")));
  world.join("n4", 4);
  world.join("n5", 4);
  EXPECT_EQ(names(world.submit(one_step().needs(wide).step_needs(on_each_of(2)))), "n4,n5");
}

}  // namespace
}  // namespace jobq::sched
