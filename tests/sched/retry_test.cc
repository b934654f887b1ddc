// SPDX-License-Identifier: Apache-2.0
// Steps that are tried again: how often, when, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RetryTest : public ::testing::Test {
 public:
  void SetUp() override {
    n1 = world.join("n1", 2);
    world.forget_said();
  }
  static SpecBuilder trying(const Retry& retry) {
    SpecBuilder builder = one_step();
    builder.spec.steps.front().retry = retry;
    return builder;
  }
  static Retry times(std::uint32_t max) {
    Retry retry;
    retry.max = max;
    return retry;
  }
  static TaskEnd lost() {
    TaskEnd end;
    end.how = TaskEnd::How::kLost;
    end.reason = "the keeper died";
    return end;
  }
  World world;
  NodeId n1;
};

TEST_F(RetryTest, AFailureIsTriedAgainAtMostSoOften) {
  const JobNumber job = world.submit(trying(times(2)));
  world.complete(job, "main", 3);
  world.complete(job, "main", 3);
  EXPECT_EQ(world.state(job), "BP");
  world.forget_said();
  world.complete(job, "main", 3);
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JE step main: exit code 3", "forget 1.main#3"));
}

TEST_F(RetryTest, ASecondAttemptThatSucceedsIsASuccess) {
  const JobNumber job = world.submit(trying(times(1)));
  world.forget_said();
  world.complete(job, "main", 3);
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main", "launch 1.main#2 on n1"));
  world.complete(job, "main", 0);
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(RetryTest, OnlyWhatThePolicyNamesIsTriedAgain) {
  Retry on_loss = times(1);
  on_loss.on_failure = false;
  Retry on_failure = times(1);
  on_failure.on_node_lost = false;
  const JobNumber fails = world.submit(trying(on_loss));
  world.complete(fails, "main", 3);
  EXPECT_EQ(world.state(fails), "gone");
  const JobNumber is_lost = world.submit(trying(on_failure));
  world.complete(is_lost, "main", lost());
  EXPECT_EQ(world.state(is_lost), "gone");
  const JobNumber both = world.submit(trying(times(2)));
  world.complete(both, "main", lost());
  world.complete(both, "main", 1);
  EXPECT_EQ(world.state(both), "BP");
}

TEST_F(RetryTest, WhatAStepCancelledOrWasToldToEndIsNotTriedAgain) {
  SpecBuilder cancels = trying(times(5));
  cancels.cancel_code(77);
  const JobNumber by_itself = world.submit(cancels);
  world.complete(by_itself, "main", 77);
  EXPECT_EQ(world.row(by_itself).state, JobState::kCancelled);
  const JobNumber by_order = world.submit(trying(times(5)));
  world.started(by_order, "main");
  world.cancel(by_order);
  world.complete(by_order, "main", 1);
  EXPECT_EQ(world.row(by_order).state, JobState::kCancelled);
}

TEST_F(RetryTest, TheDelayGrowsAndIsBounded) {
  Retry retry = times(4);
  retry.delay = seconds(10);
  retry.backoff = 3;
  retry.max_delay = seconds(60);
  const JobNumber job = world.submit(trying(retry));
  for (const std::int64_t delay : {10, 30, 60, 60}) {
    world.complete(job, "main", 1);
    world.forget_said();
    world.pass(seconds(delay) - Millis{1});
    EXPECT_THAT(world.said(), IsEmpty());
    world.pass(Millis{1});
    EXPECT_THAT(world.said(), Contains(HasSubstr("launch 1.main#")));
  }
}

TEST_F(RetryTest, WhileItWaitsOthersHaveTheNodeAndWhySaysSo) {
  Retry retry = times(1);
  retry.delay = seconds(30);
  SpecBuilder whole = trying(retry);
  whole.step_needs(cpus(2));
  const JobNumber job = world.submit(whole);
  world.complete(job, "main", 9);
  const JobNumber other = world.submit(one_step().step_needs(cpus(2)));
  EXPECT_EQ(world.state(other), "BP");
  const auto why = world.core.why(job, world.now);
  ASSERT_EQ(why->blockers.size(), 1U);
  EXPECT_EQ(why->blockers[0].kind, "retry_delay");
  EXPECT_THAT(why->blockers[0].text, HasSubstr("attempt 1 of 2: exit code 9"));
}

TEST_F(RetryTest, TheDelayOutlivesTheController) {
  Retry retry = times(1);
  retry.delay = seconds(30);
  const JobNumber job = world.submit(trying(retry));
  world.complete(job, "main", 9);
  std::vector<Action> actions;
  const auto restored = world.restored(actions);
  const auto why = restored->why(job, world.now);
  ASSERT_EQ(why->blockers.size(), 1U);
  EXPECT_EQ(why->blockers[0].kind, "retry_delay");
  actions.clear();
  restored->step(NodeJoined{"n1", "n1.1", {2, {}, 0, {}}, {}, 0, {}}, world.now, actions);
  restored->step(Tick{}, world.now + seconds(30), actions);
  EXPECT_TRUE(std::any_of(actions.begin(), actions.end(), [](const Action& action) {
    const auto* launch = std::get_if<Launch>(&action);
    return launch != nullptr && launch->id.attempt == Attempt{2};
  }));
}

TEST_F(RetryTest, WhatCameDueWhileTheJobWasHeldIsDueThoughTheClockIsSetBack) {
  Retry retry = times(1);
  retry.delay = seconds(30);
  const JobNumber job = world.submit(trying(retry));
  world.complete(job, "main", 1);
  world.hold(job);
  world.pass(seconds(31));
  world.now = world.now - seconds(20);
  world.forget_said();
  world.release(job);
  EXPECT_THAT(world.said(), ElementsAre("1 ok", "launch 1.main#2 on n1"));
}

TEST_F(RetryTest, AHeldJobIsTriedAgainOnceItIsReleased) {
  const JobNumber job = world.submit(trying(times(1)));
  world.started(job, "main");
  world.hold(job);
  world.complete(job, "main", 1);
  world.forget_said();
  world.release(job);
  EXPECT_THAT(world.said(), ElementsAre("1 ok", "launch 1.main#2 on n1"));
}

TEST_F(RetryTest, EachAttemptHasARowWithItsEnd) {
  const JobNumber job = world.submit(trying(times(1)));
  world.complete(job, "main", 3);
  std::map<std::uint32_t, int> codes;
  for (const Row& row : world.live_rows()) {
    const auto* attempt = std::get_if<AttemptRow>(&row);
    if (attempt != nullptr && attempt->id.job == job) {
      codes[attempt->id.attempt.value] = attempt->ended ? attempt->end.exit_code : -1;
    }
  }
  EXPECT_THAT(codes, ElementsAre(std::pair(1U, 3), std::pair(2U, -1)));
}

}  // namespace
}  // namespace jobq::sched
