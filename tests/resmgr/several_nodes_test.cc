// SPDX-License-Identifier: Apache-2.0
// Requests that take several nodes together: all of them at one time or none.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

using ::testing::HasSubstr;

Needs on_each_of(std::uint32_t nodes, Needs needs) {
  needs.nodes = nodes;
  return needs;
}

struct SeveralNodes : World, ::testing::TestWithParam<Backfill> {
  SeveralNodes() {
    manager = ResourceManager(Scheduling{GetParam()});
    for (std::uint32_t id = 1; id <= 3; ++id) join(id, 4);
  }
  std::uint32_t free_on(std::uint32_t id) const { return manager.node(NodeId{id})->free.cpus; }
};

TEST_P(SeveralNodes, AreDifferentOnesAndComeBackTogether) {
  const Grant grant = hold({step(1), on_each_of(3, cpus(3)), seconds(10)});
  EXPECT_EQ(grant.node, NodeId{1});
  EXPECT_EQ(grant.others, (std::vector<NodeShare>{{NodeId{2}, {}}, {NodeId{3}, {}}}));
  for (std::uint32_t id = 1; id <= 3; ++id) EXPECT_EQ(free_on(id), 1U);
  EXPECT_EQ(manager.has_beside(NodeId{2}), std::vector{step(1)});
  EXPECT_TRUE(manager.has_beside(NodeId{1}).empty());
  EXPECT_TRUE(manager.set_end(step(1), now + seconds(5)));
  expect_sound();
  end(step(1));
  for (std::uint32_t id = 1; id <= 3; ++id) EXPECT_EQ(free_on(id), 4U);
}

TEST_P(SeveralNodes, AreTakenWhereTheLeastIsLeftOver) {
  hold({step(1), cpus(2)});
  const Grant grant = hold({step(2), on_each_of(2, cpus(1))});
  EXPECT_EQ(grant.node, NodeId{1});
  EXPECT_EQ(grant.others.at(0).node, NodeId{2});
}

TEST_P(SeveralNodes, GiveEachItsOwnGpus) {
  join(4, Capacity{4, gib(64), 2, {}});
  join(5, Capacity{4, gib(64), 3, {}});
  Needs needs = cpus(1);
  needs.gpus = 1;
  hold({step(1), needs});
  const Grant grant = hold({step(2), on_each_of(2, needs)});
  EXPECT_EQ(grant.gpus, std::vector<std::uint32_t>{1});
  EXPECT_EQ(grant.others.at(0), (NodeShare{NodeId{5}, {0}}));
}

TEST_P(SeveralNodes, NamedThingsAreTakenOnce) {
  make_tokens("t", 3);
  hold({step(1), tokens("t", 2, on_each_of(3, cpus(1)))});
  EXPECT_EQ(manager.named().at(0).free, 1U);
  end(step(1));
  EXPECT_EQ(manager.named().at(0).free, 3U);
}

TEST_P(SeveralNodes, AreHeldAgainAsTheyWere) {
  const Grant grant = hold({step(1), on_each_of(2, cpus(3))});
  manager.release(step(1));
  manager.restore({step(1), 50, on_each_of(2, cpus(3)), std::nullopt, {}, {}}, grant);
  expect_sound();
  EXPECT_EQ(free_on(1) + free_on(2) + free_on(3), 6U);
  end(step(1));
}

TEST_P(SeveralNodes, ThatDoNotExistAreRefusedWithTheNumberThatDoes) {
  join(4, 2);
  const auto said = [&](const Needs& needs) {
    const Result<void> possible = manager.feasible(needs);
    return possible ? std::string("possible") : possible.error().message;
  };
  EXPECT_EQ(said(on_each_of(3, cpus(4))), "possible");
  EXPECT_EQ(said(on_each_of(4, cpus(4))), "needs 4 cpus on each of 4 nodes; 3 nodes have that");
  EXPECT_EQ(said(on_each_of(5, cpus(1))), "needs 1 cpu on each of 5 nodes; 4 nodes have that");
  EXPECT_THAT(said(on_each_of(2, cpus(5))), HasSubstr("the largest node"));
}

TEST_P(SeveralNodes, ThatAreMissingAreNamed) {
  hold({step(1), cpus(3)});
  hold({step(2), cpus(2)});
  ask({step(3), on_each_of(3, cpus(3)), seconds(10)});
  EXPECT_EQ(started(), Names{});
  const std::vector<Blocker> blockers = why(step(3));
  ASSERT_EQ(blockers.size(), 1U);
  EXPECT_EQ(blockers[0].kind, BlockerKind::kResources);
  EXPECT_EQ(blockers[0].text,
            "needs 3 cpus on each of 3 nodes; 1 has room now; n2 has 2 of 4 cpus free; n1 has 1 of "
            "4 cpus free");
  EXPECT_EQ(blockers[0].remedy, "wait for job 2 on n2 to end");
  manager.set_connected(NodeId{3}, false);
  EXPECT_THAT(why(step(3)).at(0).text, HasSubstr("of those that are up 2 could serve it"));
  EXPECT_THAT(why(step(3)).at(1).text, HasSubstr("node n3 could serve it but is not connected"));
}

// Small jobs come for ever; those that would be in the way of the large one wait for it.
TEST_P(SeveralNodes, AreNotStarvedBySmallOnes) {
  for (std::uint64_t job = 1; job <= 3; ++job) hold({step(job), cpus(4), seconds(10)});
  ask({step(10), on_each_of(3, cpus(4)), seconds(10), 60});
  std::uint64_t next = 11;
  for (int turn = 0; turn < 3; ++turn) {
    ask({step(next++), cpus(4), seconds(20)});
    EXPECT_EQ(started(), Names{});
    end(step(static_cast<std::uint64_t>(turn) + 1));
  }
  EXPECT_EQ(started(), Names{"10"});
}

// Until the last of its nodes is free, the others may be used by whoever is over by then.
TEST_P(SeveralNodes, LeaveRoomToThoseThatEndBeforeTheyStart) {
  hold({step(1), cpus(4), seconds(100)});
  ask({step(2), on_each_of(3, cpus(4)), seconds(10), 60});
  ask({step(3), cpus(4), seconds(90)});
  ask({step(4), cpus(4), seconds(110)});
  const bool overtakes = GetParam() != Backfill::kNone;
  EXPECT_EQ(started(), overtakes ? Names{"3"} : Names{});
  EXPECT_EQ(manager.expected_start(step(2), now), now + seconds(100));
  pass_time(seconds(90));
  if (overtakes) end(step(3));
  pass_time(seconds(10));
  end(step(1));
  EXPECT_EQ(started(), Names{"2"});
}

INSTANTIATE_TEST_SUITE_P(Backfill, SeveralNodes,
                         ::testing::Values(Backfill::kNone, Backfill::kEasy,
                                           Backfill::kConservative));

}  // namespace
}  // namespace jobq::resmgr::test
