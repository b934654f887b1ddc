// SPDX-License-Identifier: Apache-2.0
// Features of nodes: who asks for them starts only where they are.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

Needs with(std::vector<std::string> features, Needs needs) {
  needs.features = std::move(features);
  return needs;
}

struct Features : World, ::testing::TestWithParam<Backfill> {
  Features() {
    manager = ResourceManager(Scheduling{GetParam()});
    join(1, Capacity{4, gib(8), 0, {}, {"avx", "ssd"}});
    join(2, Capacity{8, gib(8), 0, {}, {"big"}});
  }
  std::string said(const Needs& needs) const {
    const Result<void> possible = manager.feasible(needs);
    return possible ? "possible" : possible.error().message;
  }
};

TEST_P(Features, AreAllOnTheNode) {
  EXPECT_EQ(hold({step(1), with({"ssd", "avx"}, cpus(1))}).node, NodeId{1});
  EXPECT_EQ(hold({step(2), with({"big"}, cpus(1))}).node, NodeId{2});
  EXPECT_EQ(hold({step(3), with({"ssd"}, {})}).node, NodeId{1});
}

// With an end that is known the node with the features is kept for who needs them, not another one.
TEST_P(Features, AreKeptInReachWhereTheyAre) {
  hold({step(1), with({"ssd"}, cpus(4)), seconds(100)});
  hold({step(2), with({"big"}, cpus(8)), seconds(50)});
  ask({step(3), with({"ssd"}, cpus(4)), seconds(10), 60});
  ask({step(4), cpus(4), seconds(1000)});
  EXPECT_EQ(started(), Names{});
  pass_time(seconds(50));
  end(step(2));
  EXPECT_EQ(started(), GetParam() == Backfill::kNone ? Names{} : Names{"4"});
  pass_time(seconds(50));
  end(step(1));
  EXPECT_EQ(started().front(), "3");
}

TEST_P(Features, ThatNoNodeHasAreRefused) {
  EXPECT_EQ(said(with({"ssd"}, cpus(4))), "possible");
  EXPECT_EQ(said(with({"sdd"}, cpus(1))),
            "needs feature sdd; no node has sdd; did you mean 'ssd'?");
  EXPECT_EQ(said(with({"avx", "big"}, cpus(1))),
            "needs features avx and big; the nearest node, n1, lacks big");
  EXPECT_EQ(said(with({"ssd"}, cpus(5))),
            "needs 5 cpus; the largest node with feature ssd, n1, has 4");
}

TEST_P(Features, ThatWereTakenFromTheConfigurationAreNamed) {
  hold({step(1), with({"ssd"}, cpus(4))});
  ask({step(2), with({"ssd"}, cpus(1))});
  join(1, Capacity{4, gib(8), 0, {}, {"avx"}});
  EXPECT_EQ(started(), Names{});
  EXPECT_EQ(why(step(2)).at(0).text, "needs feature ssd; no node has ssd");
}

INSTANTIATE_TEST_SUITE_P(Backfill, Features,
                         ::testing::Values(Backfill::kNone, Backfill::kEasy,
                                           Backfill::kConservative));

}  // namespace
}  // namespace jobq::resmgr::test
