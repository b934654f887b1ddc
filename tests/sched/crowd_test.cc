// SPDX-License-Identifier: Apache-2.0
// Many jobs: over few exclusive resources, and in bulk.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

// Ends whatever was launched and not ended, until nothing more is.
void run_all(World& world) {
  std::vector<AttemptId> open;
  const auto note = [&] {
    for (const Action& action : world.actions) {
      if (const auto* it = std::get_if<Launch>(&action)) open.push_back(it->id);
    }
  };
  note();
  while (!open.empty()) {
    const AttemptId id = open.front();
    open.erase(open.begin());
    world.send(TaskComplete{NodeId{1}, id, {}});
    note();
  }
}

TEST(Crowd, AHundredJobsOverFiveExclusiveResourcesAllEnd) {
  World world;
  std::mt19937 random(5);
  for (int i = 0; i < 5; ++i) world.create_exclusive(fmt::format("r{}", i));
  for (int i = 0; i < 100; ++i) {
    resmgr::Needs needs;
    for (int r = 0; r < 5; ++r) {
      if (random() % 3 == 0) needs.exclusive.push_back(fmt::format("r{}", r));
    }
    SpecBuilder builder = one_step().step("next").after("main");
    if (!needs.empty()) builder.needs(needs);
    world.submit(builder);
  }
  world.join("n1", 4);
  run_all(world);
  EXPECT_EQ(world.core.live_count(), 0U);
  for (std::uint64_t n = 1; n <= 100; ++n) {
    EXPECT_EQ(world.row(JobNumber{n}).state, JobState::kDone) << n;
  }
}

// What a step asks for on top of what its job holds may close a circle of waiting. The request that
// would close it is refused, its job ends in error, and the others go on.
TEST(Crowd, StepsThatTakeMoreInAnotherOrderDoNotStandStillForEver) {
  World world;
  std::mt19937 random(6);
  for (int i = 0; i < 5; ++i) world.create_exclusive(fmt::format("r{}", i));
  for (int i = 0; i < 100; ++i) {
    const auto first = random() % 5;
    const auto second = (first + 1 + random() % 4) % 5;
    world.submit(one_step()
                     .step_needs(exclusive(fmt::format("r{}", second)))
                     .needs(exclusive(fmt::format("r{}", first))));
  }
  world.join("n1", 4);
  run_all(world);
  EXPECT_EQ(world.core.live_count(), 0U);
}

TEST(Crowd, JobsThatHoldANodeWhileTheirStepsTakeMoreTakeTurns) {
  World world;
  for (int i = 0; i < 4; ++i) {
    world.submit(SpecBuilder().needs(cpus(1)).step("more").step_needs(cpus(1)));
  }
  EXPECT_TRUE(world.core.resources().empty()) << "the turn is nobody's resource";
  world.join("n1", 2);
  run_all(world);
  EXPECT_EQ(world.core.live_count(), 0U);
}

TEST(Crowd, ACircleIsRefusedWithTheCircleInTheReason) {
  World world;
  world.create_exclusive("a");
  world.create_exclusive("b");
  world.join("n1", 4);
  const auto job = [&](const char* holds, const char* takes) {
    return world.submit(
        one_step().step("more").after("main").step_needs(exclusive(takes)).needs(exclusive(holds)));
  };
  const JobNumber one = job("a", "b");
  const JobNumber two = job("b", "a");
  world.complete(one, "main");
  EXPECT_EQ(world.step_state(one, "more"), "waiting");
  world.complete(two, "main");
  EXPECT_EQ(world.row(two).state, JobState::kError);
  EXPECT_NE(world.row(two).reason.find("which job 1 holds"), std::string::npos)
      << world.row(two).reason;
  EXPECT_EQ(world.step_state(one, "more"), "starting");
}

TEST(Crowd, TenThousandTicketsInOneRequestAllEnd) {
  World world;
  NewJobNotice notice{World::kReply, world.ann, "bulk", {}, false};
  Ticket ticket = ticket_of(one_step());
  notice.tickets.assign(10000, ticket);
  std::vector<Action> actions;
  world.core.step(notice, world.now, actions);
  ASSERT_EQ(world.core.live_count(), 10000U);
  // A spec, its counter, the jobs' counter, the key, and a row a job.
  EXPECT_EQ(world.core.take_rows().size(), 10004U);
  NodeJoined join{"n1", "i1", {}, {}};
  join.capacity.cpus = 64;
  actions.clear();
  world.core.step(join, world.now, actions);
  std::size_t ended = 0;
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (std::holds_alternative<JobEnded>(actions[i])) ++ended;
    const auto* launch = std::get_if<Launch>(&actions[i]);
    if (launch == nullptr) continue;
    const AttemptId id = launch->id;
    world.core.step(TaskComplete{NodeId{1}, id, {}}, world.now, actions);
    if (ended % 1000 == 0) world.core.take_rows();
  }
  EXPECT_EQ(ended, 10000U);
  world.core.take_rows();
  EXPECT_EQ(world.core.live_count(), 0U);
  EXPECT_TRUE(world.core.check_invariants());
}

}  // namespace
}  // namespace jobq::sched
