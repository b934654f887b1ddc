// SPDX-License-Identifier: Apache-2.0
// What a node is told: values, environment, output files, resources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

class LaunchTest : public ::testing::Test {
 public:
  void SetUp() override { world.join("n1", 4); }
  World world;
};

NameValue var(const std::string& name, const std::string& value) { return {name, value}; }

TEST_F(LaunchTest, TheEnvironmentSaysWhoItIsAndWhatItHas) {
  resmgr::Needs needs = cpus(2);
  needs.memory = Bytes{1024};
  const JobNumber job = world.submit(one_step().step_needs(needs));
  const Launch& launch = world.launched(job, "main");
  EXPECT_EQ(launch.user, "ann");
  EXPECT_EQ(launch.uid, 1000U);
  EXPECT_EQ(launch.cpus, 2U);
  EXPECT_EQ(launch.memory, Bytes{1024});
  EXPECT_THAT(launch.env, ElementsAre(var("JOBQ_ATTEMPT", "1"), var("JOBQ_CPUS", "2"),
                                      var("JOBQ_JOB", "1"), var("JOBQ_MEMORY", "1024"),
                                      var("JOBQ_NODES", "n1"), var("JOBQ_STEP", "main")));
}

TEST_F(LaunchTest, GpusAreNamedByTheirIndexes) {
  NodeJoined join;
  join.name = "g1";
  join.incarnation = "i";
  join.capacity.cpus = 1;
  join.capacity.gpus = 4;
  world.send(join);
  resmgr::Needs needs;
  needs.gpus = 2;
  const JobNumber job = world.submit(one_step().needs(needs));
  const Launch& launch = world.launched(job, "main");
  EXPECT_THAT(launch.gpus, ElementsAre(0, 1));
  EXPECT_THAT(launch.env, Contains(var("JOBQ_GPUS", "0,1")));
  EXPECT_THAT(launch.env, Contains(var("CUDA_VISIBLE_DEVICES", "0,1")));
}

TEST_F(LaunchTest, ValuesArePutIn) {
  SpecBuilder builder = one_step().argv({"./calc", "${day}", "${job}", "$${day}"});
  builder.spec.params = {{"day", false, "monday"}, {"start-hour", false, "8"}};
  builder.spec.env = {{"REGION", "${region}"}};
  builder.spec.params.push_back({"region", true, std::nullopt});
  builder.spec.workdir = "/srv/${day}";
  builder.spec.output = "logs/%j-%x-%s-%%.log";
  Ticket ticket = ticket_of(builder);
  ticket.params = {{"region", "north"}};
  ticket.name = "nightly";
  const JobNumber job = world.submit(ticket);
  const Launch& launch = world.launched(job, "main");
  EXPECT_THAT(launch.argv, ElementsAre("./calc", "monday", "1", "${day}"));
  EXPECT_EQ(launch.workdir, "/srv/monday");
  EXPECT_EQ(launch.output, "/srv/monday/logs/1-nightly-main-%.log");
  EXPECT_EQ(launch.error, "");
  EXPECT_THAT(launch.env, Contains(var("REGION", "north")));
  EXPECT_THAT(launch.env, Contains(var("JOBQ_PARAM_REGION", "north")));
  EXPECT_THAT(launch.env, Contains(var("JOBQ_PARAM_START_HOUR", "8")));
  EXPECT_EQ(world.core.show(job, world.now)->steps.at(0).attempts.at(0).output, launch.output);
}

TEST_F(LaunchTest, LettersStandForJobUserNodeAndAttempt) {
  SpecBuilder builder = one_step();
  builder.spec.output = "/l/%A.%t.%u.%N.%3j.%010a.%%j";
  const JobNumber job = world.submit(ticket_of(builder));
  EXPECT_EQ(world.launched(job, "main").output, "/l/1.1.ann.n1.001.0000000000.%j");
}

TEST_F(LaunchTest, EventsAndNodesOfFinishedStepsCanBeUsed) {
  const JobNumber job = world.submit(one_step().step("next").after("main").argv(
      {"./next", "${steps.main.event}", "${steps.main.node}"}));
  TaskEnd end;
  end.event = "differs";
  world.complete(job, "main", end);
  EXPECT_THAT(world.launched(job, "next").argv, ElementsAre("./next", "differs", "n1"));
  EXPECT_THAT(world.launched(job, "next").env, Contains(var("JOBQ_EVENT_MAIN", "differs")));
}

TEST_F(LaunchTest, AValueOfASkippedStepIsEmpty) {
  const JobNumber job = world.submit(
      one_step().step("repair").after("main.failure").step("last").after("main").cleanup());
  world.complete(job, "main");
  EXPECT_THAT(world.launched(job, "last").env,
              Not(Contains(::testing::Pair("JOBQ_EVENT_REPAIR", ::testing::_))));
}

TEST_F(LaunchTest, ALiteralStepIsTakenAsWritten) {
  SpecBuilder builder = one_step().argv({"echo", "${HOME}", "${job}"});
  builder.spec.steps[0].literal = true;
  const JobNumber job = world.submit(builder);
  EXPECT_THAT(world.launched(job, "main").argv, ElementsAre("echo", "${HOME}", "${job}"));
}

TEST_F(LaunchTest, OursGoesAboveTheJobsOwnEnvironment) {
  SpecBuilder builder = one_step();
  builder.spec.env = {{"CUDA_VISIBLE_DEVICES", "7"}, {"LANG", "C"}};
  const JobNumber job = world.submit(builder);
  EXPECT_THAT(world.launched(job, "main").env, Contains(var("LANG", "C")));
  EXPECT_THAT(world.launched(job, "main").env, Contains(var("CUDA_VISIBLE_DEVICES", "7")));
}

TEST_F(LaunchTest, TheFirstOfAJobEmptiesItsFileAndAllLaterOnesGoOn) {
  SpecBuilder builder = one_step().step("next").after("main").cleanup();
  builder.spec.workdir = "/srv";
  builder.spec.output = "%j.log";
  builder.spec.error = "%s.err";
  const JobNumber job = world.submit(builder);
  EXPECT_FALSE(world.launched(job, "main").append_output);
  world.complete(job, "main");
  EXPECT_TRUE(world.launched(job, "next").append_output);
  EXPECT_FALSE(world.launched(job, "next").append_error);
  world.complete(job, "next");
  EXPECT_TRUE(world.launched(job, "cleanup").append_output);
  const JobNumber other = world.submit(builder);
  EXPECT_FALSE(world.launched(other, "main").append_output);
}

// ${p} a thousand times in each of a thousand words.
SpecBuilder huge_step() {
  std::string word;
  for (int i = 0; i < 1000; ++i) word += "${p}";
  SpecBuilder builder = one_step().argv(std::vector<std::string>(1000, word));
  builder.spec.params = {{"p", false, std::string(8000, 'x')}};
  return builder;
}

TEST_F(LaunchTest, WhatNoNodeCanBeSentIsAFailureThatSaysSo) {
  const JobNumber job = world.submit(huge_step().step("repair").after("main.failure").cleanup());
  EXPECT_EQ(world.step_state(job, "main"), "failed");
  world.complete(job, "repair");
  world.complete(job, "cleanup");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
  world.forget_said();
  world.submit(huge_step());
  EXPECT_THAT(world.said(), ElementsAre("submitted 2",
                                        "ended 2 JE step main: its arguments, script and "
                                        "environment take more than 12M with their values put in"));
}

TEST_F(LaunchTest, WhatNoNodeCanBeSentIsNotTriedAgain) {
  SpecBuilder builder = huge_step();
  builder.spec.steps.front().retry.max = 1000;
  const JobNumber job = world.submit(builder);
  EXPECT_EQ(world.row(job).state, JobState::kError);
  const auto is_attempt = [](const Row& row) { return std::holds_alternative<AttemptRow>(row); };
  EXPECT_EQ(std::ranges::count_if(world.last_rows, is_attempt), 1);
}

}  // namespace
}  // namespace jobq::sched
