// SPDX-License-Identifier: Apache-2.0
// Time limits of steps, and the warning signal before limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kUsr1 = 10;

class StepLimitsTest : public ::testing::Test {
 public:
  void SetUp() override {
    world.join("n1", 4);
    world.forget_said();
  }
  // Submitted, and its first step runs.
  JobNumber run(const SpecBuilder& builder) {
    const JobNumber job = world.submit(builder);
    world.started(job, builder.spec.steps.front().name);
    world.forget_said();
    return job;
  }
  static SpecBuilder tried(std::uint32_t max) {
    SpecBuilder builder = one_step();
    builder.spec.steps.front().retry.max = max;
    return builder;
  }
  // What a controller that starts from the rows so far asks for when n1 comes back.
  std::vector<Action> after_recovery() {
    std::vector<Action> actions;
    const auto core = world.restored(actions);
    actions.clear();
    core->step(rejoin(), world.now, actions);
    EXPECT_TRUE(core->check_invariants());
    return actions;
  }
  NodeJoined rejoin() const {
    NodeJoined event;
    event.name = "n1";
    event.incarnation = "i1";
    event.capacity.cpus = 4;
    event.capacity.memory = Bytes{1ULL << 30U};
    for (const Row& row : world.live_rows()) {
      const auto* attempt = std::get_if<AttemptRow>(&row);
      if (attempt != nullptr && !attempt->ended) event.attempts.push_back({attempt->id, true});
    }
    return event;
  }
  template <class Kind>
  static std::size_t count(const std::vector<Action>& actions) {
    std::size_t found = 0;
    for (const Action& action : actions) found += std::holds_alternative<Kind>(action) ? 1U : 0U;
    return found;
  }
  World world;
};

TEST_F(StepLimitsTest, AtItsLimitAStepIsEndedAndFails) {
  const JobNumber job = run(one_step().step_limit(seconds(30)).cleanup());
  EXPECT_EQ(world.wake(), world.now + seconds(30));
  world.pass(seconds(29));
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main"));
  EXPECT_EQ(world.step_state(job, "main"), "ending");
  world.complete(job, "main", 0);  // whatever it says of itself
  EXPECT_EQ(world.state(job), "CU");
  EXPECT_EQ(world.reason(job), "step main: time limit 30s");
  world.complete(job, "cleanup");
  EXPECT_EQ(world.row(job).state, JobState::kError);
}

TEST_F(StepLimitsTest, OtherStepsGoOn) {
  const JobNumber job =
      run(one_step().step_limit(seconds(30)).step("calc").step("mend").after("main.failure"));
  world.pass(seconds(30));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main"));
  world.complete(job, "main", 143);
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main", "launch 1.mend on n1"));
  EXPECT_EQ(world.step_state(job, "calc"), "starting");
}

TEST_F(StepLimitsTest, AnEndThatIsReportedInTimeCounts) {
  const JobNumber job = run(one_step().step_limit(seconds(30)));
  world.now = world.now + seconds(30);
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(StepLimitsTest, TheClockOfAStepRunsFromTheStartOfEachAttempt) {
  const JobNumber job = run(tried(1).step_limit(seconds(30)));
  world.pass(seconds(20));
  world.complete(job, "main", 1);
  world.forget_said();
  world.pass(seconds(29));
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main#2"));
}

TEST_F(StepLimitsTest, WhatItsLimitEndedIsNotTriedAgain) {
  const JobNumber job = run(tried(5).step_limit(seconds(30)));
  world.pass(seconds(30));
  world.complete(job, "main", 143);
  EXPECT_EQ(world.row(job).reason, "step main: time limit 30s");
}

TEST_F(StepLimitsTest, TheClockOfAStepStandsWhileTheJobIsHeld) {
  const JobNumber job = run(one_step().step_limit(seconds(30)));
  world.pass(seconds(10));
  world.hold(job);
  world.pass(seconds(500));
  world.release(job);
  world.forget_said();
  world.pass(seconds(19));
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main"));
}

TEST_F(StepLimitsTest, AHoldBeforeTheAttemptGivesItNoTime) {
  const JobNumber job = run(one_step().step("next").after("main").step_limit(seconds(30)));
  world.hold(job);
  world.pass(seconds(500));
  world.release(job);
  world.complete(job, "main");
  world.forget_said();
  world.pass(seconds(30));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.next"));
}

TEST_F(StepLimitsTest, TheLimitOfTheJobHoldsBesideThoseOfItsSteps) {
  const JobNumber job = run(one_step().step_limit(seconds(300)).limit(seconds(60)));
  world.pass(seconds(60));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main"));
  EXPECT_EQ(world.reason(job), "time limit 1m");
}

TEST_F(StepLimitsTest, EachElementOfAnArrayHasTheLimit) {
  Ticket ticket = ticket_of(one_step().step_limit(seconds(30)));
  ticket.array = parse_array("0-1").value();
  world.submit(ticket);
  world.forget_said();
  world.pass(seconds(30));
  EXPECT_THAT(world.said(), ElementsAre("kill 1[0].main", "kill 1[1].main"));
}

TEST_F(StepLimitsTest, ClocksGoOnFromWhereTheyWereAfterARecovery) {
  const JobNumber job = run(one_step().step_limit(seconds(30)));
  world.pass(seconds(10));
  world.hold(job);
  world.pass(seconds(500));
  world.release(job);
  world.pass(seconds(19));
  EXPECT_EQ(count<Kill>(after_recovery()), 0U);
  world.now = world.now + seconds(1);
  EXPECT_EQ(count<Kill>(after_recovery()), 1U);
}

TEST_F(StepLimitsTest, AHeldJobHasNoLimitAfterARecoveryEither) {
  const JobNumber job = run(one_step().step_limit(seconds(30)).limit(seconds(60)));
  world.hold(job);
  world.pass(seconds(500));
  const std::vector<Action> actions = after_recovery();
  EXPECT_EQ(count<Kill>(actions), 0U);
  EXPECT_EQ(count<Suspend>(actions), 1U);  // said again: the node may have missed it
}

// --- warnings

TEST_F(StepLimitsTest, RunningStepsAreWarnedOnceBeforeTheJobsLimit) {
  const JobNumber job =
      run(one_step().step("calc").step("late").limit(seconds(300)).warned(kUsr1, seconds(60)));
  world.started(job, "calc");
  world.forget_said();
  world.pass(seconds(239));
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.main", "signal 10 1.calc"));
  world.pass(seconds(30));
  world.started(job, "late");  // it could not be warned before
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.late"));
  world.pass(seconds(29));
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main", "kill 1.calc", "kill 1.late"));
}

TEST_F(StepLimitsTest, AWarningIsATransition) {
  const JobNumber job = run(one_step().limit(seconds(300)).warned(kUsr1, seconds(60)));
  world.pass(seconds(240));
  const auto history = world.core.show(job, world.now)->history;
  ASSERT_FALSE(history.empty());
  EXPECT_EQ(history.back().what, "warned");
  EXPECT_EQ(history.back().detail, "step main: USR1@1m");
}

TEST_F(StepLimitsTest, TheLimitThatComesFirstIsWarnedOf) {
  run(one_step().step_limit(seconds(100)).limit(seconds(300)).warned(kUsr1, seconds(60)));
  world.pass(seconds(40));
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.main"));
}

TEST_F(StepLimitsTest, AStepWithoutALimitIsNotWarned) {
  const JobNumber job =
      run(one_step().step_limit(seconds(100)).step("calc").warned(kUsr1, seconds(60)));
  world.started(job, "calc");
  world.pass(seconds(50));
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.main"));
}

TEST_F(StepLimitsTest, EachAttemptIsWarned) {
  const JobNumber job = run(tried(1).step_limit(seconds(100)).warned(kUsr1, seconds(60)));
  world.pass(seconds(40));
  world.complete(job, "main", 1);
  world.started(job, "main");
  world.forget_said();
  world.pass(seconds(40));
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.main#2"));
}

TEST_F(StepLimitsTest, ALimitShorterThanTheWarningWarnsAtOnce) {
  const JobNumber job = world.submit(one_step().limit(seconds(30)).warned(kUsr1, seconds(60)));
  world.forget_said();
  world.started(job, "main");
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.main"));
}

TEST_F(StepLimitsTest, CleanupIsNotWarned) {
  const JobNumber job =
      run(one_step().limit(seconds(300)).warned(kUsr1, seconds(60)).cleanup(seconds(30)));
  world.complete(job, "main");
  world.started(job, "cleanup");
  world.forget_said();
  world.pass(seconds(29));
  EXPECT_THAT(world.said(), IsEmpty());
}

TEST_F(StepLimitsTest, WhatIsToEndAnywayIsNotWarned) {
  const JobNumber job = run(one_step().limit(seconds(300)).warned(kUsr1, seconds(60)));
  world.cancel(job, "main");
  world.forget_said();
  world.pass(seconds(290));
  EXPECT_THAT(world.said(), IsEmpty());
}

TEST_F(StepLimitsTest, TheWarningWaitsWhileTheJobIsHeld) {
  const JobNumber job = run(one_step().limit(seconds(300)).warned(kUsr1, seconds(60)));
  world.pass(seconds(230));
  world.hold(job);
  world.pass(seconds(500));
  world.release(job);
  world.forget_said();
  world.pass(seconds(9));
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.main"));
}

TEST_F(StepLimitsTest, TheWarningWaitsForANodeThatIsAway) {
  run(one_step().limit(seconds(300)).warned(kUsr1, seconds(60)));
  world.lose("n1");
  world.forget_said();
  world.pass(seconds(250));
  EXPECT_THAT(world.said(), IsEmpty());
  world.join("n1", 4);
  EXPECT_THAT(world.said(), ElementsAre("welcome n1", "resume 1.main", "signal 10 1.main"));
}

TEST_F(StepLimitsTest, NobodyIsWarnedAgainAfterARecovery) {
  run(one_step().limit(seconds(300)).warned(kUsr1, seconds(60)));
  world.pass(seconds(239));
  EXPECT_EQ(count<Signal>(after_recovery()), 0U);
  world.now = world.now + seconds(1);
  EXPECT_EQ(count<Signal>(after_recovery()), 1U);
  world.send(Tick{});
  EXPECT_THAT(world.said(), Contains("signal 10 1.main"));
  EXPECT_EQ(count<Signal>(after_recovery()), 0U);
}

TEST_F(StepLimitsTest, AWarningWithoutALimitIsRefused) {
  world.submit(one_step().warned(kUsr1, seconds(60)));
  EXPECT_THAT(world.said(), ElementsAre("refused the signal USR1@1m is sent before a time limit "
                                        "or deadline, and the job has none; give it one (--time, "
                                        "time_limit, or --deadline)"));
}

TEST_F(StepLimitsTest, AClassCanWarnAndItsTicketsHaveTheLimit) {
  world.register_plan(one_step().warned(kUsr1, seconds(60)));
  world.forget_said();
  Ticket ticket;
  ticket.class_name = "plan";
  world.submit(ticket);
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("and the job has none")));
  ticket.time_limit = seconds(300);
  ticket.warning = Warning{12, seconds(30)};  // the ticket's own wins
  const JobNumber job = world.submit(ticket);
  world.started(job, "main");
  world.forget_said();
  world.pass(seconds(270));
  EXPECT_THAT(world.said(), ElementsAre("signal 12 1.main"));
}

}  // namespace
}  // namespace jobq::sched
