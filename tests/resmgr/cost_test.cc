// SPDX-License-Identifier: Apache-2.0
// What a pass costs, in what it looks at: it grows with what was freed and with the shapes that
// wait, never with the number of requests that wait.
#include "resmgr/pass.h"
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

Work difference(const Work& before, const Work& after) {
  return {after.passes - before.passes, after.placements - before.placements,
          after.reservations - before.reservations, after.glances - before.glances,
          after.visits - before.visits};
}

// One node full of equal jobs, so many more of them waiting; the work of the pass after one ended.
Work after_one_end(std::uint64_t waiting) {
  World world(4);
  for (std::uint64_t job = 1; job <= waiting + 4; ++job) {
    EXPECT_TRUE(world.manager.enqueue({step(job), 50, cpus(1), {}}));
  }
  EXPECT_EQ(world.manager.schedule(world.now).size(), 4U);
  EXPECT_TRUE(world.manager.release(step(1)));
  const Work before = world.manager.work();
  EXPECT_EQ(world.manager.schedule(world.now).size(), 1U);
  return difference(before, world.manager.work());
}

TEST(Cost, OfAPassDoesNotDependOnTheDepthOfTheQueue) {
  for (const std::uint64_t depth : {10ULL, 1'000ULL, 100'000ULL}) {
    const Work work = after_one_end(depth);
    EXPECT_EQ(work.placements, 2U) << depth;
    EXPECT_EQ(work.reservations, 0U) << depth;
  }
}

TEST(Cost, OfAShapeThatDoesNotFitIsOneGeneration) {
  World world(4);
  world.make_exclusive("db");
  world.hold({step(1), exclusive({"db"})});
  for (std::uint64_t job = 1000; job < 11'000; ++job) {
    EXPECT_TRUE(world.manager.enqueue({step(job), 60, exclusive({"db"}, cpus(1)), seconds(10)}));
  }
  world.ask({step(2), cpus(1)});
  const Work before = world.manager.work();
  EXPECT_EQ(world.started(), Names{"2"});
  const Work work = difference(before, world.manager.work());
  EXPECT_EQ(work.placements, 3U);  // the head and job 2; the head again, for nobody to follow
  EXPECT_EQ(work.reservations, 2U);
}

TEST(Cost, OfAPassThatCanStartNobodyIsNoReservation) {
  World world(4);
  world.hold({step(1), cpus(4)});
  for (std::uint32_t n = 1; n <= 4; ++n) {
    for (std::uint64_t job = 0; job < 100; ++job) world.ask({step(100 * n + job), cpus(n)});
  }
  const Work before = world.manager.work();
  EXPECT_EQ(world.started(), Names{});
  const Work work = difference(before, world.manager.work());
  EXPECT_EQ(work.placements, 1U);
  EXPECT_EQ(work.reservations, 0U);
}

TEST(Cost, OfAPassIsBoundedAndBeyondTheBoundNobodyStarts) {
  World world(4);
  const auto many = static_cast<std::uint32_t>(kMostReservations) + 10;
  world.make_exclusive("db");
  world.hold({step(1), exclusive({"db"})});
  for (std::uint32_t n = 1; n <= many; ++n) {  // so many shapes, none of which keeps a cpu in reach
    Needs needs = exclusive({"db"});
    needs.memory = Bytes{n};
    EXPECT_TRUE(world.manager.enqueue({step(1000 + n), 60, needs, seconds(1)}));
  }
  world.ask({step(2), cpus(1)});
  const Work before = world.manager.work();
  EXPECT_EQ(world.manager.schedule(world.now).size(), 0U);
  EXPECT_EQ(difference(before, world.manager.work()).reservations, kMostReservations);
  ASSERT_EQ(world.why(step(2)).size(), 1U);
  EXPECT_EQ(world.why(step(2))[0].kind, BlockerKind::kPriority);
  EXPECT_TRUE(world.manager.withdraw(step(1001)));
  for (std::uint32_t n = 2; n <= 20; ++n) EXPECT_TRUE(world.manager.withdraw(step(1000 + n)));
  EXPECT_EQ(world.started(), Names{"2"});
}

}  // namespace
}  // namespace jobq::resmgr::test
