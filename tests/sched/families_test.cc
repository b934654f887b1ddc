// SPDX-License-Identifier: Apache-2.0
// Jobs that steps submit: spawn steps, children of processes, families.
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

class FamiliesTest : public ::testing::Test {
 public:
  void SetUp() override {
    world.join("n1", 8);
    world.register_plan(one_step());
    world.forget_said();
  }
  JobNumber submit(const SpecBuilder& builder) {
    const JobNumber job = world.submit(builder);
    world.forget_said();
    return job;
  }
  static SpecBuilder spawning(bool wait) { return SpecBuilder().step("go").spawn("plan", wait); }
  std::optional<std::string> event_of(JobNumber job, const std::string& step) const {
    const auto detail = world.core.show(job, world.now);
    for (const StepView& view : detail->steps) {
      if (view.name == step) return view.event;
    }
    return std::nullopt;
  }
  World world;
  const JobNumber parent{1};
  const JobNumber child{2};
};

TEST_F(FamiliesTest, ASpawnThatDoesNotWaitEndsAtOnceAndSaysTheNumber) {
  submit(spawning(false).step("last").after("go"));
  EXPECT_EQ(world.step_state(parent, "go"), "succeeded");
  EXPECT_EQ(event_of(parent, "go"), "2");
  EXPECT_EQ(world.state(child), "BP");
  EXPECT_EQ(world.row(child).parent, (AttemptId{parent, StepId{0}, Attempt{1}}));
  EXPECT_EQ(world.core.show(child, world.now)->parent, parent);
  world.complete(parent, "last");
  EXPECT_EQ(world.state(parent), "gone");
  EXPECT_EQ(world.state(child), "BP");
}

TEST_F(FamiliesTest, ASpawnThatWaitsEndsAsTheJobDoes) {
  submit(spawning(true));
  EXPECT_EQ(world.step_state(parent, "go"), "running");
  const Why why = *world.core.why(parent, world.now);
  ASSERT_EQ(why.blockers.size(), 1U);
  EXPECT_THAT(why.blockers[0].text, HasSubstr("waits for the end of job 2"));
  world.complete(child, "main");
  EXPECT_EQ(world.row(parent).decided, Outcome::kSuccess);
}

TEST_F(FamiliesTest, AFailureOfTheChildIsAFailureOfTheStep) {
  submit(spawning(true));
  world.complete(child, "main", 4);
  EXPECT_EQ(world.row(parent).decided, Outcome::kFailure);
  EXPECT_EQ(world.row(parent).reason, "step go: job 2 ended in error (step main: exit code 4)");
}

TEST_F(FamiliesTest, ACancelOfTheChildIsACancelOfTheStep) {
  submit(spawning(true));
  world.cancel(child);
  world.complete(child, "main", 1);
  EXPECT_EQ(world.row(parent).decided, Outcome::kCancel);
}

TEST_F(FamiliesTest, TheEventValueIsHandedUp) {
  submit(spawning(true).step("next").after("go.event=agree"));
  TaskEnd end;
  end.event = "agree";
  world.complete(child, "main", end);
  EXPECT_EQ(world.step_state(parent, "next"), "starting");
}

TEST_F(FamiliesTest, ParametersAreHandedDown) {
  SpecBuilder plan = one_step().argv({"calc", "${day}"});
  plan.spec.params.push_back({"day", true, std::nullopt});
  plan.spec.class_name = "daily";
  plan.spec.class_version = "1";
  world.send(RegisterClass{
      World::kReply, world.ann, {std::make_shared<JobSpec>(plan.spec), "text", "daily.toml"}});
  SpecBuilder builder = SpecBuilder().step("first").argv({"x"}).step("go").spawn("daily", true);
  builder.after("first");
  builder.spec.steps[1].spawn->params = {{"day", "of ${steps.first.event}"}};
  submit(builder);
  world.complete(parent, "first", 0);
  EXPECT_EQ(world.launched(child, "main").argv, (std::vector<std::string>{"calc", "of 0"}));
}

TEST_F(FamiliesTest, AJobWithStepsOfItsOwnIsSpawnedAsOneOfAClassIs) {
  SpecBuilder own = SpecBuilder().step("calc").argv({"calc", "${day}"});
  own.spec.params.push_back({"day", true, std::nullopt});
  SpecBuilder builder = SpecBuilder().step("first").argv({"x"}).step("go").spawn_own(own, true);
  builder.after("first").step("next").argv({"y"}).after("go.event=agree");
  builder.spec.steps[1].spawn->params = {{"day", "of ${steps.first.event}"}};
  builder.spec.workdir = "/parent";
  submit(builder);
  world.complete(parent, "first", 0);
  EXPECT_EQ(world.launched(child, "calc").argv, (std::vector<std::string>{"calc", "of 0"}));
  EXPECT_EQ(world.launched(child, "calc").workdir, "/parent");
  EXPECT_EQ(world.core.show(child, world.now)->summary.name, "go");
  EXPECT_EQ(world.row(child).parent, (AttemptId{parent, StepId{1}, Attempt{1}}));
  TaskEnd end;
  end.event = "agree";
  world.complete(child, "calc", end);
  EXPECT_EQ(world.step_state(parent, "next"), "starting");
}

TEST_F(FamiliesTest, WhatASpawnedJobNeedsAndNamesIsLookedAtWhenItsParentIsSubmitted) {
  SpecBuilder large = SpecBuilder().step("calc").argv({"x"});
  large.spec.needs.cpus = 1000;
  world.submit(SpecBuilder().step("go").spawn_own(large, true));
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("step go: needs 1000 cpus")));
  const SpecBuilder within = SpecBuilder().step("sub").spawn("plam", true);
  world.submit(SpecBuilder().step("go").spawn_own(within, true));
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("step go: step sub: ")));
}

TEST_F(FamiliesTest, JobsWithinJobsEndSomewhere) {
  SpecBuilder job = SpecBuilder().step("inmost").argv({"x"});
  for (std::size_t i = 0; i < kMostSpawnDepth; ++i)
    job = SpecBuilder().step("go").spawn_own(job, true);
  EXPECT_TRUE(check_spec(job.spec).empty());
  job = SpecBuilder().step("go").spawn_own(job, true);
  EXPECT_EQ(to_string(check_spec(job.spec)), "step[0].spawn: jobs within jobs go at most 8 deep");
}

TEST_F(FamiliesTest, AClassThatIsNotThereIsRefusedAtSubmission) {
  world.submit(SpecBuilder().step("go").spawn("plam", true));
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("step go: ")));
  SpecBuilder builder = spawning(true);
  builder.spec.steps[0].spawn->params = {{"day", "1"}};
  world.submit(builder);
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("has no parameter 'day'")));
}

TEST_F(FamiliesTest, AClassThatWasRetiredMeanwhileFailsTheStep) {
  submit(SpecBuilder().step("first").argv({"x"}).step("go").spawn("plan", true).after("first"));
  world.send(RetireClass{World::kReply, world.ann, "plan", ""});
  world.complete(parent, "first");
  EXPECT_EQ(world.row(parent).decided, Outcome::kFailure);
  EXPECT_THAT(world.row(parent).reason, HasSubstr("class plan was not submitted"));
}

TEST_F(FamiliesTest, TheEndOfAWaitingSpawnCancelsItsJob) {
  submit(spawning(true));
  world.cancel(parent);
  EXPECT_EQ(world.state(parent), "gone");
  world.complete(child, "main", 1);
  EXPECT_EQ(world.row(child).decided, Outcome::kCancel);
}

TEST_F(FamiliesTest, ATimeLimitOfTheStepEndsItsJob) {
  submit(spawning(true).step_limit(seconds(5)));
  world.pass(seconds(5));
  EXPECT_EQ(world.row(parent).reason, "step go: time limit 5s");
  world.complete(child, "main", 1);
  EXPECT_EQ(world.row(child).decided, Outcome::kCancel);
}

TEST_F(FamiliesTest, ASpawnIsTriedAgainWithAnotherJob) {
  SpecBuilder builder = spawning(true);
  builder.spec.steps[0].retry.max = 1;
  submit(builder);
  world.complete(child, "main", 1);
  EXPECT_EQ(world.step_state(parent, "go"), "running");
  world.complete(JobNumber{3}, "main");
  EXPECT_EQ(world.row(parent).decided, Outcome::kSuccess);
}

TEST_F(FamiliesTest, ALoopSpawnsAnew) {
  submit(SpecBuilder().step("go").spawn("plan", true).again("go", "success", 2));
  for (std::uint64_t i = 2; i <= 4; ++i) {
    EXPECT_EQ(world.state(parent), "BP");
    world.complete(JobNumber{i}, "main");
  }
  EXPECT_EQ(world.row(parent).decided, Outcome::kSuccess);
  EXPECT_EQ(world.state(JobNumber{5}), "gone");
}

TEST_F(FamiliesTest, AClassThatSpawnsItselfComesToAnEnd) {
  SpecBuilder endless = SpecBuilder().step("go").spawn("endless", true);
  endless.spec.class_name = "endless";
  endless.spec.class_version = "1";
  world.send(RegisterClass{
      World::kReply, world.ann, {std::make_shared<JobSpec>(endless.spec), "text", "endless.toml"}});
  Ticket ticket;
  ticket.class_name = "endless";
  world.submit(ticket);
  EXPECT_EQ(world.state(parent), "gone");
  EXPECT_EQ(world.row(parent).decided, Outcome::kFailure);
  EXPECT_EQ(world.core.live_count(), 0U);
}

TEST_F(FamiliesTest, WhatAStepSubmitsIsItsChild) {
  submit(one_step());
  NewJobNotice notice{World::kReply, world.ann, "", {ticket_of(one_step())}, false};
  notice.caller = {parent, "main"};
  world.send(notice);
  EXPECT_EQ(world.row(child).parent, (AttemptId{parent, StepId{0}, Attempt{1}}));
  notice.actor = world.bob;
  world.send(notice);
  EXPECT_FALSE(world.row(JobNumber{3}).parent.job) << "of another user";
  std::vector<std::string> history;
  const JobDetail detail = *world.core.show(parent, world.now);
  for (const HistoryEntry& entry : detail.history) {
    history.push_back(entry.what + ": " + entry.detail);
  }
  EXPECT_THAT(history, Contains("submitted jobs: job 2 by step main"));
}

TEST_F(FamiliesTest, ACancelCanTakeTheFamily) {
  world.register_plan(one_step());
  submit(spawning(false).step("stay").argv({"x"}));
  submit(one_step());
  Selector family = World::only(parent);
  family.family = true;
  world.send(Cancel{World::kReply, world.ann, family, 0});
  EXPECT_EQ(world.step_state(child, "main"), "ending");
  EXPECT_EQ(world.step_state(parent, "stay"), "ending");
  EXPECT_EQ(world.step_state(JobNumber{3}, "main"), "starting");
}

TEST_F(FamiliesTest, WhatAnElementSubmitsIsBelowItsArrayAndWhatIsAboveThat) {
  submit(one_step());
  Ticket array = ticket_of(spawning(false).step("stay").argv({"x"}));
  array.array = parse_array("0-1%1").value();
  NewJobNotice notice{World::kReply, world.ann, "", {array}, false};
  notice.caller = {parent, "main"};
  world.send(notice);
  const JobNumber element = world.element(JobNumber{2}, 0);
  const JobNumber spawned{element.value + 1};
  EXPECT_THAT(world.row(spawned).ancestors, ElementsAre(parent, JobNumber{2}, element));
  Selector family = World::only(JobNumber{2});
  family.family = true;
  world.send(Cancel{World::kReply, world.ann, family, 0});
  EXPECT_EQ(world.step_state(spawned, "main"), "ending");
  EXPECT_EQ(world.step_state(parent, "main"), "starting");
}

TEST_F(FamiliesTest, TheFamilyOfAJobThatHasEndedIsStillItsFamily) {
  submit(spawning(false));
  ASSERT_EQ(world.state(parent), "gone");
  Selector family = World::only(parent);
  family.family = true;
  world.send(Cancel{World::kReply, world.ann, family, 0});
  EXPECT_THAT(world.said(), Contains("1 ok"));
  world.complete(child, "main", 1);
  EXPECT_EQ(world.row(child).decided, Outcome::kCancel);
  world.send(Cancel{World::kReply, world.ann, family, 0});
  EXPECT_THAT(world.said(), Contains(HasSubstr("1 job 1 has ended")));
}

TEST_F(FamiliesTest, ARestartKnowsWhoWaitsForWhom) {
  submit(spawning(true));
  std::vector<Action> actions;
  auto core = world.restored(actions);
  ASSERT_TRUE(core->check_invariants()) << core->check_invariants().error().message;
  EXPECT_EQ(core->live_count(), 2U) << "nothing was spawned again";
  actions.clear();
  core->step(Cancel{World::kReply, world.ann, World::only(parent), 0}, world.now, actions);
  EXPECT_EQ(core->state_of(parent), std::nullopt);
}

}  // namespace
}  // namespace jobq::sched
