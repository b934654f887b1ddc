// SPDX-License-Identifier: Apache-2.0
// Loops: when the flow goes back, how often, and what goes back with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TaskEnd said(const std::string& event, int exit_code = 0) {
  TaskEnd end;
  end.exit_code = exit_code;
  end.event = event;
  return end;
}

class AgainTest : public ::testing::Test {
 public:
  void SetUp() override {
    world.join("n1", 4);
    world.forget_said();
  }
  // calc, then verify, which goes back to calc while they differ, then publish.
  static SpecBuilder verified(std::uint32_t max) {
    SpecBuilder builder;
    builder.step("calc").step("verify").after("calc").again("calc", "event=differs", max);
    builder.step("publish").after("verify.event=same");
    return builder;
  }
  void turn(JobNumber job, const std::string& event) {
    world.complete(job, "calc");
    world.complete(job, "verify", said(event));
  }
  std::vector<std::string> history(JobNumber job, const std::string& what) const {
    std::vector<std::string> found;
    const auto detail = world.core.show(job, world.now);
    for (const HistoryEntry& entry : detail->history) {
      if (entry.what == what) found.push_back(entry.detail);
    }
    return found;
  }
  StepView step(JobNumber job, const std::string& name) const {
    const auto detail = world.core.show(job, world.now);
    for (const StepView& view : detail->steps) {
      if (view.name == name) return view;
    }
    return {};
  }
  std::optional<std::string> variable(JobNumber job, const std::string& step,
                                      const std::string& name) {
    for (const auto& [known, value] : world.launched(job, step).env) {
      if (known == name) return value;
    }
    return std::nullopt;
  }
  World world;
};

TEST_F(AgainTest, TheFlowGoesBackUntilTheConditionHoldsNoMore) {
  const JobNumber job = world.submit(verified(10));
  turn(job, "differs");
  turn(job, "differs");
  world.complete(job, "calc");
  world.forget_said();
  world.complete(job, "verify", said("same"));
  EXPECT_THAT(world.said(), ElementsAre("forget 1.verify#3", "launch 1.publish on n1"));
  EXPECT_THAT(history(job, "again"),
              ElementsAre("step verify goes back to calc, 1 of 10 times: event=differs",
                          "step verify goes back to calc, 2 of 10 times: event=differs"));
  world.complete(job, "publish");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(AgainTest, AttemptsKeepTheirNumbersAndEachShowsItsRound) {
  const JobNumber job = world.submit(verified(10));
  world.forget_said();
  turn(job, "differs");
  EXPECT_THAT(world.said(), ElementsAre("forget 1.calc", "launch 1.verify on n1", "forget 1.verify",
                                        "launch 1.calc#2 on n1"));
  EXPECT_EQ(variable(job, "calc", "JOBQ_ROUND"), "2");
  const StepView calc = step(job, "calc");
  ASSERT_EQ(calc.attempts.size(), 2U);
  EXPECT_EQ(calc.attempts[0].round, 1U);
  EXPECT_EQ(calc.attempts[1].round, 2U);
  EXPECT_EQ(calc.round, 2U);
  EXPECT_EQ(step(job, "verify").went_back, 1U);
  EXPECT_EQ(step(job, "verify").again->max, 10U);
}

TEST_F(AgainTest, StepsInNoLoopHaveNoRound) {
  const JobNumber job = world.submit(one_step());
  EXPECT_EQ(variable(job, "main", "JOBQ_ROUND"), std::nullopt);
  EXPECT_EQ(step(job, "main").round, 0U);
}

TEST_F(AgainTest, ALoopThatIsUsedUpLeavesTheEndAsItIsAndSaysSo) {
  const JobNumber job = world.submit(verified(2));
  turn(job, "differs");
  turn(job, "differs");
  world.complete(job, "calc");
  world.forget_said();
  world.complete(job, "verify", said("differs"));
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JD", "forget 1.verify#3"));
}

TEST_F(AgainTest, AUsedUpLoopIsInTheReasonAndInTheHistory) {
  SpecBuilder builder = one_step().again("main", "failure", 1);
  const JobNumber job = world.submit(builder);
  world.complete(job, "main", 3);
  world.complete(job, "main", 4);
  const std::string text = "its loop is used up: it went back to main 1 of 1 times, failure";
  EXPECT_EQ(world.row(job).reason, "step main: exit code 4; " + text);
  EXPECT_EQ(world.row(job).exit_code, 4);
  EXPECT_TRUE(std::ranges::any_of(world.last_rows, [&](const Row& row) {
    const auto* it = std::get_if<TransitionRow>(&row);
    return it != nullptr && it->what == "loop used up" && it->detail == "step main: " + text;
  }));
}

TEST_F(AgainTest, AFailureInsideIsHandledWhileRoundsAreLeft) {
  SpecBuilder builder;
  builder.step("calc").step("verify").after("calc").again("calc", "failure", 1);
  const JobNumber job = world.submit(builder);
  world.complete(job, "calc");
  world.complete(job, "verify", 1);
  EXPECT_EQ(world.state(job), "BP");
  world.complete(job, "calc");
  world.complete(job, "verify");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
  // A failure that no loop is for decides the job at once.
  const JobNumber other = world.submit(builder);
  world.complete(other, "calc", 1);
  EXPECT_EQ(world.row(other).reason, "step calc: exit code 1");
}

TEST_F(AgainTest, RetriesComeFirstAndCountAnewInEachRound) {
  SpecBuilder builder = one_step().again("main", "failure", 1);
  builder.spec.steps[0].retry.max = 1;
  const JobNumber job = world.submit(builder);
  world.complete(job, "main", 1);
  EXPECT_EQ(step(job, "main").round, 1U);
  world.complete(job, "main", 1);
  EXPECT_EQ(step(job, "main").round, 2U);
  world.complete(job, "main", 1);
  EXPECT_EQ(step(job, "main").attempts.size(), 4U);
  EXPECT_THAT(history(job, "tried again"), ElementsAre("step main: attempt 1 of 2: exit code 1",
                                                       "step main: attempt 1 of 2: exit code 1"));
  world.complete(job, "main", 1);
  EXPECT_EQ(world.state(job), "gone");
}

TEST_F(AgainTest, ACancelledStepNeverGoesBack) {
  SpecBuilder builder = one_step().again("main", "ended", 5);
  builder.cancel_code(77);
  const JobNumber by_itself = world.submit(builder);
  world.complete(by_itself, "main", 77);
  EXPECT_EQ(world.row(by_itself).state, JobState::kCancelled);
  const JobNumber by_order = world.submit(builder);
  world.complete(by_order, "main");
  world.started(by_order, "main");
  world.cancel(by_order, "main");
  world.complete(by_order, "main");
  EXPECT_EQ(world.row(by_order).state, JobState::kCancelled);
}

TEST_F(AgainTest, ACancelledJobGoesRoundNoMore) {
  const JobNumber job = world.submit(verified(5));
  turn(job, "differs");
  world.started(job, "calc");
  world.cancel(job);
  world.complete(job, "calc");
  EXPECT_EQ(world.row(job).state, JobState::kCancelled);
}

TEST_F(AgainTest, ABranchBesideIsWaitedForAndStartsNothingMore) {
  SpecBuilder builder = verified(3);
  builder.step("plot").after("calc").step("frame").after("plot");
  const JobNumber job = world.submit(builder);
  world.complete(job, "calc");
  world.forget_said();
  world.complete(job, "verify", said("differs"));
  EXPECT_THAT(world.said(), ElementsAre("forget 1.verify"));
  const auto why = world.core.why(job, world.now);
  ASSERT_FALSE(why->blockers.empty());
  EXPECT_EQ(why->blockers[0].kind, "dependency");
  EXPECT_EQ(why->blockers[0].text,
            "begins anew when verify goes back to calc, which waits for the end of plot");
  world.complete(job, "plot");
  EXPECT_THAT(world.said(), ElementsAre("forget 1.plot", "launch 1.calc#2 on n1"));
  EXPECT_EQ(world.step_state(job, "plot"), "pending");
  EXPECT_EQ(world.step_state(job, "frame"), "pending");
  world.complete(job, "calc");
  EXPECT_THAT(world.said(), Contains("launch 1.plot#2 on n1"));
}

TEST_F(AgainTest, ABranchBesideThatWaitsForResourcesIsWithdrawn) {
  SpecBuilder builder = verified(3);
  builder.step("plot").after("calc").step_needs(cpus(4));
  const JobNumber job = world.submit(builder);
  world.complete(job, "calc");
  EXPECT_EQ(world.step_state(job, "plot"), "waiting");
  world.forget_said();
  world.complete(job, "verify", said("differs"));
  EXPECT_EQ(world.step_state(job, "plot"), "pending");
  EXPECT_THAT(world.said(), ElementsAre("forget 1.verify", "launch 1.calc#2 on n1"));
}

TEST_F(AgainTest, ABranchBesideIsNotTriedAgainInARoundThatIsOver) {
  SpecBuilder builder = verified(3);
  builder.step("plot").after("calc");
  builder.spec.steps.back().retry.max = 2;
  builder.spec.steps.back().retry.delay = seconds(60);
  const JobNumber job = world.submit(builder);
  world.complete(job, "calc");
  world.complete(job, "verify", said("differs"));
  world.forget_said();
  world.complete(job, "plot", 1);
  EXPECT_THAT(world.said(), ElementsAre("forget 1.plot", "launch 1.calc#2 on n1"));
  world.complete(job, "calc");
  EXPECT_THAT(world.said(), Contains("launch 1.plot#2 on n1"));
}

TEST_F(AgainTest, AnUnhandledFailureBesideEndsTheJobAndNoLoopGoesOn) {
  SpecBuilder builder = verified(3);
  builder.step("plot").after("calc");
  const JobNumber job = world.submit(builder);
  world.complete(job, "calc");
  world.complete(job, "verify", said("differs"));
  world.complete(job, "plot", 9);
  EXPECT_EQ(world.row(job).reason, "step plot: exit code 9");
  EXPECT_EQ(world.state(job), "gone");
}

TEST_F(AgainTest, AFailureThatARoundRepairedIsNoReasonAnyMore) {
  SpecBuilder builder = verified(3);
  builder.step("plot").after("calc").keep_going();
  const JobNumber job = world.submit(builder);
  world.complete(job, "calc");
  world.complete(job, "plot", 9);
  EXPECT_EQ(world.reason(job), "step plot: exit code 9");
  world.complete(job, "verify", said("differs"));
  EXPECT_THAT(world.reason(job), Not(HasSubstr("plot")));
  world.complete(job, "calc");
  world.complete(job, "plot");
  world.complete(job, "verify", said("same"));
  world.complete(job, "publish");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
  EXPECT_EQ(world.row(job).reason, "");
}

TEST_F(AgainTest, StepsThatWereSkippedAreOpenAgain) {
  SpecBuilder builder = verified(3);
  builder.step("repair").after("calc.event=3").cancel_code(77);
  const JobNumber job = world.submit(builder);
  world.complete(job, "calc", said("1"));
  EXPECT_EQ(world.step_state(job, "repair"), "skipped");
  world.complete(job, "verify", said("differs"));
  EXPECT_EQ(world.step_state(job, "repair"), "pending");
  world.complete(job, "calc", said("3"));
  EXPECT_EQ(world.step_state(job, "repair"), "starting");
}

TEST_F(AgainTest, EventValuesAreThoseOfTheLastRound) {
  SpecBuilder builder = verified(3);
  builder.argv({"x", "${steps.calc.event}", "${steps.verify.event}"});
  const JobNumber job = world.submit(builder);
  world.complete(job, "calc", said("one"));
  world.complete(job, "verify", said("differs"));
  EXPECT_EQ(variable(job, "calc", "JOBQ_EVENT_VERIFY"), std::nullopt);
  world.complete(job, "calc", said("two"));
  EXPECT_EQ(variable(job, "verify", "JOBQ_EVENT_CALC"), "two");
  world.complete(job, "verify", said("same"));
  EXPECT_THAT(world.launched(job, "publish").argv, ElementsAre("x", "two", "same"));
}

// inner goes round by itself, and outer goes back to before it.
SpecBuilder nested(std::uint32_t inner, std::uint32_t outer) {
  SpecBuilder builder;
  builder.step("first").step("inner").after("first").again("inner", "failure", inner);
  builder.step("outer").after("inner").again("first", "event=more", outer);
  return builder;
}

TEST_F(AgainTest, AnInnerLoopCountsAnewWhenTheOuterOneGoesRound) {
  const JobNumber job = world.submit(nested(1, 1));
  for (const char* event : {"more", "enough"}) {
    world.complete(job, "first");
    world.complete(job, "inner", 1);
    EXPECT_EQ(step(job, "inner").went_back, 1U);
    world.complete(job, "inner");
    world.complete(job, "outer", said(event));
  }
  EXPECT_EQ(world.row(job).state, JobState::kDone);
  const JobNumber used_up = world.submit(nested(1, 1));
  world.complete(used_up, "first");
  world.complete(used_up, "inner", 1);
  world.complete(used_up, "inner", 1);
  EXPECT_EQ(world.row(used_up).state, JobState::kError);
}

TEST_F(AgainTest, ALoopBehindAnotherDoesNotTouchIt) {
  SpecBuilder builder;
  builder.step("a").step("b").after("a").again("a", "event=more", 2);
  builder.step("c").after("b").again("c", "failure", 1);
  const JobNumber job = world.submit(builder);
  world.complete(job, "a");
  world.complete(job, "b", said("more"));
  world.complete(job, "a");
  world.complete(job, "b");
  world.complete(job, "c", 1);
  EXPECT_EQ(world.step_state(job, "b"), "succeeded");
  EXPECT_EQ(step(job, "b").went_back, 1U);
  EXPECT_EQ(step(job, "c").round, 3U);
  world.complete(job, "c");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(AgainTest, AHeldJobGoesRoundAndStartsNothing) {
  const JobNumber job = world.submit(verified(3));
  world.complete(job, "calc");
  world.started(job, "verify");
  world.hold(job);
  world.complete(job, "verify", said("differs"));
  EXPECT_EQ(world.step_state(job, "calc"), "pending");
  world.forget_said();
  world.release(job);
  EXPECT_THAT(world.said(), ElementsAre("1 ok", "launch 1.calc#2 on n1"));
}

TEST_F(AgainTest, TheJobsTimeLimitIsOverAllRounds) {
  const JobNumber job = world.submit(verified(100).limit(seconds(30)));
  world.pass(seconds(20));
  turn(job, "differs");
  world.pass(seconds(9));
  EXPECT_EQ(world.state(job), "BP");
  world.pass(seconds(1));
  world.complete(job, "calc");
  EXPECT_THAT(world.row(job).reason, HasSubstr("time limit"));
}

TEST_F(AgainTest, AStepEndedByItsOwnLimitFailedAndGoesBack) {
  SpecBuilder builder = one_step().step_limit(seconds(5)).again("main", "failure", 1);
  const JobNumber job = world.submit(builder);
  world.started(job, "main");
  world.pass(seconds(5));
  world.forget_said();
  world.complete(job, "main", 1);
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main", "launch 1.main#2 on n1"));
}

TEST_F(AgainTest, CleanupRunsOnceAtTheEnd) {
  const JobNumber job = world.submit(verified(1).cleanup());
  turn(job, "differs");
  world.forget_said();
  turn(job, "differs");
  EXPECT_THAT(world.said(), Contains("launch 1.cleanup on n1"));
  world.complete(job, "cleanup");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(AgainTest, EachElementOfAnArrayLoopsByItself) {
  Ticket ticket = ticket_of(one_step().again("main", "failure", 1));
  ticket.array = parse_array("0-1").value();
  const JobNumber array = world.submit(ticket);
  const JobNumber first = world.element(array, 0);
  const JobNumber second = world.element(array, 1);
  world.complete(first, "main", 1);
  world.complete(first, "main", 0);
  world.complete(second, "main", 1);
  world.complete(second, "main", 1);
  EXPECT_EQ(world.row(first).state, JobState::kDone);
  EXPECT_EQ(world.row(second).state, JobState::kError);
}

TEST_F(AgainTest, RoundsOutliveTheController) {
  const JobNumber job = world.submit(verified(2));
  turn(job, "differs");
  world.hold(job);
  std::vector<Action> actions;
  const auto restored = world.restored(actions);
  ASSERT_TRUE(restored->check_invariants());
  const auto detail = restored->show(job, world.now);
  EXPECT_EQ(detail->steps[0].round, 2U);
  EXPECT_EQ(detail->steps[1].went_back, 1U);
  EXPECT_EQ(detail->steps[1].attempts.at(0).round, 1U);
}

TEST_F(AgainTest, ALoopThatWaitsForABranchBesideWaitsAfterARestartToo) {
  SpecBuilder builder = verified(2);
  builder.step("plot").after("calc");
  const JobNumber job = world.submit(builder);
  world.complete(job, "calc");
  world.complete(job, "verify", said("differs"));
  std::vector<Action> actions;
  const auto restored = world.restored(actions);
  ASSERT_TRUE(restored->check_invariants());
  const auto detail = restored->show(job, world.now);
  EXPECT_EQ(detail->steps[0].state, StepState::kSucceeded);
  EXPECT_EQ(detail->steps[2].state, StepState::kPending);
  const auto why = restored->why(job, world.now);
  EXPECT_THAT(why->blockers.at(0).text, HasSubstr("begins anew when verify goes back to calc"));
}

TEST_F(AgainTest, WhySaysWhichRoundAStepWaitsIn) {
  SpecBuilder builder = verified(10);
  builder.spec.steps[1].needs = cpus(4);
  const JobNumber job = world.submit(builder);
  world.complete(job, "calc");
  world.complete(job, "verify", said("differs"));
  world.submit(one_step());
  world.complete(job, "calc");
  EXPECT_EQ(world.step_state(job, "verify"), "waiting");
  const auto why = world.core.why(job, world.now);
  ASSERT_FALSE(why->blockers.empty());
  EXPECT_THAT(why->blockers[0].text,
              HasSubstr("(round 2 of the step; verify went back to calc 1 of 10 times)"));
}

TEST_F(AgainTest, ARoundBeginsWithoutThoughtOfTheNodeOfTheLast) {
  world.join("n2", 1);
  SpecBuilder builder = one_step().again("main", "failure", 3);
  builder.spec.steps[0].retry.max = 1;
  builder.spec.steps[0].retry.elsewhere = true;
  builder.step_needs(cpus(2));
  const JobNumber job = world.submit(builder);
  world.complete(job, "main", 1);
  world.complete(job, "main", 1);
  EXPECT_EQ(step(job, "main").round, 2U);
  EXPECT_EQ(world.launched(job, "main").id.attempt, Attempt{3});
}

TEST_F(AgainTest, WhatItsLoopStartsAgainWhenItIsLostIsFenced) {
  const JobNumber job = world.submit(one_step().again("main", "failure", 1));
  EXPECT_TRUE(world.launched(job, "main").fenced);
  world.complete(job, "main", 1);
  EXPECT_FALSE(world.launched(job, "main").fenced);
}

}  // namespace
}  // namespace jobq::sched
