// SPDX-License-Identifier: Apache-2.0
// EASY backfilling, and none: who may overtake the first request that cannot start, and what a
// round looks at.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

struct Easy : World, ::testing::Test {
  Easy() { manager = ResourceManager(Scheduling{Backfill::kEasy}); }
};
struct InOrder : World, ::testing::Test {
  InOrder() { manager = ResourceManager(Scheduling{Backfill::kNone}); }
};

TEST_F(Easy, LetsOvertakeWhoEndsBeforeTheFirstCanStart) {
  join(1, 4);
  hold({step(1), cpus(3), seconds(100)});
  ask({step(2), cpus(4), seconds(10)});
  ask({step(3), cpus(1), seconds(101)});
  ask({step(4), cpus(1), seconds(100)});
  EXPECT_EQ(started(), Names{"4"});
}

TEST_F(Easy, LetsOvertakeWhoFitsBesideTheFirst) {
  join(1, 4);
  hold({step(1), cpus(3), seconds(100)});
  ask({step(2), cpus(3), seconds(10)});
  ask({step(3), cpus(1)});
  EXPECT_EQ(started(), Names{"3"});
}

TEST_F(Easy, KeepsNothingForTheSecond) {
  join(1, 4);
  hold({step(1), cpus(3), seconds(100)});
  ask({step(2), cpus(4), seconds(10)});
  ask({step(3), cpus(4), seconds(10)});
  ask({step(4), cpus(1), seconds(100)});
  EXPECT_EQ(started(), Names{"4"});
}

TEST_F(Easy, KeepsRoomOnTheNodeThatIsFreeFirst) {
  join(1, 4);
  join(2, 4);
  hold({step(1), cpus(3), seconds(100)});
  hold({step(2), cpus(2), seconds(50)});
  hold({step(3), cpus(2), seconds(50)});
  ask({step(4), cpus(4)});
  ask({step(5), cpus(1)});
  // The second node is free first; the other one is not kept.
  ASSERT_EQ(started(), Names{"5"});
  end(step(2));
  end(step(3));
  EXPECT_EQ(started(), Names{"4"});
}

TEST_F(Easy, KeepsTheRoomiestNodeWhereNobodyKnows) {
  join(1, 4);
  join(2, 4);
  hold({step(1), cpus(3)});
  hold({step(2), cpus(2)});
  ask({step(3), cpus(4)});
  ask({step(4), cpus(1)});
  ask({step(5), cpus(1)});
  EXPECT_EQ(started(), Names{"4"});  // beside job 1; the other node is kept
  end(step(2));
  EXPECT_EQ(started(), Names{"3"});
}

TEST_F(Easy, SaysWhoStandsInTheWay) {
  join(1, 4);
  hold({step(1), cpus(3), seconds(100)});
  ask({step(2), cpus(4), seconds(10)});
  ask({step(3), cpus(1), seconds(101)});
  EXPECT_EQ(started(), Names{});
  const std::vector<Blocker> why = manager.explain(step(3), now);
  ASSERT_EQ(why.size(), 1U);
  EXPECT_EQ(why[0].kind, BlockerKind::kPriority);
  EXPECT_EQ(why[0].text, "it has room now, but job 2 goes first and needs it");
}

TEST_F(Easy, OfAThousandShapesLooksAtThoseThatFitWhereSomethingEnded) {
  for (std::uint32_t id = 1; id <= 100; ++id) join(id, 64);
  for (std::uint64_t job = 1; job <= 100; ++job) hold({step(job), cpus(64), seconds(1000)});
  for (std::uint64_t job = 1000; job < 2000; ++job) {
    ask({step(job), cpus(64), seconds(static_cast<std::int64_t>(job))});
  }
  EXPECT_EQ(started(), Names{});
  const Work before = manager.work();
  end(step(50));
  EXPECT_EQ(started(), Names{"1000"});
  const Work& after = manager.work();
  EXPECT_EQ(after.placements - before.placements, 2U);
  EXPECT_EQ(after.reservations - before.reservations, 0U);
  EXPECT_EQ(after.glances - before.glances, 0U);
}

TEST_F(InOrder, NobodyOvertakes) {
  join(1, 4);
  hold({step(1), cpus(3), seconds(100)});
  ask({step(2), cpus(4), seconds(10)});
  ask({step(3), cpus(1), seconds(1)});
  EXPECT_EQ(started(), Names{});
  const std::vector<Blocker> why = manager.explain(step(3), now);
  ASSERT_EQ(why.size(), 1U);
  EXPECT_EQ(why[0].kind, BlockerKind::kPriority);
  end(step(1));
  EXPECT_EQ(started(), Names{"2"});
}

TEST_F(InOrder, StepsGoFirstThatOthersWaitFor) {
  join(1, 4);
  make_exclusive("db");
  hold({whole(1), exclusive({"db"})});
  ask({step(2), exclusive({"db"}, cpus(1)), {}, 60});
  ask({step(1), cpus(1), {}, 10});
  EXPECT_EQ(started(), Names{"1"});
}

}  // namespace
}  // namespace jobq::resmgr::test
