// SPDX-License-Identifier: Apache-2.0
// Steps that need a service: bound to a node that offers it when they are dispatched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

resmgr::Needs planner() {
  resmgr::Needs needs;
  needs.service = "planner";
  resmgr::normalise(needs);
  return needs;
}

class ServicesTest : public ::testing::Test {
 public:
  void SetUp() override {
    n1 = world.join("n1", 2);
    n2 = world.join("n2", 2);
    world.forget_said();
  }
  void offer(NodeId node, std::vector<std::string> types) {
    world.send(NodeServices{node, std::move(types)});
  }
  JobNumber submit() { return world.submit(one_step().step_needs(planner())); }
  World world;
  NodeId n1;
  NodeId n2;
};

TEST_F(ServicesTest, AStepRunsWhereItsServiceIsOffered) {
  offer(n2, {"planner"});
  submit();
  EXPECT_THAT(world.said(), ElementsAre("submitted 1", "launch 1.main on n2"));
}

TEST_F(ServicesTest, AStepWaitsUntilItsServiceIsOffered) {
  const JobNumber job = submit();
  EXPECT_THAT(world.said(), ElementsAre("submitted 1"));
  const Why why = *world.core.why({job, std::nullopt}, world.now);
  ASSERT_EQ(why.blockers.size(), 1U);
  EXPECT_EQ(why.blockers[0].kind, "service");
  EXPECT_EQ(why.blockers[0].step, "main");
  EXPECT_EQ(why.blockers[0].text, "no node offers the service planner now");
  offer(n1, {"solver"});
  EXPECT_THAT(world.said(), IsEmpty());
  offer(n1, {"planner", "solver"});
  EXPECT_THAT(world.said(), ElementsAre("launch 1.main on n1"));
}

TEST_F(ServicesTest, AServiceThatEndsBeforeTheDispatchSendsItElsewhere) {
  offer(n1, {"planner"});
  world.submit(one_step().needs(cpus(2)));
  world.submit(one_step().needs(cpus(2)));
  submit();
  world.forget_said();
  offer(n1, {});
  offer(n2, {"planner"});
  world.complete(JobNumber{1}, "main");
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JD", "forget 1.main"));
  world.complete(JobNumber{2}, "main");
  EXPECT_THAT(world.said(), ElementsAre("ended 2 JD", "forget 2.main", "launch 3.main on n2"));
}

TEST_F(ServicesTest, WhenItsNodeFailsItIsTriedOnAnotherThatOffersIt) {
  const NodeId n3 = world.join("n3", 2);
  offer(n1, {"planner"});
  offer(n3, {"planner"});
  SpecBuilder spec = one_step().step_needs(planner());
  spec.spec.steps.front().retry.max = 1;
  spec.spec.steps.front().retry.elsewhere = true;
  const JobNumber job = world.submit(spec);
  world.forget_said();
  TaskEnd lost;
  lost.how = TaskEnd::How::kLost;
  world.complete(job, "main", lost);
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main", "launch 1.main#2 on n3"));
}

TEST_F(ServicesTest, TheOnlyNodeThatOffersItIsNotAvoided) {
  offer(n1, {"planner"});
  SpecBuilder spec = one_step().step_needs(planner());
  spec.spec.steps.front().retry.max = 1;
  spec.spec.steps.front().retry.elsewhere = true;
  const JobNumber job = world.submit(spec);
  world.forget_said();
  world.complete(job, "main", 1);
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main", "launch 1.main#2 on n1"));
}

TEST_F(ServicesTest, ALostNodeOffersNothingUntilItSaysSoAgain) {
  offer(n1, {"planner"});
  world.lose("n1");
  submit();
  world.join("n1", 2);
  EXPECT_THAT(world.said(), ElementsAre("submitted 1", "welcome n1"));
  EXPECT_THAT(world.core.nodes().at(0).resources.services, IsEmpty());
  offer(n1, {"planner"});
  EXPECT_THAT(world.said(), ElementsAre("launch 1.main on n1"));
  offer(NodeId{9}, {"planner"});  // of no node
}

TEST_F(ServicesTest, AJobThatNeedsOneHasItsNodeThere) {
  offer(n2, {"planner"});
  resmgr::Needs needs = planner();
  needs.cpus = 2;
  world.submit(one_step().needs(needs));
  EXPECT_THAT(world.said(), ElementsAre("submitted 1", "launch 1.main on n2"));
}

TEST_F(ServicesTest, AStepInAJobWithANodeTakesItsOwnWhereTheServiceIs) {
  offer(n2, {"planner"});
  SpecBuilder spec = one_step().needs(cpus(1)).step("plan").after("main").step_needs(planner());
  const JobNumber job = world.submit(spec);
  world.complete(job, "main");
  EXPECT_THAT(world.said(), ElementsAre("submitted 1", "launch 1.main on n1", "forget 1.main",
                                        "launch 1.plan on n2"));
}

TEST_F(ServicesTest, ANameThatIsNoneIsRefused) {
  resmgr::Needs needs = planner();
  needs.service = "no/name";
  world.submit(one_step().step_needs(needs));
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("needs.service")));
}

}  // namespace
}  // namespace jobq::sched
