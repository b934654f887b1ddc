// SPDX-License-Identifier: Apache-2.0
// Exports: steps behind all others, one after the other; and devices, whose commands they run.
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
using ::testing::Not;

StepSpec export_of(std::string name, const std::string& device) {
  StepSpec step;
  step.name = std::move(name);
  step.is_export = true;
  step.kind = device.empty() ? StepKind::kDispose : StepKind::kRun;
  step.files = FileSpec{{"plan-${job}"}, device.empty() ? "area:r/" : "", 0, false, false};
  step.device = device;
  if (!device.empty()) step.needs.emplace().exclusive.push_back(device);
  return step;
}

class ExportTest : public ::testing::Test {
 public:
  void SetUp() override {
    world.join("n1", 4);
    world.forget_said();
  }
  World world;
};

TEST_F(ExportTest, BeginsWhenAllOtherStepsHaveEndedAndOneAfterTheOther) {
  SpecBuilder job_spec = one_step().step("other").step("mend").after("main.failure");
  job_spec.spec.steps.push_back(export_of("export-1", ""));
  job_spec.spec.steps.push_back(export_of("export-2", ""));
  const JobNumber job = world.submit(job_spec);
  world.forget_said();
  world.complete(job, "main");
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main"));
  EXPECT_EQ(world.step_state(job, "mend"), "skipped");
  world.complete(job, "other");
  EXPECT_THAT(world.said(), ElementsAre("forget 1.other", "launch 1.export-1 on n1"));
  world.complete(job, "export-1");
  EXPECT_THAT(world.said(), ElementsAre("forget 1.export-1", "launch 1.export-2 on n1"));
  world.complete(job, "export-2");
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JD", "forget 1.export-2"));
}

TEST_F(ExportTest, DoesNotBeginAfterAFailureThatNobodyHandled) {
  SpecBuilder job_spec = one_step().keep_going().step("other");
  job_spec.spec.steps.push_back(export_of("export-1", ""));
  const JobNumber job = world.submit(job_spec);
  world.complete(job, "main", 1);
  world.complete(job, "other");
  const std::vector<std::string> said = world.said();
  EXPECT_THAT(said, Contains("ended 1 JE step main: exit code 1"));
  EXPECT_THAT(said, Not(Contains(HasSubstr("launch 1.export-1"))));
}

TEST_F(ExportTest, RunsTheCommandOfItsDeviceWithTheFileAsInput) {
  world.send(CreateResource{
      World::kReply, world.root, {"printer", resmgr::NamedKind::kExclusive, 1, "lp -d main"}});
  SpecBuilder job_spec = one_step();
  job_spec.spec.steps.push_back(export_of("export-1", "printer"));
  const JobNumber job = world.submit(job_spec);
  world.complete(job, "main");
  const Launch& launch = world.launched(job, "export-1");
  ASSERT_EQ(launch.argv.size(), 3U);
  EXPECT_THAT(launch.argv.back(), HasSubstr("(exec <\"$JOBQ_EXPORT_FILE\"\nlp -d main\n)"));
  EXPECT_THAT(launch.env, Contains(NameValue{"JOBQ_EXPORT_FILE", "plan-1"}));
}

TEST_F(ExportTest, WaitsForTheDeviceThatAnotherOneHolds) {
  world.send(CreateResource{
      World::kReply, world.root, {"printer", resmgr::NamedKind::kExclusive, 1, "lp"}});
  SpecBuilder job_spec = one_step();
  job_spec.spec.steps.push_back(export_of("export-1", "printer"));
  const JobNumber first = world.submit(job_spec);
  const JobNumber second = world.submit(job_spec);
  world.complete(first, "main");
  world.complete(second, "main");
  EXPECT_EQ(world.step_state(first, "export-1"), "starting");
  EXPECT_EQ(world.step_state(second, "export-1"), "waiting");
  world.complete(first, "export-1");
  EXPECT_EQ(world.step_state(second, "export-1"), "starting");
}

TEST_F(ExportTest, FailsWhereItsResourceIsNoDevice) {
  world.create_exclusive("plain");
  SpecBuilder job_spec = one_step();
  job_spec.spec.steps.push_back(export_of("export-1", "plain"));
  const JobNumber job = world.submit(job_spec);
  world.complete(job, "main");
  EXPECT_THAT(world.reason(job), HasSubstr("the resource plain is no device"));
}

TEST_F(ExportTest, StandsBehindAllOtherStepsAndHasNoConditions) {
  JobSpec spec = one_step().spec;
  spec.steps.insert(spec.steps.begin(), export_of("export-1", ""));
  EXPECT_THAT(check_spec(spec), ElementsAre(Fault{"step[1]", "a step stands behind an export"}));
  spec = one_step().spec;
  spec.steps.push_back(export_of("export-1", ""));
  EXPECT_THAT(check_spec(spec), IsEmpty());
  spec.steps[1].after.push_back({"main", Condition::On::kSuccess, ""});
  EXPECT_THAT(check_spec(spec), ElementsAre(Fault{"step[1]", "an export has no conditions"}));
}

}  // namespace
}  // namespace jobq::sched
