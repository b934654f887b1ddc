// SPDX-License-Identifier: Apache-2.0
// Jobs of several steps: side by side, one after the other, branches, failures and cancels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FlowTest : public ::testing::Test {
 public:
  void SetUp() override {
    world.join("n1", 4);
    world.forget_said();
  }
  TaskEnd with_event(const std::string& event) {
    TaskEnd end;
    end.event = event;
    return end;
  }
  World world;
};

TEST_F(FlowTest, AJobOfOneStepRunsAndIsDone) {
  const JobNumber job = world.submit(one_step());
  EXPECT_THAT(world.said(), ElementsAre("submitted 1", "launch 1.main on n1"));
  EXPECT_EQ(world.state(job), "BP");
  EXPECT_EQ(world.step_state(job, "main"), "starting");
  world.started(job, "main");
  EXPECT_THAT(world.said(), IsEmpty());
  EXPECT_EQ(world.step_state(job, "main"), "running");
  world.complete(job, "main");
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JD", "forget 1.main"));
  EXPECT_EQ(world.state(job), "gone");
}

TEST_F(FlowTest, StepsWithoutConditionsRunSideBySide) {
  const JobNumber job = world.submit(one_step().step("other"));
  EXPECT_THAT(world.said(),
              ElementsAre("submitted 1", "launch 1.main on n1", "launch 1.other on n1"));
  world.complete(job, "other");
  EXPECT_EQ(world.state(job), "BP");
  world.complete(job, "main");
  EXPECT_EQ(world.state(job), "gone");
}

TEST_F(FlowTest, AStepFollowsTheSuccessOfAnother) {
  const JobNumber job = world.submit(one_step().step("next").after("main"));
  EXPECT_THAT(world.said(), ElementsAre("submitted 1", "launch 1.main on n1"));
  world.complete(job, "main");
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main", "launch 1.next on n1"));
  world.complete(job, "next");
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JD", "forget 1.next"));
}

TEST_F(FlowTest, AJoinWaitsForAllOfItsConditions) {
  const JobNumber job =
      world.submit(one_step().step("other").step("join").after("main").after("other"));
  world.complete(job, "main");
  EXPECT_EQ(world.step_state(job, "join"), "pending");
  world.complete(job, "other");
  EXPECT_EQ(world.step_state(job, "join"), "starting");
}

TEST_F(FlowTest, AfterAnyWaitsForOneOfThem) {
  const JobNumber job =
      world.submit(one_step().step("other").step("join").after_any("main").after_any("other"));
  world.complete(job, "other");
  EXPECT_EQ(world.step_state(job, "join"), "starting");
}

TEST_F(FlowTest, ABranchIsTakenByTheEventValueAndTheOtherIsSkipped) {
  const JobNumber job = world.submit(one_step()
                                         .step("same")
                                         .after("main.event=same")
                                         .step("differs")
                                         .after("main.event=differs")
                                         .step("behind")
                                         .after("differs"));
  world.complete(job, "main", with_event("same"));
  EXPECT_EQ(world.step_state(job, "same"), "starting");
  EXPECT_EQ(world.step_state(job, "differs"), "skipped");
  EXPECT_EQ(world.step_state(job, "behind"), "skipped");
  world.complete(job, "same");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(FlowTest, TheExitCodeIsTheEventValueWhereNoneIsReported) {
  const JobNumber job = world.submit(one_step().step("on3").after("main.event=3"));
  world.complete(job, "main", 3);
  EXPECT_EQ(world.step_state(job, "on3"), "starting");  // and the failure is handled by it
  world.complete(job, "on3");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(FlowTest, AHandledFailureDoesNotFailTheJob) {
  const JobNumber job =
      world.submit(one_step().step("repair").after("main.failure").step("on").after("main"));
  world.complete(job, "main", 3);
  EXPECT_EQ(world.step_state(job, "repair"), "starting");
  EXPECT_EQ(world.step_state(job, "on"), "skipped");
  world.complete(job, "repair");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(FlowTest, EndedHandlesAFailureToo) {
  const JobNumber job = world.submit(one_step().step("always").after("main.ended"));
  world.complete(job, "main", 3);
  world.complete(job, "always");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(FlowTest, EndedDoesNotHoldForASkippedStep) {
  const JobNumber job = world.submit(
      one_step().step("never").after("main.failure").step("behind").after("never.ended"));
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(FlowTest, AnUnhandledFailureStopsNewStepsAndLetsRunningOnesEnd) {
  const JobNumber job = world.submit(
      one_step().step("calc").step("after_main").after("main").step("after_calc").after("calc"));
  world.forget_said();
  world.complete(job, "calc", 3);
  EXPECT_EQ(world.state(job), "BP");
  EXPECT_EQ(world.reason(job), "step calc: exit code 3");
  EXPECT_EQ(world.step_state(job, "after_main"), "skipped");
  EXPECT_EQ(world.step_state(job, "main"), "starting");
  EXPECT_THAT(world.said(), ElementsAre("forget 1.calc"));
  world.complete(job, "main");
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JE step calc: exit code 3", "forget 1.main"));
  EXPECT_EQ(world.row(job).exit_code, 3);
}

TEST_F(FlowTest, WithContinueIndependentBranchesGoOnAndTheJobStillFails) {
  const JobNumber job =
      world.submit(one_step().step("calc").step("after_main").after("main").keep_going());
  world.complete(job, "calc", 3);
  EXPECT_EQ(world.reason(job), "step calc: exit code 3");
  world.complete(job, "main");
  EXPECT_EQ(world.step_state(job, "after_main"), "starting");
  world.forget_said();
  world.complete(job, "after_main");
  EXPECT_THAT(world.said(),
              ElementsAre("ended 1 JE step calc: exit code 3", "forget 1.after_main"));
}

TEST_F(FlowTest, AStepThatCancelsEndsTheJobAsCancelled) {
  const JobNumber job = world.submit(one_step().cancel_code(77).step("next").after("main"));
  world.forget_said();
  world.complete(job, "main", 77);
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JC step main: exit code 77", "forget 1.main"));
}

TEST_F(FlowTest, ACancelThatIsNamedByAConditionIsHandled) {
  const JobNumber job = world.submit(one_step().cancel_code(77).step("next").after("main.cancel"));
  world.complete(job, "main", 77);
  world.complete(job, "next");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(FlowTest, CleanupRunsAfterSuccess) {
  const JobNumber job = world.submit(one_step().cleanup());
  world.forget_said();
  world.complete(job, "main");
  EXPECT_THAT(world.said(), ElementsAre("launch 1.cleanup on n1", "forget 1.main"));
  EXPECT_EQ(world.state(job), "CU");
  world.complete(job, "cleanup");
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JD", "forget 1.cleanup"));
}

TEST_F(FlowTest, CleanupRunsAfterFailureAndItsOwnFailureChangesNothing) {
  const JobNumber job = world.submit(one_step().cleanup());
  world.complete(job, "main", 3);
  EXPECT_EQ(world.state(job), "CU");
  world.forget_said();
  world.complete(job, "cleanup", 9);
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JE step main: exit code 3", "forget 1.cleanup"));
}

TEST_F(FlowTest, CleanupFailureAfterSuccessIsRecordedOnly) {
  const JobNumber job = world.submit(one_step().cleanup());
  world.complete(job, "main");
  world.complete(job, "cleanup", 9);
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(FlowTest, CleanupRunsAfterACancelByAStep) {
  const JobNumber job = world.submit(one_step().cancel_code(77).cleanup());
  world.complete(job, "main", 77);
  EXPECT_EQ(world.state(job), "CU");
  world.complete(job, "cleanup");
  EXPECT_EQ(world.row(job).state, JobState::kCancelled);
}

TEST_F(FlowTest, AJobHoldsWhatItNeedsUntilAfterCleanup) {
  const JobNumber first = world.submit(one_step().needs(cpus(4)).cleanup());
  const JobNumber second = world.submit(one_step().needs(cpus(1)));
  world.complete(first, "main");
  EXPECT_EQ(world.state(second), "WR");
  world.complete(first, "cleanup");
  EXPECT_EQ(world.state(second), "BP");
}

TEST_F(FlowTest, StepsWithoutNeedsShareTheirJobsGrant) {
  const JobNumber job = world.submit(one_step().step("other").needs(cpus(3)));
  EXPECT_EQ(world.step_state(job, "main"), "starting");
  EXPECT_EQ(world.step_state(job, "other"), "starting");
  EXPECT_EQ(world.launched(job, "other").cpus, 3U);
}

TEST_F(FlowTest, NeedsOfAStepComeOnTopOfItsJobs) {
  const JobNumber job =
      world.submit(one_step().step_needs(cpus(2)).step("big").step_needs(cpus(2)).needs(cpus(1)));
  EXPECT_EQ(world.step_state(job, "main"), "starting");
  EXPECT_EQ(world.step_state(job, "big"), "waiting");
  world.complete(job, "main");
  EXPECT_EQ(world.step_state(job, "big"), "starting");
}

TEST_F(FlowTest, AStepWhoseNeedsAreEmptyTakesNothing) {
  world.submit(one_step().needs(cpus(4)));
  const JobNumber job = world.submit(one_step().step_needs({}));
  EXPECT_EQ(world.state(job), "BP");
  EXPECT_EQ(world.launched(job, "main").cpus, 0U);
}

TEST_F(FlowTest, AJobThatNeedsNamedThingsOnlyTakesACpuForEachStep) {
  world.create_exclusive("db");
  const JobNumber job = world.submit(one_step().needs(exclusive("db")));
  EXPECT_EQ(world.state(job), "BP");
  EXPECT_EQ(world.launched(job, "main").cpus, 1U);
}

TEST_F(FlowTest, ItIsShownWhenEveryStepThatCouldRunWaits) {
  world.create_exclusive("db");
  const JobNumber busy = world.submit(one_step().step_needs(cpus(4)));
  const JobNumber job = world.submit(one_step().needs(exclusive("db")));
  EXPECT_EQ(world.state(job), "BP WR");
  world.complete(busy, "main");
  EXPECT_EQ(world.state(job), "BP");
}

}  // namespace
}  // namespace jobq::sched
