// SPDX-License-Identifier: Apache-2.0
// Services that nodes offer: only where one is offered starts what needs it.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

Needs with(const std::string& service, Needs needs) {
  needs.service = service;
  return needs;
}

struct Services : World, ::testing::TestWithParam<Backfill> {
  Services() {
    manager = ResourceManager(Scheduling{GetParam()});
    join(1, 4);
    join(2, 4);
  }
  void offer(std::uint32_t id, std::vector<std::string> types) {
    manager.set_services(NodeId{id}, std::move(types));
  }
};

TEST_P(Services, AreServedWhereTheyAreOffered) {
  offer(2, {"planner", "solver", "planner"});
  EXPECT_EQ(hold({step(1), with("planner", cpus(1))}).node, NodeId{2});
  EXPECT_EQ(hold({step(2), with("solver", cpus(3))}).node, NodeId{2});
  ask({step(3), with("planner", cpus(1)), seconds(10)});
  EXPECT_EQ(started(), Names{});
  EXPECT_EQ(why(step(3)).at(0).text, "needs 1 cpu; n2 has 0 of 4 cpus free");
  end(step(2));
  EXPECT_EQ(started(), Names{"3"});
  EXPECT_EQ(manager.node(NodeId{2})->services, (Names{"planner", "solver"}));
}

TEST_P(Services, AreWaitedForByName) {
  ask({step(1), with("planner", cpus(1))});
  EXPECT_EQ(started(), Names{});
  ASSERT_EQ(why(step(1)).size(), 1U);
  EXPECT_EQ(why(step(1))[0].kind, BlockerKind::kService);
  EXPECT_EQ(why(step(1))[0].text, "no node offers the service planner now");
  EXPECT_EQ(why(step(1))[0].remedy, "offer it on a node: jq node offer --type planner");
  offer(1, {"planner"});
  EXPECT_EQ(started(), Names{"1"});
}

TEST_P(Services, OfNodesThatAreTooSmallAreNamedAsThat) {
  offer(1, {"planner"});
  join(3, 8);
  ask({step(1), with("planner", cpus(8))});
  EXPECT_EQ(started(), Names{});
  ASSERT_EQ(why(step(1)).size(), 1U);
  EXPECT_EQ(why(step(1))[0].text, "no node that is large enough offers the service planner now");
  offer(3, {"planner"});
  EXPECT_EQ(started(), Names{"1"});
}

TEST_P(Services, ThatMoveTakeWhatWaitsWithThem) {
  offer(1, {"planner"});
  hold({step(1), cpus(4)});
  hold({step(2), cpus(3)});
  ask({step(3), with("planner", cpus(2))});
  EXPECT_EQ(started(), Names{});
  offer(1, {});
  offer(2, {"planner"});
  EXPECT_EQ(started(), Names{});
  end(step(1));  // its place is not kept there any more
  ask({step(4), cpus(4)});
  const bool in_order = GetParam() == Backfill::kNone;
  EXPECT_EQ(started(), in_order ? Names{} : Names{"4"});
  end(step(2));
  EXPECT_EQ(started(), in_order ? (Names{"3", "4"}) : Names{"3"});
}

// What is refused to a request that only some nodes may serve is not refused to all.
TEST_P(Services, AnotherRequestThatAvoidsANodeIsNotInTheWay) {
  hold({step(1), cpus(3)});
  ASSERT_TRUE(manager.enqueue({step(2), 50, cpus(2), {}, {}, {}, NodeId{2}}));
  ask({step(3), cpus(4)});
  const bool in_order = GetParam() == Backfill::kNone;
  EXPECT_EQ(started(), in_order ? Names{} : Names{"3"});
  end(step(1));
  EXPECT_EQ(started(), in_order ? (Names{"2", "3"}) : Names{"2"});
}

TEST_P(Services, ThatEndLeaveWhatRunsAlone) {
  offer(1, {"planner"});
  hold({step(1), with("planner", cpus(2))});
  offer(1, {});
  expect_sound();
  EXPECT_TRUE(manager.is_held(step(1)));
  ask({step(2), with("planner", cpus(1))});
  EXPECT_EQ(started(), Names{});
}

TEST_P(Services, AreNeverRefusedButTheSizeOfTheNeedIs) {
  EXPECT_TRUE(manager.feasible(with("planner", cpus(4))));
  EXPECT_FALSE(manager.feasible(with("planner", cpus(5))));
  EXPECT_FALSE(manager.could_serve(NodeId{1}, with("planner", cpus(4))));
  offer(1, {"planner"});
  EXPECT_TRUE(manager.could_serve(NodeId{1}, with("planner", cpus(4))));
}

// It may be offered on the other node at any time.
TEST_P(Services, ThatAreOfferedWhereTheJobItselfIsInTheWayCloseNoCircle) {
  offer(1, {"planner"});
  hold({{JobNumber{1}, 0}, with("planner", cpus(4))});
  ask({step(1), with("planner", cpus(4))});
  EXPECT_EQ(started(), Names{});
  offer(2, {"planner"});
  EXPECT_EQ(started(), Names{"1"});
}

INSTANTIATE_TEST_SUITE_P(Backfill, Services,
                         ::testing::Values(Backfill::kNone, Backfill::kEasy,
                                           Backfill::kConservative));

TEST(ServiceNeeds, AloneTakeAProcessor) {
  Needs needs = with("planner", {});
  normalise(needs);
  EXPECT_EQ(needs.cpus, 1U);
  EXPECT_EQ(to_string(needs), "1 cpu, service planner");
  Needs memory = with("planner", {});
  memory.memory = gib(1);
  normalise(memory);
  EXPECT_EQ(memory.cpus, 0U);
}

}  // namespace
}  // namespace jobq::resmgr::test
