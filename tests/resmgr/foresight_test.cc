// SPDX-License-Identifier: Apache-2.0
// When those who wait will start, if everybody uses his limit up and nobody else comes.
#include "tests/resmgr/world.h"

namespace jobq::resmgr::test {
namespace {

constexpr Millis kLimit = seconds(10);

class Foresight : public World, public ::testing::TestWithParam<Backfill> {
 protected:
  Foresight() {
    manager = ResourceManager(Scheduling{GetParam()});
    join(1, 2);
    hold({step(1), cpus(2), kLimit});
  }
  std::optional<Time> after(int s) const { return now + seconds(s); }
  std::optional<Time> expected(std::uint64_t job, const Followers& followers = {}) const {
    return manager.expected_start(step(job), now, followers);
  }
  std::optional<Time> would(const Needs& needs, const Followers& followers = {}) {
    return manager.would_start({.id = step(99), .rank = 50, .needs = needs, .limit = kLimit}, now,
                               spent_, followers);
  }

  Work spent_;
};

TEST_P(Foresight, EachOfManyEqualRequestsHasItsTime) {
  for (std::uint64_t job = 2; job <= 6; ++job) ask({step(job), cpus(2), kLimit});
  EXPECT_EQ(started(), Names{});
  for (std::uint64_t job = 2; job <= 6; ++job) {
    EXPECT_EQ(expected(job), after(10 * (static_cast<int>(job) - 1))) << job;
  }
  EXPECT_EQ(would(cpus(2)), after(60));
}

TEST_P(Foresight, NobodyIsForeseenBeforeThoseOfAnotherShapeAboveHim) {
  for (std::uint64_t job = 2; job <= 6; ++job) ask({step(job), cpus(2), kLimit});
  ask({step(7), cpus(2), seconds(9)});
  EXPECT_EQ(started(), Names{});
  EXPECT_EQ(expected(7), after(60));
}

TEST_P(Foresight, ElementsThatComeBehindAFrontAreCounted) {
  ask({step(2), cpus(2), kLimit});
  ask({step(3), cpus(2), kLimit});
  EXPECT_EQ(started(), Names{});
  const Followers three = [](RequestId id) { return id == step(2) ? 3U : 0U; };
  EXPECT_EQ(expected(2, three), after(10));
  EXPECT_EQ(expected(3, three), after(50));
  EXPECT_EQ(would(cpus(2), three), after(60));
}

TEST_P(Foresight, BehindMoreThanCanBeLookedAtNothingIsKnown) {
  ask({step(2), cpus(2), kLimit});
  ask({step(3), cpus(2), kLimit});
  EXPECT_EQ(started(), Names{});
  const Followers many = [](RequestId id) { return id == step(2) ? 1'000'000U : 0U; };
  EXPECT_EQ(expected(3, many), std::nullopt);
}

TEST_P(Foresight, QuestionsTogetherAreBounded) {
  ask({step(2), cpus(2), kLimit});
  EXPECT_EQ(started(), Names{});
  const Followers some = [](RequestId id) { return id == step(2) ? 900U : 0U; };
  int known = 0;
  while (would(cpus(2), some) && known < 100) ++known;
  EXPECT_GT(known, 5);
  EXPECT_LT(known, 20);
}

INSTANTIATE_TEST_SUITE_P(Policies, Foresight,
                         ::testing::Values(Backfill::kNone, Backfill::kEasy,
                                           Backfill::kConservative),
                         [](const auto& test) { return std::string(to_string(test.param)); });

// A short one that would fit in between may not go before the wide one above it.
TEST(ForesightInOrder, NobodyOvertakesWithoutBackfill) {
  World world(2);
  world.manager = ResourceManager(Scheduling{Backfill::kNone});
  world.join(1, 2);
  world.hold({step(1), cpus(1), seconds(10)});
  world.ask({step(2), cpus(2), seconds(10)});
  world.ask({step(3), cpus(1), seconds(3)});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.expected_start(step(2), world.now), world.now + seconds(10));
  EXPECT_EQ(world.manager.expected_start(step(3), world.now), world.now + seconds(20));
  Work spent;
  const Request one{.id = step(4), .rank = 50, .needs = cpus(1), .limit = seconds(3)};
  EXPECT_EQ(world.manager.would_start(one, world.now, spent), world.now + seconds(20));
}

// What nobody knows above makes what follows unknown, where nobody may go before it.
TEST(ForesightInOrder, AnUnknownStartHidesThoseBehindIt) {
  World world(2);
  world.manager = ResourceManager(Scheduling{Backfill::kNone});
  world.join(1, 2);
  world.hold({step(1), cpus(1)});
  world.ask({step(2), cpus(2), seconds(10)});
  world.ask({step(3), cpus(1), seconds(3)});
  EXPECT_EQ(world.started(), Names{});
  EXPECT_EQ(world.manager.expected_start(step(2), world.now), std::nullopt);
  EXPECT_EQ(world.manager.expected_start(step(3), world.now), std::nullopt);
}

}  // namespace
}  // namespace jobq::resmgr::test
