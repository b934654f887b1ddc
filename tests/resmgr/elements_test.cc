// SPDX-License-Identifier: Apache-2.0
// Elements: groups of nodes that may overlap, and what is said where they cannot serve.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

Needs of(const std::string& element, Needs needs) {
  needs.element = element;
  return needs;
}

struct Elements : World, ::testing::TestWithParam<Backfill> {
  Elements() {
    manager = ResourceManager(Scheduling{GetParam()});
    manager.set_elements({"batch", "gpu", "test"});
    join_of(1, 8, {"batch"});
    join_of(2, 4, {"test", "batch"});
    join_of(3, 2, {"test"});
  }
  void join_of(std::uint32_t id, std::uint32_t n, std::vector<std::string> elements) {
    manager.set_node(NodeId{id}, "n" + std::to_string(id), Capacity{n, gib(64), 0, {}},
                     std::move(elements));
    manager.set_connected(NodeId{id}, true);
  }
};

TEST_P(Elements, GiveTheirOwnNodesAlone) {
  EXPECT_EQ(hold({step(1), of("batch", cpus(1))}).node, NodeId{2});
  EXPECT_EQ(hold({step(2), of("test", cpus(1))}).node, NodeId{3});
  EXPECT_EQ(hold({step(3), of("batch", cpus(4))}).node, NodeId{1});
  EXPECT_EQ(hold({step(4), cpus(1)}).node, NodeId{3});
  ask({step(5), of("test", cpus(4))});
  EXPECT_EQ(started(), Names{});
  end(step(1));
  EXPECT_EQ(started(), Names{"5"});
}

TEST_P(Elements, MoveWithTheirNodes) {
  ask({step(1), of("gpu", cpus(4))});
  EXPECT_EQ(started(), Names{});
  join_of(2, 4, {"gpu"});
  EXPECT_EQ(started(), Names{"1"});
  ask({step(2), of("batch", cpus(1)), seconds(10)});
  ask({step(3), of("batch", cpus(8))});
  EXPECT_EQ(started(), Names{"2"});
}

TEST_P(Elements, AreNamedInReasons) {
  hold({step(1), of("batch", cpus(6))});
  hold({step(2), of("batch", cpus(4))});
  ask({step(3), of("batch", cpus(3))});
  ask({step(4), of("gpu", cpus(1))});
  ask({step(5), of("test", cpus(2))});
  manager.set_connected(NodeId{2}, false);
  manager.set_connected(NodeId{3}, false);
  started();
  EXPECT_EQ(why(step(3))[0].text, "needs 3 cpus of element batch; n1 has 2 of 8 cpus free");
  ASSERT_EQ(why(step(4)).size(), 1U);
  EXPECT_EQ(why(step(4))[0].kind, BlockerKind::kElement);
  EXPECT_EQ(why(step(4))[0].text, "element gpu has no node yet");
  ASSERT_EQ(why(step(5)).size(), 3U);
  EXPECT_EQ(why(step(5))[0].kind, BlockerKind::kElement);
  EXPECT_EQ(why(step(5))[0].text, "no node of element test is up");
  EXPECT_EQ(why(step(5))[1].text, "node n2 could serve it but is not connected");
}

TEST_P(Elements, AreMissedWhereTheConfigurationHasThemNoMore) {
  ask({step(1), of("old", cpus(1))});
  EXPECT_EQ(started(), Names{});
  ASSERT_EQ(why(step(1)).size(), 1U);
  EXPECT_EQ(why(step(1))[0].kind, BlockerKind::kElement);
  EXPECT_EQ(why(step(1))[0].text, "the configuration has no element old any more");
  EXPECT_EQ(why(step(1))[0].remedy,
            "put element old back into the configuration, or cancel this job");
}

TEST_P(Elements, DecideWhatIsFeasible) {
  const auto said = [&](const Needs& needs) {
    const Result<void> met = manager.feasible(needs);
    return met ? std::string() : met.error().message;
  };
  EXPECT_EQ(said(of("batch", cpus(8))), "");
  EXPECT_EQ(said(of("gpu", cpus(64))), "");
  EXPECT_EQ(said(of("test", cpus(8))), "needs 8 cpus; the largest node of element test, n2, has 4");
  EXPECT_EQ(said(of("bach", cpus(1))),
            "needs element bach; there is no such element; did you mean 'batch'?");
  EXPECT_EQ(said(of("bach", {})), said(of("bach", cpus(1)))) << "also where nothing is taken";
  Needs both = of("test", cpus(4));
  both.memory = gib(65);
  EXPECT_EQ(said(both), "needs 65G memory; the largest node of element test, n2, has 64G");
}

INSTANTIATE_TEST_SUITE_P(Policies, Elements,
                         ::testing::Values(Backfill::kNone, Backfill::kEasy,
                                           Backfill::kConservative),
                         [](const auto& of) { return std::string(to_string(of.param)); });

TEST(ElementNeeds, AreWrittenBehindWhatIsTakenFromNodes) {
  EXPECT_EQ(to_string(exclusive({"db"}, of("batch", cpus(4)))),
            "4 cpus of element batch, exclusive db");
}

TEST(ElementNeeds, AreNothingWhereNothingIsTakenFromNodes) {
  Needs needs = exclusive({"db"}, of("batch", {}));
  normalise(needs);
  EXPECT_EQ(needs, exclusive({"db"}));
  EXPECT_TRUE(of("batch", {}).empty());
}

}  // namespace
}  // namespace jobq::resmgr::test
