// SPDX-License-Identifier: Apache-2.0
// What jobs and steps ask for where they say little.
#include "sched/asked.h"

#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

std::string asks(const SpecBuilder& builder) { return asked_text(builder.spec); }

TEST(Asked, AJobThatSaysNothingAsksForOneProcessor) {
  EXPECT_EQ(asks(one_step()), "1 cpu");
  EXPECT_EQ(asks(one_step().step("next")), "1 cpu for each step");
}

TEST(Asked, TheNeedsOfTheJobComeBeforeThoseOfItsSteps) {
  EXPECT_EQ(asks(one_step().needs(cpus(4))), "4 cpus");
  EXPECT_EQ(asks(one_step().needs(exclusive("db"))), "exclusive db; 1 cpu");
  EXPECT_EQ(asks(one_step().step_needs({})), "nothing");
}

TEST(Asked, StepsThatDifferAreNamedAndFewOfMany) {
  SpecBuilder builder = one_step().step_needs(cpus(2)).step("next");
  EXPECT_EQ(asks(builder), "main: 2 cpus; next: 1 cpu");
  for (const char* name : {"c", "d", "e", "f", "g"}) builder.step(name);
  EXPECT_EQ(asks(builder), "main: 2 cpus; next: 1 cpu; c: 1 cpu; d: 1 cpu; e: 1 cpu; and 2 more");
}

TEST(Asked, TheElementOfTheJobIsNamed) {
  SpecBuilder builder = one_step();
  builder.spec.needs.element = "batch";
  EXPECT_EQ(asks(builder), "1 cpu of element batch");
}

}  // namespace
}  // namespace jobq::sched
