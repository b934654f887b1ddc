// SPDX-License-Identifier: Apache-2.0
// Grants: what each kind of resource gives, whole or not at all, in queue order, and takes back.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Grant, CpusAndMemoryAreTakenFromANode) {
  World world(8);
  Needs needs = cpus(4);
  needs.memory = gib(16);
  EXPECT_EQ(world.hold({step(1), needs}).node, NodeId{1});
  const NodeView view = *world.manager.node(NodeId{1});
  EXPECT_EQ(view.free.cpus, 4U);
  EXPECT_EQ(view.free.memory, gib(48));
  EXPECT_EQ(view.total.cpus, 8U);
}

TEST(Grant, ANodeCanBeLeftOutOrComeLast) {
  for (const Backfill backfill : {Backfill::kNone, Backfill::kEasy, Backfill::kConservative}) {
    World world;
    world.manager = ResourceManager(Scheduling{backfill});
    world.join(1, 2);
    world.join(2, 4);
    const auto node_of = [&](std::uint64_t job, NodeId avoid, NodeId rather_not) {
      Request request;
      request.id = step(job);
      request.needs = cpus(2);
      request.avoid = avoid;
      request.rather_not = rather_not;
      EXPECT_TRUE(world.manager.enqueue(request));
      const std::vector<Grant> grants = world.manager.schedule(world.now);
      world.expect_sound();
      return grants.empty() ? NodeId{} : grants.front().node;
    };
    EXPECT_EQ(node_of(1, {}, NodeId{1}), NodeId{2});
    EXPECT_EQ(node_of(2, NodeId{1}, {}), NodeId{2});
    EXPECT_EQ(node_of(3, {}, NodeId{2}), NodeId{1});
    world.end(step(1));
    EXPECT_EQ(node_of(4, NodeId{2}, {}), NodeId{});
    EXPECT_EQ(world.why(step(4)).at(0).text, "needs 2 cpus; n1 has 0 of 2 cpus free");
    EXPECT_TRUE(world.manager.withdraw(step(4)));
    EXPECT_EQ(node_of(5, {}, NodeId{2}), NodeId{2});
    world.manager.set_connected(NodeId{1}, false);
    world.end(step(5));
  }
}

TEST(Grant, ACpuIsNotGivenTwice) {
  World world(4);
  world.ask({step(1), cpus(3)});
  world.ask({step(2), cpus(2)});
  EXPECT_EQ(world.started(), Names{"1"});
  EXPECT_EQ(world.started(), Names{});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"2"});
}

TEST(Grant, GpusAreGivenByIndexAndTheLowestFirst) {
  World world;
  world.join(1, Capacity{8, gib(8), 4, {}});
  Needs two = cpus(1);
  two.gpus = 2;
  EXPECT_THAT(world.hold({step(1), two}).gpus, ElementsAre(0, 1));
  EXPECT_THAT(world.hold({step(2), two}).gpus, ElementsAre(2, 3));
  world.end(step(1));
  Needs one = cpus(1);
  one.gpus = 1;
  EXPECT_THAT(world.hold({step(3), one}).gpus, ElementsAre(0));
}

TEST(Grant, SiteDefinedCountsAreCounted) {
  World world;
  world.join(1, Capacity{8, gib(8), 0, {{"scratch", 10}}});
  Needs six;
  six.counts = {{"scratch", 6}};
  world.hold({step(1), six});
  world.ask({step(2), six});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.node(NodeId{1})->free.counts, (std::vector<Count>{{"scratch", 4}}));
}

TEST(Grant, AnExclusiveResourceHasOneHolder) {
  World world;
  world.make_exclusive("db");
  const Grant grant = world.hold({step(1), exclusive({"db"})});
  EXPECT_EQ(grant.node, NodeId{});
  world.ask({step(2), exclusive({"db"})});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.named().at(0).holders.at(0).job, JobNumber{1});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"2"});
}

TEST(Grant, TokensAreTakenAndGivenBack) {
  World world;
  world.make_tokens("solver", 3);
  world.hold({step(1), tokens("solver", 2)});
  world.ask({step(2), tokens("solver", 2)});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.named().at(0).free, 1U);
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"2"});
}

TEST(Grant, IsWholeOrNothing) {
  World world(4);
  world.make_exclusive("db");
  world.hold({step(1), exclusive({"db"})});
  world.ask({step(2), exclusive({"db"}, cpus(4))});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.node(NodeId{1})->free.cpus, 4U);
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"2"});
}

TEST(Grant, NeedsAreMetByOneNodeNotBySeveral) {
  World world(2);
  world.join(2, 2);
  world.ask({step(1), cpus(3)});
  EXPECT_EQ(world.started(), Names{});
}

TEST(Grant, TheQueueOrderIsPriorityThenJobThenPart) {
  World world(1);
  world.ask({part(3, 2), cpus(1)});
  world.ask({part(3, 1), cpus(1)});
  world.ask({step(2), cpus(1)});
  world.ask({step(9), cpus(1), {}, 60});
  Names order;
  for (int i = 0; i < 4; ++i) {
    for (const Grant& grant : world.manager.schedule(world.now)) {
      order.push_back(World::name_of(grant.id));
      world.end(grant.id);
    }
  }
  EXPECT_EQ(order, (Names{"9", "2", "3", "3.2"}));
}

TEST(Grant, GoesToTheNodeWithTheLeastLeftOverThenTheLowestId) {
  World world(8);
  world.join(2, 4);
  world.join(3, 4);
  EXPECT_EQ(world.hold({step(1), cpus(2)}).node, NodeId{2});
  EXPECT_EQ(world.hold({step(2), cpus(2)}).node, NodeId{2});
  EXPECT_EQ(world.hold({step(3), cpus(5)}).node, NodeId{1});
}

TEST(Grant, WorkWithoutGpusStaysOffNodesThatHaveThem) {
  World world;
  world.join(1, Capacity{2, gib(8), 2, {}});
  world.join(2, Capacity{64, gib(8), 0, {}});
  EXPECT_EQ(world.hold({step(1), cpus(1)}).node, NodeId{2});
}

TEST(Grant, AWithdrawnRequestNeverStarts) {
  World world(1);
  world.ask({step(1), cpus(1)});
  EXPECT_TRUE(world.manager.withdraw(step(1)));
  EXPECT_FALSE(world.manager.withdraw(step(1)));
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.waiting_count(), 0U);
}

TEST(Grant, IsGivenBackOnce) {
  World world(1);
  world.hold({step(1), cpus(1)});
  EXPECT_TRUE(world.manager.is_held(step(1)));
  EXPECT_TRUE(world.manager.release(step(1)));
  EXPECT_FALSE(world.manager.release(step(1)));
  EXPECT_FALSE(world.manager.is_held(step(1)));
}

TEST(Grant, ADrainingNodeKeepsWhatItRunsAndTakesNothingNew) {
  World world(4);
  world.hold({step(1), cpus(1)});
  world.manager.set_draining(NodeId{1}, true);
  world.ask({step(2), cpus(1)});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.node(NodeId{1})->state, NodeState::kDraining);
  EXPECT_EQ(world.manager.node(NodeId{1})->free.cpus, 3U);
  world.end(step(1));
  EXPECT_EQ(world.manager.node(NodeId{1})->state, NodeState::kDrained);
  world.manager.set_draining(NodeId{1}, false);
  EXPECT_EQ(world.started(), Names{"2"});
}

TEST(Grant, ALostNodeKeepsWhatItRunsAndTakesNothingNew) {
  World world(4);
  world.hold({step(1), cpus(3)});
  world.manager.set_connected(NodeId{1}, false);
  world.ask({step(2), cpus(2)});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.node(NodeId{1})->state, NodeState::kLost);
  world.manager.set_connected(NodeId{1}, true);
  EXPECT_EQ(world.started(), Names{});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"2"});
}

TEST(Grant, StaysAboveACapacityThatShrank) {
  World world;
  world.join(1, Capacity{4, gib(8), 4, {{"scratch", 4}}});
  Needs all = cpus(4);
  all.gpus = 4;
  all.counts = {{"scratch", 4}};
  world.hold({step(1), all});
  world.manager.set_node(NodeId{1}, "n1", Capacity{2, gib(8), 1, {}});
  world.expect_sound();
  EXPECT_EQ(world.manager.node(NodeId{1})->free.cpus, 0U);
  world.ask({step(2), cpus(1)});
  EXPECT_EQ(world.started(), Names{});
  world.end(step(1));
  EXPECT_EQ(world.started(), Names{"2"});
}

TEST(Grant, TakesWhatIsFreeOnANodeThatShrankInSomethingElse) {
  World world;
  world.join(1, Capacity{4, gib(8), 4, {}});
  world.join(2, Capacity{4, gib(8), 4, {}});
  Needs gpus = cpus(1);
  gpus.gpus = 4;
  world.hold({step(1), gpus});
  world.hold({step(2), gpus});
  for (const std::uint32_t id : {1U, 2U}) {
    world.manager.set_node(NodeId{id}, "n" + std::to_string(id), Capacity{4, gib(8), 0, {}});
  }
  Needs both = cpus(2);
  both.nodes = 2;
  world.ask({step(3), both});
  world.ask({step(4), cpus(1)});
  EXPECT_EQ(world.started(), (Names{"3", "4"}));
  world.ask({step(5), both});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_FALSE(world.why(step(5)).empty());
}

TEST(Named, MayBeCreatedAgainAsItIsButNotOtherwise) {
  World world;
  world.make_tokens("solver", 3);
  world.make_tokens("solver", 3);
  const auto other = world.manager.create({"solver", NamedKind::kTokens, 4});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kRefused);
  EXPECT_EQ(other.error().message,
            "solver exists as a count of 3 tokens, not as a count of 4 tokens; remove it first");
  EXPECT_FALSE(world.manager.create({"solver", NamedKind::kExclusive, 1}));
}

TEST(Named, MayBeRemovedOnlyWhileUnheldAndUnwaited) {
  World world;
  world.make_exclusive("db");
  world.hold({step(1), exclusive({"db"})});
  world.ask({step(2), exclusive({"db"})});
  EXPECT_THAT(world.manager.remove("db").error().message, HasSubstr("is held by job 1"));
  world.end(step(1));
  EXPECT_THAT(world.manager.remove("db").error().message, HasSubstr("is waited for by 1 request"));
  EXPECT_TRUE(world.manager.withdraw(step(2)));
  EXPECT_TRUE(world.manager.remove("db"));
  EXPECT_EQ(world.manager.remove("db").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(world.manager.named().empty());
}

TEST(Named, ARequestForWhatWasRemovedWaitsUntilItIsCreatedAgain) {
  World world;
  world.ask({step(1), exclusive({"db"})});
  world.ask({step(2), tokens("solver", 1)});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_TRUE(world.manager.named().empty());
  world.make_exclusive("db");
  world.make_tokens("solver", 1);
  EXPECT_EQ(world.started(), (Names{"1", "2"}));
}

TEST(Named, OneJobThatHoldsTokensByPartsIsOneHolder) {
  World world;
  world.make_tokens("solver", 5);
  world.hold({part(1, 1), tokens("solver", 2)});
  world.hold({part(2, 1), tokens("solver", 1)});
  world.hold({part(1, 2), tokens("solver", 1)});
  const NamedView view = world.manager.named().at(0);
  ASSERT_EQ(view.holders.size(), 2U);
  EXPECT_EQ(view.holders[0].job, JobNumber{1});
  EXPECT_EQ(view.holders[0].amount, 3U);
}

TEST(Restore, GivesTheSameStateAsTheLifeBefore) {
  World live;
  live.join(1, Capacity{8, gib(8), 4, {}});
  live.make_exclusive("db");
  live.make_tokens("solver", 4);
  Needs gpu = cpus(2);
  gpu.gpus = 1;
  std::vector<World::Ask> asks = {{whole(1), exclusive({"db"}, tokens("solver", 2))},
                                  {part(1, 1), exclusive({"db"}, gpu), seconds(60)},
                                  {part(2, 1), gpu, seconds(30)}};
  std::vector<Grant> grants;
  for (const auto& ask : asks) grants.push_back(live.hold(ask));

  World again;
  again.join(1, Capacity{8, gib(8), 4, {}});
  again.make_exclusive("db");
  again.make_tokens("solver", 4);
  for (std::size_t i = 0; i < asks.size(); ++i) {
    again.manager.restore({asks[i].id, asks[i].rank, asks[i].needs, asks[i].limit}, grants[i]);
    if (asks[i].limit) again.manager.set_end(asks[i].id, live.now + *asks[i].limit);
    again.expect_sound();
  }
  for (World* world : {&live, &again}) {
    world->ask({step(7), cpus(8), seconds(10)});
    world->ask({step(8), cpus(2), seconds(20)});
    world->ask({step(9), cpus(2), seconds(90)});
    world->ask({step(10), exclusive({"db"})});
    EXPECT_EQ(world->started(), Names{"8"});
    EXPECT_EQ(world->manager.expected_start(step(7), world->now), world->now + seconds(60));
    EXPECT_EQ(world->manager.named().at(0).holders.size(), 1U);
    EXPECT_EQ(world->manager.named().at(1).free, 2U);
    EXPECT_EQ(world->manager.node(NodeId{1})->free.gpus, 2U);
  }
}

}  // namespace
}  // namespace jobq::resmgr::test
