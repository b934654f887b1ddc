// SPDX-License-Identifier: Apache-2.0
// When jobs that wait are expected to start, what a dry run says of it, and estimates of run times.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/policy.h"
#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::IsEmpty;

Submitted::Expected dry_run(World& world, const SpecBuilder& builder) {
  world.send(NewJobNotice{World::kReply, world.ann, "", {ticket_of(builder)}, true});
  for (const Action& action : world.actions) {
    const Reply* reply = std::get_if<Reply>(&action);
    if (reply != nullptr) return std::get<Submitted>(reply->body).expected.at(0);
  }
  return {};
}

TEST(Estimate, FollowsFromTheRunsOfTheClass) {
  World world;
  world.join("n1", 1);
  world.register_plan(one_step().needs(cpus(1)));
  Ticket ticket;
  ticket.class_name = "plan";
  JobNumber job = world.submit(ticket);
  EXPECT_EQ(world.core.show(job, world.now)->estimate, std::nullopt);
  world.pass(seconds(80));
  world.complete(job, "main");
  job = world.submit(ticket);
  EXPECT_EQ(world.core.show(job, world.now)->estimate, seconds(80));
  const Submitted::Expected expected = dry_run(world, one_step().needs(cpus(1)));
  EXPECT_EQ(expected.start, world.now + seconds(80));
  EXPECT_TRUE(expected.is_estimate);
  const JobNumber waiting = world.submit(one_step().needs(cpus(1)));
  const Why why = *world.core.why(waiting, world.now);
  EXPECT_EQ(why.expected_start, world.now + seconds(80));
  EXPECT_TRUE(why.is_estimate);
  std::vector<Action> actions;
  const auto other = world.restored(actions);
  EXPECT_EQ(other->show(job, world.now)->estimate, seconds(80));
  // A shorter run lowers it by an eighth of the difference.
  world.pass(seconds(16));
  world.complete(job, "main");
  EXPECT_EQ(world.core.show(world.submit(ticket), world.now)->estimate, seconds(72));
}

TEST(DryRun, SaysWhenItWouldStartAndChangesNothing) {
  World world;
  world.join("n1", 2);
  for (const SpecBuilder& it : {one_step().needs(cpus(2)), one_step().step_needs({})}) {
    EXPECT_EQ(dry_run(world, it).start, world.now);
    EXPECT_TRUE(dry_run(world, it).now);
  }
  world.submit(one_step().needs(cpus(2)).limit(seconds(100)));
  const Submitted::Expected expected = dry_run(world, one_step().needs(cpus(1)));
  EXPECT_EQ(expected.start, world.now + seconds(100));
  EXPECT_FALSE(expected.is_estimate);
  EXPECT_FALSE(expected.now);
  EXPECT_THAT(world.last_rows, IsEmpty());
  world.submit(one_step().needs(cpus(1)));
  EXPECT_EQ(dry_run(world, one_step().needs(cpus(1)).limit(seconds(9))).start,
            world.now + seconds(100));
  EXPECT_EQ(world.core.live_count(), 2U);
}

TEST(DryRun, KnowsThatNobodyOvertakesWithoutBackfilling) {
  Policy policy;
  policy.scheduling.backfill = resmgr::Backfill::kNone;
  World world(policy);
  world.join("n1", 4);
  world.submit(one_step().needs(cpus(3)).limit(seconds(100)));
  world.submit(one_step().needs(cpus(4)).limit(seconds(100)));
  EXPECT_NE(dry_run(world, one_step().needs(cpus(1)).limit(seconds(9))).start, world.now);
}

TEST(DryRun, TakesNobodyIn) {
  Policy policy;
  policy.priority.fair_share = 100;
  World world(policy);
  world.join("n1", 1);
  dry_run(world, one_step());
  EXPECT_EQ(world.actions.size(), 1U);
  EXPECT_THAT(world.last_rows, IsEmpty());
}

TEST(DryRun, KnowsNothingBehindAJobWithoutALimit) {
  World world;
  world.join("n1", 1);
  world.submit(one_step().needs(cpus(1)));
  EXPECT_EQ(dry_run(world, one_step().needs(cpus(1))).start, std::nullopt);
}

TEST(ExpectedStart, TheElementsOfAnArrayComeBeforeThoseBehindIt) {
  World world;
  world.join("n1", 1);
  world.submit(one_step().needs(cpus(1)).limit(seconds(10)));
  const SpecBuilder builder = one_step().needs(cpus(1)).limit(seconds(10));
  Ticket array = ticket_of(builder);
  array.array = parse_array("0-3").value();
  world.submit(array);
  const JobNumber last = world.submit(builder);
  EXPECT_EQ(world.core.why(last, world.now)->expected_start, world.now + seconds(50));
  EXPECT_EQ(dry_run(world, builder).start, world.now + seconds(60));
}

// It asks for no more than leave to start.
TEST(ExpectedStart, AJobThatTakesNothingWaitsForItsPlaceUnderACap) {
  Policy policy;
  policy.all.running = 1;
  World world(policy);
  world.join("n1", 1);
  const SpecBuilder nothing = one_step().step_needs({});
  EXPECT_TRUE(dry_run(world, nothing).now);
  world.submit(nothing);
  EXPECT_EQ(dry_run(world, nothing).start, std::nullopt);
}

}  // namespace
}  // namespace jobq::sched
