// SPDX-License-Identifier: Apache-2.0
// Reasons: every one is named, with what would remove it; and needs that can never be met, with the
// nearest miss.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> texts(const std::vector<Blocker>& blockers) {
  std::vector<std::string> all;
  for (const Blocker& blocker : blockers) {
    EXPECT_FALSE(blocker.remedy.empty()) << blocker.text;
    all.push_back(blocker.text);
  }
  return all;
}

TEST(Explain, NamesTheHolderOfAnExclusiveResource) {
  World world;
  world.make_exclusive("db");
  world.hold({step(12), exclusive({"db"})});
  world.ask({step(20), exclusive({"db"})});
  const auto why = world.why(step(20));
  ASSERT_EQ(why.size(), 1U);
  EXPECT_EQ(why[0].kind, BlockerKind::kExclusive);
  EXPECT_EQ(why[0].text, "exclusive db is held by job 12");
  EXPECT_EQ(why[0].remedy, "wait for job 12 to end, or cancel it");
}

TEST(Explain, CountsTokens) {
  World world;
  world.make_tokens("solver", 3);
  world.hold({step(1), tokens("solver", 1)});
  world.hold({step(2), tokens("solver", 1)});
  world.ask({step(3), tokens("solver", 2)});
  const auto why = world.why(step(3));
  EXPECT_EQ(texts(why),
            Names{"needs 2 of solver; 1 of 3 are free, the others are held by jobs 1, 2"});
  EXPECT_EQ(why[0].kind, BlockerKind::kTokens);
}

TEST(Explain, NamesTheNodeThatComesNearest) {
  World world(8);
  world.join(2, 4);
  world.hold({step(1), cpus(6)});
  world.hold({step(2), cpus(3)});
  world.ask({step(3), cpus(4)});
  const auto why = world.why(step(3));
  EXPECT_EQ(texts(why), Names{"needs 4 cpus; n1 has 2 of 8 cpus free; n2 has 1 of 4 cpus free"});
  EXPECT_EQ(why[0].kind, BlockerKind::kResources);
  EXPECT_EQ(why[0].remedy, "wait for job 1 on n1 to end");
}

TEST(Explain, CountsFurtherNodesInsteadOfNamingThem) {
  World world;
  for (std::uint32_t n = 1; n <= 10; ++n) world.join(n, 4);
  for (std::uint64_t job = 1; job <= 10; ++job) world.hold({step(job), cpus(3)});
  world.ask({step(20), cpus(2)});
  EXPECT_THAT(world.why(step(20)).at(0).text, HasSubstr("; 7 more nodes have less"));
}

TEST(Explain, NamesAllReasonsTogether) {
  World world(4);
  world.make_exclusive("db");
  world.make_tokens("solver", 1);
  Needs all = tokens("solver", 1, exclusive({"db"}, cpus(3)));
  all.memory = gib(60);
  world.hold({step(1), all});
  world.ask({step(2), all});
  EXPECT_EQ(texts(world.why(step(2))),
            (Names{"exclusive db is held by job 1",
                   "needs 1 of solver; 0 of 1 are free, the others are held by job 1",
                   "needs 3 cpus, 60G memory; n1 has 1 of 4 cpus free, 4G of 64G memory free"}));
}

TEST(Explain, NamesNodesThatAreNotUp) {
  World world(8);
  world.join(2, 8);
  world.join(3, 2);
  world.manager.set_connected(NodeId{1}, false);
  world.hold({step(1), cpus(1)});  // n3
  world.manager.set_draining(NodeId{2}, true);
  world.ask({step(2), cpus(4)});
  const auto why = world.why(step(2));
  EXPECT_EQ(texts(why), (Names{"node n1 could serve it but is not connected",
                               "node n2 could serve it but is drained"}));
  EXPECT_EQ(why[0].kind, BlockerKind::kNodeState);
  EXPECT_EQ(why[1].remedy, "take it back: jq node resume n2");
}

TEST(Explain, ANodeThatIsClearingGivesNothingAndIsUpAllTheSame) {
  World world(8);
  world.manager.set_clearing(NodeId{1}, true);
  world.expect_sound();
  world.ask({step(1), cpus(4)});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.node(NodeId{1})->state, NodeState::kUp);
  EXPECT_THAT(texts(world.why(step(1))), ElementsAre(HasSubstr("n1 came back with steps")));
  world.manager.set_clearing(NodeId{1}, false);
  EXPECT_EQ(world.started(), Names{"1"});
}

TEST(Explain, AForgottenNodeDoesNotCountThoughSomethingIsHeldThere) {
  World world(8);
  world.hold({step(1), cpus(4)});
  EXPECT_FALSE(world.manager.feasible(cpus(9)));
  world.manager.set_connected(NodeId{1}, false);
  world.manager.forget_node(NodeId{1});
  world.expect_sound();
  EXPECT_TRUE(world.manager.feasible(cpus(9)));
  EXPECT_TRUE(world.manager.is_held(step(1)));
  EXPECT_TRUE(world.manager.nodes().empty());
  world.ask({step(2), cpus(4)});
  EXPECT_EQ(texts(world.why(step(2))), Names{"there is no node"});
  world.end(step(1));
  world.join(1, 8);
  EXPECT_EQ(world.started(), Names{"2"});
  EXPECT_FALSE(world.manager.feasible(cpus(9)));
}

TEST(Explain, SaysThatNoNodeHasJoined) {
  World world;
  world.ask({step(1), cpus(1)});
  EXPECT_EQ(texts(world.why(step(1))), Names{"there is no node"});
}

TEST(Explain, SaysThatNoNodeIsLargeEnoughAnyMore) {
  World world(8);
  world.ask({step(1), cpus(8)});
  world.manager.set_node(NodeId{1}, "n1", Capacity{4, gib(64), 0, {}});
  EXPECT_EQ(texts(world.why(step(1))), Names{"needs 8 cpus; the largest node, n1, has 4"});
}

TEST(Explain, SaysThatANamedResourceIsGone) {
  World world;
  world.ask({step(1), tokens("solver", 2, exclusive({"db"}))});
  EXPECT_EQ(texts(world.why(step(1))),
            (Names{"there is no exclusive resource db", "needs 2 of solver; there are 0"}));
}

TEST(Explain, NamesTheJobAboveThatKeepsWhatIsFree) {
  World world(4);
  world.make_exclusive("db");
  world.hold({step(1), exclusive({"db"})});
  world.ask({step(10), exclusive({"db"}, cpus(4))});
  world.ask({step(11), cpus(3)});
  world.ask({step(12), cpus(1)});
  EXPECT_EQ(world.started(), Names{});
  const auto why = world.why(step(12));
  ASSERT_EQ(why.size(), 1U);
  EXPECT_EQ(why[0].kind, BlockerKind::kPriority);
  EXPECT_EQ(why[0].text, "it has room now, but job 10 goes first and needs it");
  EXPECT_THAT(why[0].remedy, HasSubstr("a time limit may let it start in between"));
}

TEST(Explain, IsEmptyForWhatDoesNotWaitOrStartsNext) {
  World world(4);
  EXPECT_TRUE(world.why(step(1)).empty());
  world.ask({step(1), cpus(1)});
  EXPECT_TRUE(world.why(step(1)).empty());
  EXPECT_EQ(world.manager.expected_start(step(1), world.now), world.now);
}

TEST(Explain, NamesAJobAboveThatTakesTheLastRoom) {
  World world(4);
  world.ask({step(1), cpus(4)});
  world.ask({step(2), cpus(4)});
  EXPECT_EQ(texts(world.why(step(2))), Names{"it has room now, but job 1 goes first and needs it"});
}

// --- feasible

std::string refusal(const World& world, const Needs& needs) {
  const Result<void> done = world.manager.feasible(needs);
  if (done) return "";
  EXPECT_EQ(done.error().code, ErrorCode::kRefused);
  return done.error().message;
}

TEST(Feasible, PassesWhereNoNodeWasEverKnown) {
  World world;
  EXPECT_EQ(refusal(world, cpus(64)), "");
}

TEST(Feasible, NamesTheLargestNode) {
  World world(2);
  world.join(2, 8);
  EXPECT_EQ(refusal(world, cpus(64)), "needs 64 cpus; the largest node, n2, has 8");
  EXPECT_EQ(refusal(world, cpus(8)), "");
}

TEST(Feasible, CountsNodesThatAreLostDrainingOrBusy) {
  World world(8);
  world.hold({step(1), cpus(8)});
  world.manager.set_connected(NodeId{1}, false);
  world.manager.set_draining(NodeId{1}, true);
  EXPECT_EQ(refusal(world, cpus(8)), "");
}

TEST(Feasible, NamesEveryLineThatNoNodeMeets) {
  World world(8);
  Needs needs = cpus(9);
  needs.gpus = 1;
  needs.memory = gib(64);
  needs.counts = {{"scratch", 2}};
  EXPECT_EQ(refusal(world, needs),
            "needs 9 cpus; the largest node, n1, has 8; needs 1 gpu; the largest node, n1, has 0; "
            "needs 2 scratch; the largest node, n1, has 0");
}

TEST(Feasible, NamesTheNearestNodeWhereOnlyTheWholeIsTooMuch) {
  World world;
  world.join(1, Capacity{16, gib(8), 0, {}});
  world.join(2, Capacity{4, gib(64), 0, {}});
  Needs needs = cpus(8);
  needs.memory = gib(32);
  EXPECT_EQ(refusal(world, needs),
            "needs 8 cpus, 32G memory on one node; the nearest, n1, has 8G of the 32G memory");
}

TEST(Feasible, NamesTheNearestName) {
  World world;
  world.make_exclusive("plan-db");
  world.make_tokens("solver", 3);
  EXPECT_EQ(refusal(world, exclusive({"plan-bd"})),
            "needs exclusive plan-bd; there is no such resource; did you mean 'plan-db'?");
  EXPECT_EQ(refusal(world, exclusive({"x"})), "needs exclusive x; there is no such resource");
  EXPECT_EQ(refusal(world, tokens("solvers", 1)),
            "needs 1 of solvers; there are no such tokens; did you mean 'solver'?");
}

TEST(Feasible, NeverMixesTokensAndExclusiveResources) {
  World world;
  world.make_exclusive("db");
  world.make_tokens("solver", 3);
  EXPECT_EQ(refusal(world, exclusive({"solver"})),
            "needs exclusive solver; solver is a count of tokens, not an exclusive resource");
  EXPECT_EQ(refusal(world, tokens("db", 1)),
            "needs 1 of db; db is an exclusive resource, not a count of tokens");
}

TEST(Feasible, CountsAllTokens) {
  World world;
  world.make_tokens("solver", 3);
  world.hold({step(1), tokens("solver", 3)});
  EXPECT_EQ(refusal(world, tokens("solver", 3)), "");
  EXPECT_EQ(refusal(world, tokens("solver", 4)), "needs 4 of solver; there are 3");
  EXPECT_EQ(refusal(world, tokens("solver", 2, tokens("solver", 2))),
            "needs 4 of solver; there are 3");
}

}  // namespace
}  // namespace jobq::resmgr::test
