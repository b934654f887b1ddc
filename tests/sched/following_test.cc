// SPDX-License-Identifier: Apache-2.0
// Jobs that come after other jobs, and steps that wait for jobs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/check_spec.h"
#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FollowingTest : public ::testing::Test {
 public:
  void SetUp() override {
    world.join("n1", 8);
    world.forget_said();
  }
  static Ticket after(const std::vector<std::string>& conditions,
                      const SpecBuilder& builder = one_step()) {
    Ticket ticket = ticket_of(builder);
    for (const std::string& text : conditions) {
      ticket.after.push_back(parse_job_condition(text).value());
    }
    return ticket;
  }
  JobNumber submit(Ticket ticket) {
    const JobNumber job = world.submit(std::move(ticket));
    world.forget_said();
    return job;
  }
  // Another core from the journal, and what it asks for first.
  std::unique_ptr<EventManager> restart() {
    std::vector<Action> actions;
    auto core = world.restored(actions);
    EXPECT_TRUE(core->check_invariants()) << core->check_invariants().error().message;
    return core;
  }
  World world;
};

TEST(JobCondition, SaysWhichJobAndWhatBecomesOfIt) {
  using On = JobCondition::On;
  const auto read = [](const char* text) { return parse_job_condition(text).value(); };
  EXPECT_EQ(read("41"), (JobCondition{"41", On::kDone, {}}));
  EXPECT_EQ(read("41.error"), (JobCondition{"41", On::kError, {}}));
  EXPECT_EQ(read("41.started+5m"), (JobCondition{"41", On::kStarted, seconds(300)}));
  EXPECT_EQ(read("nightly.ended"), (JobCondition{"nightly", On::kEnded, {}}));
  EXPECT_EQ(read("plan.v2"), (JobCondition{"plan.v2", On::kDone, {}}));
  EXPECT_EQ(read("a+b"), (JobCondition{"a+b", On::kDone, {}}));
  for (const char* text : {"41", "41.error", "41.started+5m", "plan.v2.ended"}) {
    EXPECT_EQ(read(to_string(read(text)).c_str()), read(text));
  }
}

TEST(JobCondition, RefusesWhatNamesNoJobOrNoEnd) {
  for (const char* text : {"", ".done", "17[3]", "+5m"}) {
    EXPECT_FALSE(parse_job_condition(text) && !parse_job_condition(text)->job.empty() &&
                 parse_job_condition(text)->job != text)
        << text;
  }
  EXPECT_FALSE(parse_job_condition(""));
  EXPECT_FALSE(parse_job_condition("17[3]"));
  const auto wrong = parse_job_condition("41.finished");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("'finished' is nothing that becomes of a job"));
}

TEST(Dependencies, AreReadBackAsTheyWereWritten) {
  using State = Dependency::State;
  using On = JobCondition::On;
  const std::vector<Dependency> all = {
      {JobNumber{41}, On::kDone, {}, State::kOpen, {}, ""},
      {JobNumber{1}, On::kStarted, seconds(5), State::kDelay, Time{77}, ""},
      {JobNumber{2}, On::kError, {}, State::kNever, {}, "job 2 is done: no error, that is"}};
  EXPECT_EQ(dependencies_in(to_text(all)), all);
  EXPECT_EQ(dependencies_in(""), std::vector<Dependency>{});
  EXPECT_FALSE(dependencies_in("41 0 0"));
  EXPECT_FALSE(dependencies_in("41 9 0 0 0 \n"));
}

TEST_F(FollowingTest, AJobStartsWhenTheOtherIsDoneAndNotBefore) {
  const JobNumber first = submit(ticket_of(one_step()));
  const JobNumber second = submit(after({"1"}));
  EXPECT_EQ(world.state(second), "QU");
  EXPECT_EQ(world.reason(second), "waits for job 1 to be done");
  world.send(Tick{});
  EXPECT_THAT(world.said(), IsEmpty());
  world.complete(first, "main");
  EXPECT_THAT(world.said(), Contains("launch 2.main on n1"));
}

TEST_F(FollowingTest, EachEndIsAConditionOfItsOwn) {
  const JobNumber first = submit(ticket_of(one_step()));
  submit(after({"1.done"}));
  submit(after({"1.error"}));
  submit(after({"1.ended"}));
  world.complete(first, "main", 3);
  const std::vector<std::string> said = world.said();
  EXPECT_THAT(said, Contains("launch 3.main on n1"));
  EXPECT_THAT(said, Contains("launch 4.main on n1"));
  EXPECT_THAT(said, Contains(HasSubstr("ended 2 JC dependency: 1.done can never hold: job 1 ended "
                                       "in error (step main: exit code 3)")));
}

TEST_F(FollowingTest, ACancelledJobIsNeitherDoneNorInError) {
  submit(ticket_of(one_step().needs(cpus(9999)).needs(cpus(8))));
  submit(after({"1.done"}));
  submit(after({"1.error"}));
  submit(after({"1.ended"}));
  world.cancel(JobNumber{1});
  world.complete(JobNumber{1}, "main", 1);
  EXPECT_EQ(world.state(JobNumber{2}), "gone");
  EXPECT_EQ(world.state(JobNumber{3}), "gone");
  EXPECT_EQ(world.state(JobNumber{4}), "BP");
  EXPECT_THAT(world.row(JobNumber{3}).reason, HasSubstr("job 1 was cancelled"));
}

TEST_F(FollowingTest, StartedIsAConditionToo) {
  submit(ticket_of(one_step().needs(cpus(8))));
  submit(ticket_of(one_step().needs(cpus(8))));
  submit(after({"1.started"}, one_step().step_needs({})));
  EXPECT_EQ(world.state(JobNumber{3}), "BP");
  submit(after({"2.started"}, one_step().step_needs({})));
  EXPECT_EQ(world.state(JobNumber{4}), "QU");
  world.complete(JobNumber{1}, "main");
  EXPECT_EQ(world.state(JobNumber{4}), "BP");
}

TEST_F(FollowingTest, AJobThatEndsBeforeItStartedNeverStarts) {
  submit(ticket_of(one_step().needs(cpus(8))));
  submit(ticket_of(one_step().needs(cpus(8))));
  submit(after({"2.started"}));
  world.cancel(JobNumber{2});
  EXPECT_EQ(world.state(JobNumber{3}), "gone");
  EXPECT_THAT(world.row(JobNumber{3}).reason, HasSubstr("2.started can never hold"));
}

TEST_F(FollowingTest, ADelayCountsFromTheEnd) {
  submit(ticket_of(one_step()));
  submit(after({"1.ended+1m"}));
  world.pass(seconds(10));
  world.complete(JobNumber{1}, "main");
  world.forget_said();
  EXPECT_EQ(world.state(JobNumber{2}), "QU");
  EXPECT_THAT(world.reason(JobNumber{2}), HasSubstr("1.ended+1m holds from "));
  world.pass(seconds(59));
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("launch 2.main on n1"));
}

TEST_F(FollowingTest, AllOfSeveralMustHold) {
  submit(ticket_of(one_step()));
  submit(ticket_of(one_step()));
  submit(after({"1", "2"}));
  EXPECT_EQ(world.reason(JobNumber{3}), "waits for job 1 to be done, and 1 more");
  world.complete(JobNumber{2}, "main");
  EXPECT_EQ(world.state(JobNumber{3}), "QU");
  world.complete(JobNumber{1}, "main");
  EXPECT_EQ(world.state(JobNumber{3}), "BP");
}

TEST_F(FollowingTest, WhatCanNeverBeIsKeptWhereTheTicketSaysSo) {
  submit(ticket_of(one_step()));
  Ticket ticket = after({"1"});
  ticket.keeps_never = true;
  const JobNumber kept = submit(std::move(ticket));
  world.complete(JobNumber{1}, "main", 1);
  EXPECT_EQ(world.state(kept), "QU");
  EXPECT_THAT(world.reason(kept), HasSubstr("1.done can never hold"));
  const Why why = *world.core.why(kept, world.now);
  ASSERT_EQ(why.blockers.size(), 1U);
  EXPECT_EQ(why.blockers[0].kind, "dependency");
  EXPECT_THAT(why.blockers[0].remedy, HasSubstr("jq cancel 2"));
  world.cancel(kept);
  EXPECT_EQ(world.state(kept), "gone");
}

TEST_F(FollowingTest, AnEndThatCameBeforeCounts) {
  submit(ticket_of(one_step()));
  world.complete(JobNumber{1}, "main");
  EXPECT_EQ(world.state(submit(after({"1"}))), "BP");
  EXPECT_EQ(world.state(submit(after({"1.error"}))), "gone");
  world.pass(seconds(30));
  const JobNumber late = submit(after({"1.ended+1m"}));
  EXPECT_EQ(world.state(late), "QU");
  world.pass(seconds(30));
  EXPECT_EQ(world.state(late), "BP");
}

TEST_F(FollowingTest, AJobThatNobodyKnowsIsRefused) {
  world.submit(after({"99"}));
  EXPECT_THAT(world.said(), ElementsAre("refused after 99: there is no such job"));
  world.submit(after({"nightly"}));
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("no job of yours of that name is in the queue")));
  submit(ticket_of(one_step()));
  world.complete(JobNumber{1}, "main");
  world.forget_said();
  world.send(NewJobNotice{World::kReply,
                          world.ann,
                          "",
                          {after({"1"})},
                          false,
                          {},
                          {{JobNumber{1}, {}, {}, Outcome::kNone, ""}}});
  EXPECT_THAT(world.said(),
              ElementsAre("refused after 1: the history does not have that job any more"));
}

TEST_F(FollowingTest, ANameMeansTheNewestOfTheUsersJobs) {
  Ticket named = ticket_of(one_step());
  named.name = "nightly";
  submit(named);
  submit(named);
  world.send(NewJobNotice{World::kReply, world.bob, "", {named}, false, {}, {}});
  const JobNumber follower = submit(after({"nightly.ended"}));
  EXPECT_EQ(world.reason(follower), "waits for job 2 to end");
}

TEST_F(FollowingTest, AnArrayWaitsAndIsWaitedForAsAWhole) {
  Ticket array = ticket_of(one_step());
  array.array = parse_array("0-1").value();
  submit(array);
  Ticket second = after({"1"});
  second.array = parse_array("0-2").value();
  const JobNumber waiting = submit(std::move(second));
  EXPECT_EQ(world.state(waiting), "QU");
  const JobNumber element = world.element(JobNumber{1}, 0);
  const JobNumber last = world.element(JobNumber{1}, 1);
  world.complete(element, "main");
  EXPECT_EQ(world.state(waiting), "QU");
  world.complete(last, "main");
  EXPECT_EQ(world.state(waiting), "BP");
}

TEST_F(FollowingTest, AnArrayWhoseConditionCanNeverHoldIsCancelledWhole) {
  submit(ticket_of(one_step()));
  Ticket array = after({"1"});
  array.array = parse_array("0-2").value();
  submit(std::move(array));
  world.complete(JobNumber{1}, "main", 1);
  EXPECT_EQ(world.state(JobNumber{2}), "gone");
  EXPECT_EQ(world.row(JobNumber{2}).decided, Outcome::kCancel);
}

TEST_F(FollowingTest, AChainOfThemIsCancelledToItsEnd) {
  submit(ticket_of(one_step()));
  for (int i = 1; i <= 20; ++i) submit(after({fmt::to_string(i)}));
  world.complete(JobNumber{1}, "main", 1);
  for (std::uint64_t i = 2; i <= 21; ++i) EXPECT_EQ(world.state(JobNumber{i}), "gone") << i;
}

TEST_F(FollowingTest, HeldItWaitsForBoth) {
  submit(ticket_of(one_step()));
  const JobNumber second = submit(after({"1"}));
  world.hold(second);
  world.complete(JobNumber{1}, "main");
  EXPECT_EQ(world.state(second), "HD");
  world.release(second);
  EXPECT_EQ(world.state(second), "BP");
}

TEST_F(FollowingTest, ARestartForgetsNothing) {
  submit(ticket_of(one_step()));
  submit(after({"1.ended+1m", "1.started"}));
  auto core = restart();
  EXPECT_EQ(core->state_of(JobNumber{2}), JobState::kQueued);
  world.complete(JobNumber{1}, "main");
  core = restart();
  std::vector<Action> actions;
  core->step(Tick{}, world.now + seconds(59), actions);
  EXPECT_EQ(core->state_of(JobNumber{2}), JobState::kQueued);
  core->step(Tick{}, world.now + seconds(60), actions);
  EXPECT_EQ(core->state_of(JobNumber{2}), JobState::kWaitingResources);
}

// --- wait steps

TEST_F(FollowingTest, AWaitStepEndsWithTheLastOfItsJobs) {
  submit(ticket_of(one_step()));
  submit(ticket_of(one_step()));
  const JobNumber job = submit(ticket_of(SpecBuilder().step("w").wait_for({"1", "2"})));
  EXPECT_EQ(world.state(job), "BP");
  EXPECT_EQ(world.step_state(job, "w"), "running");
  world.complete(JobNumber{2}, "main");
  EXPECT_EQ(world.step_state(job, "w"), "running");
  const Why why = *world.core.why(job, world.now);
  ASSERT_EQ(why.blockers.size(), 1U);
  EXPECT_THAT(why.blockers[0].text, HasSubstr("waits for the end of job 1"));
  world.complete(JobNumber{1}, "main");
  EXPECT_EQ(world.state(job), "gone");
  EXPECT_EQ(world.row(job).decided, Outcome::kSuccess);
}

TEST_F(FollowingTest, AWaitStepFailsWhenOneOfThemDidNotSucceed) {
  submit(ticket_of(one_step()));
  const JobNumber job = submit(
      ticket_of(SpecBuilder().step("w").wait_for({"1"}).step("after").after("w.event=failure")));
  world.complete(JobNumber{1}, "main", 1);
  EXPECT_EQ(world.step_state(job, "w"), "failed");
  EXPECT_EQ(world.step_state(job, "after"), "starting");
}

TEST_F(FollowingTest, AWaitStepAsksTheHistoryForJobsThatHadEnded) {
  submit(ticket_of(one_step()));
  world.complete(JobNumber{1}, "main");
  const JobNumber job = submit(ticket_of(SpecBuilder().step("w").wait_for({"1"})));
  const LookUp* asked = nullptr;
  for (const Action& action : world.actions) {
    if (const auto* one = std::get_if<LookUp>(&action)) asked = one;
  }
  ASSERT_NE(asked, nullptr);
  EXPECT_THAT(asked->jobs, ElementsAre(JobNumber{1}));
  world.send(LookedUp{asked->id, world.facts_of({JobNumber{1}})});
  EXPECT_EQ(world.state(job), "gone");
  EXPECT_EQ(world.row(job).decided, Outcome::kSuccess);
}

TEST_F(FollowingTest, AWaitStepFailsForAJobThatTheHistoryHasNoMore) {
  submit(ticket_of(one_step()));
  world.complete(JobNumber{1}, "main");
  const JobNumber job = submit(ticket_of(SpecBuilder().step("w").wait_for({"1"})));
  world.send(LookedUp{{job, StepId{0}, Attempt{1}}, {}});
  EXPECT_EQ(world.row(job).decided, Outcome::kFailure);
  EXPECT_THAT(world.row(job).reason, HasSubstr("the history does not have it any more"));
}

TEST_F(FollowingTest, ANameMeansThoseThatWereInTheQueueThen) {
  Ticket named = ticket_of(one_step());
  named.name = "part";
  submit(named);
  submit(named);
  const JobNumber job = submit(ticket_of(SpecBuilder().step("w").wait_for({"part"})));
  submit(named);
  auto core = restart();
  world.complete(JobNumber{1}, "main");
  world.complete(JobNumber{2}, "main");
  EXPECT_EQ(world.state(job), "gone");
  EXPECT_EQ(world.state(JobNumber{4}), "BP");
}

TEST_F(FollowingTest, AWaitStepThatIsCancelledWaitsNoMore) {
  submit(ticket_of(one_step()));
  const JobNumber job = submit(ticket_of(SpecBuilder().step("w").wait_for({"1"})));
  world.cancel(job);
  EXPECT_EQ(world.state(job), "gone");
  world.complete(JobNumber{1}, "main");
}

TEST_F(FollowingTest, AWaitStepHasATimeLimit) {
  submit(ticket_of(one_step()));
  const JobNumber job =
      submit(ticket_of(SpecBuilder().step("w").wait_for({"1"}).step_limit(seconds(5))));
  world.pass(seconds(5));
  EXPECT_EQ(world.state(job), "gone");
  EXPECT_EQ(world.row(job).reason, "step w: time limit 5s");
}

TEST_F(FollowingTest, AWaitStepCannotWaitForItsOwnJob) {
  const JobNumber job = submit(ticket_of(SpecBuilder().step("w").wait_for({"1"})));
  EXPECT_EQ(world.row(job).decided, Outcome::kFailure);
  EXPECT_THAT(world.row(job).reason, HasSubstr("cannot wait for itself"));
}

TEST_F(FollowingTest, AnElementWaitsNeitherForItsArrayNorForWhatIsAboveIt) {
  Ticket array = ticket_of(SpecBuilder().step("w").wait_for({"part"}));
  array.name = "part";
  array.array = parse_array("0-1").value();
  submit(array);
  EXPECT_EQ(world.state(JobNumber{1}), "gone");
  EXPECT_EQ(world.row(JobNumber{1}).decided, Outcome::kSuccess);
}

TEST_F(FollowingTest, WhatIsNoJobIsNotWaitedFor) {
  Ticket ticket = ticket_of(one_step());
  submit(ticket);
  const auto reason = [&](const std::string& event) {
    const JobNumber job = submit(
        ticket_of(SpecBuilder().step("go").step("w").after("go").wait_for({"${steps.go.event}"})));
    TaskEnd end;
    end.event = event;
    world.complete(job, "go", end);
    return world.row(job).reason;
  };
  EXPECT_THAT(reason(""), HasSubstr("expected the number or name of a job"));
  EXPECT_THAT(reason("1[0]"), HasSubstr("an element of an array cannot be waited for alone"));
  EXPECT_THAT(reason("1.done"), HasSubstr("expected \"1\""));
}

TEST_F(FollowingTest, JobsThatWaitForEachOtherAreToldSo) {
  const auto waiting = [&](const std::string& own, const std::string& other) {
    Ticket ticket = ticket_of(SpecBuilder().step("a").step("w").after("a").wait_for({other}));
    ticket.name = own;
    return submit(ticket);
  };
  const JobNumber first = waiting("one", "two");
  const JobNumber second = waiting("two", "one");
  world.complete(first, "a");
  const auto text = [&](JobNumber job) {
    return world.core.why(job, world.now)->blockers.at(0).text;
  };
  EXPECT_EQ(text(first), "waits for the end of job 2 (being processed)");
  world.complete(second, "a");
  for (const JobNumber job : {first, second}) {
    EXPECT_THAT(text(job), HasSubstr("which waits for this one in turn"));
  }
}

TEST_F(FollowingTest, ARestartWaitsOn) {
  submit(ticket_of(one_step()));
  const JobNumber job = submit(ticket_of(SpecBuilder().step("w").wait_for({"1"})));
  auto core = restart();
  EXPECT_EQ(core->state_of(job), JobState::kProcessing);
  const Why why = *core->why(job, world.now);
  ASSERT_EQ(why.blockers.size(), 1U);
  EXPECT_THAT(why.blockers[0].text, HasSubstr("waits for the end of job 1"));
}

TEST(CheckBuiltIn, AProcessesKeysAreOfProcesses) {
  SpecBuilder builder = SpecBuilder().step("w").wait_for({"1"}).step_needs(cpus(1));
  builder.spec.steps[0].exit.success = {3};
  builder.spec.steps[0].retry.max = 1;
  builder.spec.steps[0].retry.elsewhere = true;
  const std::string faults = to_string(check_spec(builder.spec));
  EXPECT_THAT(faults, HasSubstr("needs is of a process; a wait step has none"));
  EXPECT_THAT(faults, HasSubstr("exit is of a process"));
  EXPECT_THAT(faults, HasSubstr("retry.elsewhere is of a process"));
}

}  // namespace
}  // namespace jobq::sched
