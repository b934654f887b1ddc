// SPDX-License-Identifier: Apache-2.0
// Time limits of jobs and of cleanup.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LimitsTest : public ::testing::Test {
 public:
  void SetUp() override {
    world.join("n1", 2);
    world.forget_said();
  }
  World world;
};

TEST_F(LimitsTest, AtItsLimitAJobIsEndedCleanedUpAndInError) {
  const JobNumber job =
      world.submit(one_step().step("next").after("main").limit(seconds(3600)).cleanup());
  EXPECT_EQ(world.wake(), world.now + seconds(3600));
  world.forget_said();
  world.pass(seconds(3599));
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main"));
  EXPECT_EQ(world.reason(job), "time limit 1h");
  world.complete(job, "main", 143);
  EXPECT_EQ(world.state(job), "CU");
  world.forget_said();
  world.complete(job, "cleanup");
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JE time limit 1h", "forget 1.cleanup"));
}

TEST_F(LimitsTest, ATickThatComesEarlyBecauseTheClockWasSetBackIsAskedForAgain) {
  world.submit(one_step().limit(seconds(60)));
  const std::optional<Time> limit = world.wake();
  world.now = world.now + seconds(57);
  world.forget_said();
  world.send(Tick{});
  EXPECT_EQ(world.wake(), limit);
  EXPECT_TRUE(std::any_of(world.actions.begin(), world.actions.end(), [](const Action& action) {
    return std::holds_alternative<WakeAt>(action);
  }));
}

TEST_F(LimitsTest, AnEndThatIsReportedInTimeCounts) {
  const JobNumber job = world.submit(one_step().limit(seconds(60)));
  world.now = world.now + seconds(60);
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(LimitsTest, TheClockRunsFromTheStartNotFromTheSubmission) {
  const JobNumber busy = world.submit(one_step().step_needs(cpus(2)));
  const JobNumber job = world.submit(one_step().limit(seconds(60)));
  world.pass(seconds(600));
  EXPECT_EQ(world.state(job), "WR");
  world.complete(busy, "main");
  EXPECT_EQ(world.wake(), world.now + seconds(60));
}

TEST_F(LimitsTest, TheClockStandsWhileTheJobIsHeld) {
  const JobNumber job = world.submit(one_step().limit(seconds(60)));
  world.pass(seconds(50));
  world.hold(job);
  world.pass(seconds(500));
  EXPECT_EQ(world.state(job), "HD");
  world.release(job);
  world.forget_said();
  world.pass(seconds(9));
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main"));
}

TEST_F(LimitsTest, StepsThatWaitAreStoppedToo) {
  world.create_exclusive("db");
  const JobNumber busy = world.submit(one_step().step_needs(cpus(2)));
  const JobNumber job = world.submit(one_step().needs(exclusive("db")).limit(seconds(60)));
  EXPECT_EQ(world.state(job), "BP WR");
  world.forget_said();
  world.pass(seconds(60));
  EXPECT_THAT(world.said(), ElementsAre("ended 2 JE time limit 1m"));
  EXPECT_EQ(world.state(busy), "BP");
}

TEST_F(LimitsTest, CleanupHasItsOwnLimitAndDoesNotChangeTheOutcome) {
  const JobNumber job = world.submit(one_step().cleanup(seconds(30)));
  world.complete(job, "main");
  world.forget_said();
  world.pass(seconds(30));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.cleanup"));
  EXPECT_EQ(world.step_state(job, "cleanup"), "ending");
  world.complete(job, "cleanup", 143);
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JD", "forget 1.cleanup"));
}

TEST_F(LimitsTest, CleanupWithoutALimitHasThePolicysLimit) {
  const JobNumber job = world.submit(one_step().cleanup());
  world.complete(job, "main");
  EXPECT_EQ(world.wake(), world.now + Policy{}.cleanup_limit);
}

TEST_F(LimitsTest, TheLimitOfTheJobDoesNotEndItsCleanup) {
  const JobNumber job = world.submit(one_step().limit(seconds(60)).cleanup(seconds(300)));
  world.complete(job, "main");
  world.forget_said();
  world.pass(seconds(120));
  EXPECT_THAT(world.said(), IsEmpty());
  EXPECT_EQ(world.state(job), "CU");
}

TEST_F(LimitsTest, RunningBranchesOfAFailedJobStillHaveTheLimit) {
  const JobNumber job = world.submit(one_step().step("calc").limit(seconds(60)));
  world.complete(job, "calc", 3);
  world.forget_said();
  world.pass(seconds(60));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main"));
  world.complete(job, "main", 143);
  EXPECT_EQ(world.row(job).reason, "step calc: exit code 3");
}

TEST_F(LimitsTest, TheEarliestLimitWakesFirst) {
  world.submit(one_step().limit(seconds(600)));
  world.submit(one_step().limit(seconds(60)));
  EXPECT_EQ(world.wake(), world.now + seconds(60));
  world.pass(seconds(60));
  EXPECT_EQ(world.wake(), world.now + seconds(540));
}

// Found by the fault simulator: until something else happened, nobody looked.
TEST_F(LimitsTest, ALaterEndOfWhatIsHeldLetsOthersStartAtOnce) {
  const JobNumber holder =
      world.submit(one_step().needs(cpus(1)).limit(seconds(20)).cleanup(seconds(100)));
  Ticket higher = ticket_of(one_step().needs(cpus(2)));
  higher.priority = 90;
  const JobNumber waits = world.submit(higher);
  const JobNumber squeezed = world.submit(one_step().needs(cpus(1)).limit(seconds(50)));
  world.pass(seconds(10));
  EXPECT_EQ(world.state(squeezed), "WR");  // it would end after the holder must
  world.complete(holder, "main");
  EXPECT_EQ(world.state(holder), "CU");  // may hold it for 100 s from here
  EXPECT_EQ(world.state(squeezed), "BP");
  EXPECT_EQ(world.state(waits), "WR");
}

}  // namespace
}  // namespace jobq::sched
