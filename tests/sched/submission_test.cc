// SPDX-License-Identifier: Apache-2.0
// Tickets: what is accepted, what is refused and why, keys, numbers, shared specs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

NewJobNotice notice(const World& world, std::vector<Ticket> tickets, const std::string& key = "") {
  return {World::kReply, world.ann, key, std::move(tickets), false};
}

template <class Kind>
std::size_t count_rows(const std::vector<Row>& rows) {
  std::size_t count = 0;
  for (const Row& row : rows) count += std::holds_alternative<Kind>(row) ? 1U : 0U;
  return count;
}

std::string only_said(World& world) {
  const auto said = world.said();
  EXPECT_EQ(said.size(), 1U);
  return said.empty() ? "" : said.front();
}

TEST(Submission, NumbersAreDispensedInOrderAndNeverReused) {
  World world;
  world.join("n1", 4);
  EXPECT_EQ(world.submit(one_step()), JobNumber{1});
  world.complete(JobNumber{1}, "main");
  EXPECT_EQ(world.submit(one_step()), JobNumber{2});
  EXPECT_TRUE(world.core.was_dispensed(JobNumber{1}));
  EXPECT_TRUE(world.core.was_dispensed(JobNumber{2}));
  EXPECT_FALSE(world.core.was_dispensed(JobNumber{3}));
  EXPECT_FALSE(world.core.was_dispensed(JobNumber{}));
}

TEST(Submission, WithoutNodesAJobWaits) {
  World world;
  const JobNumber job = world.submit(one_step());
  EXPECT_THAT(world.said(), ElementsAre("submitted 1"));
  EXPECT_EQ(world.state(job), "WR");
}

TEST(Submission, BadTicketsAreRefusedOneByOne) {
  World world;
  world.join("n1", 2);
  world.forget_said();
  Ticket bad = ticket_of(one_step());
  bad.priority = 5000;
  world.send(notice(world, {ticket_of(one_step()), ticket_of(one_step().step_needs(cpus(64))), bad,
                            ticket_of(one_step())}));
  const std::string said = world.said().at(0);
  EXPECT_THAT(said, HasSubstr("submitted 1; refused "));
  EXPECT_THAT(said, HasSubstr("64 cpus"));
  EXPECT_THAT(said, HasSubstr("ticket.priority"));
  EXPECT_THAT(said, HasSubstr("; submitted 2"));
}

TEST(Submission, ABadSpecIsRefusedWithItsFaults) {
  World world;
  SpecBuilder builder = one_step();
  builder.spec.steps[0].after.push_back({"nobody", Condition::On::kSuccess, ""});
  world.submit(builder);
  EXPECT_THAT(only_said(world), HasSubstr("nobody"));
  EXPECT_EQ(world.core.live_count(), 0U);
}

TEST(Submission, JobAndStepNeedsTogetherMustBePossible) {
  World world;
  world.join("n1", 2);
  world.forget_said();
  world.submit(one_step().needs(cpus(1)).step_needs(cpus(2)));
  EXPECT_THAT(only_said(world), HasSubstr("on top of the job's 1 cpu"));
  world.join("n2", 2);
  world.forget_said();
  EXPECT_EQ(world.submit(one_step().needs(cpus(1)).step_needs(cpus(2))), JobNumber{1});
}

TEST(Submission, AnUnknownNamedResourceIsRefused) {
  World world;
  world.submit(one_step().needs(exclusive("db")));
  EXPECT_THAT(only_said(world), HasSubstr("db"));
  EXPECT_EQ(world.core.live_count(), 0U);
}

TEST(Submission, ADryRunRecordsNothing) {
  World world;
  NewJobNotice event = notice(world, {ticket_of(one_step())}, "k");
  event.dry_run = true;
  world.send(event);
  EXPECT_THAT(world.said(), ElementsAre("submitted 0"));
  EXPECT_THAT(world.last_rows, IsEmpty());
  EXPECT_EQ(world.core.live_count(), 0U);
}

TEST(Submission, ADryRunKnowsWhatWasSubmittedUnderTheSameKey) {
  World world;
  Ticket ticket = ticket_of(one_step());
  world.submit(ticket);
  ticket.key = "nightly";
  const JobNumber job = world.submit(ticket);
  world.forget_said();
  NewJobNotice event = notice(world, {ticket, ticket_of(one_step())}, "k");
  event.dry_run = true;
  world.send(event);
  EXPECT_THAT(world.said(), ElementsAre("submitted 2; submitted 0"));
  EXPECT_EQ(job, JobNumber{2});
  EXPECT_THAT(world.last_rows, IsEmpty());
  EXPECT_EQ(world.core.live_count(), 2U);
}

TEST(Submission, ARequestThatComesAgainGetsTheSameNumbers) {
  World world;
  const std::vector<Ticket> tickets{ticket_of(one_step()), ticket_of(one_step())};
  world.send(notice(world, tickets, "k"));
  world.send(notice(world, tickets, "k"));
  EXPECT_THAT(world.said(), ElementsAre("submitted 1; submitted 2", "submitted 1; submitted 2"));
  EXPECT_EQ(world.core.live_count(), 2U);
  EXPECT_THAT(world.last_rows, IsEmpty());
}

TEST(Submission, ARepeatedRequestSaysAgainWhyATicketWasRefused) {
  World world;
  Ticket bad = ticket_of(one_step());
  bad.priority = -1;
  world.send(notice(world, {ticket_of(one_step()), bad}, "k"));
  const std::string first = only_said(world);
  world.send(notice(world, {ticket_of(one_step()), bad}, "k"));
  EXPECT_EQ(only_said(world), first);
  EXPECT_EQ(world.core.live_count(), 1U);
}

TEST(Submission, ARequestKeyIsNotForAnotherRequest) {
  World world;
  world.send(notice(world, {ticket_of(one_step())}, "k"));
  world.forget_said();
  world.send(notice(world, {ticket_of(one_step()), ticket_of(one_step())}, "k"));
  EXPECT_THAT(only_said(world), HasSubstr("use a new key"));
}

TEST(Submission, KeysBelongToAUser) {
  World world;
  world.send(notice(world, {ticket_of(one_step())}, "k"));
  world.send(NewJobNotice{World::kReply, world.bob, "k", {ticket_of(one_step())}, false});
  EXPECT_THAT(world.said(), ElementsAre("submitted 1", "submitted 2"));
}

TEST(Submission, ATicketKeyStandsForItsFirstJob) {
  World world;
  Ticket ticket = ticket_of(one_step());
  ticket.key = "nightly-21";
  world.send(notice(world, {ticket, ticket}));
  world.send(notice(world, {ticket}));
  EXPECT_THAT(world.said(), ElementsAre("submitted 1; submitted 1", "submitted 1"));
}

TEST(Submission, KeysAreForgottenInTheEnd) {
  World world;
  Ticket ticket = ticket_of(one_step());
  ticket.key = "nightly-21";
  world.send(notice(world, {ticket}));
  world.now = world.now + seconds(8 * 86400);
  world.send(notice(world, {ticket}));
  EXPECT_THAT(world.said(), ElementsAre("submitted 1", "submitted 2"));
}

TEST(Submission, EqualSpecsAreStoredOnceAndForgottenWithTheirLastJob) {
  World world;
  world.join("n1", 1);
  world.send(notice(world, {ticket_of(one_step()), ticket_of(one_step())}));
  EXPECT_EQ(count_rows<SpecRow>(world.last_rows), 1U);
  world.submit(one_step());
  EXPECT_EQ(count_rows<SpecRow>(world.last_rows), 0U);
  for (std::uint64_t n = 1; n <= 3; ++n) world.complete(JobNumber{n}, "main");
  world.submit(one_step());
  EXPECT_EQ(count_rows<SpecRow>(world.last_rows), 1U);
}

TEST(Submission, AWaitingJobIsOneRow) {
  World world;
  world.submit(one_step());
  EXPECT_EQ(count_rows<JobRow>(world.last_rows), 1U);
  EXPECT_EQ(count_rows<StepRow>(world.last_rows), 0U);
  EXPECT_EQ(count_rows<TransitionRow>(world.last_rows), 0U);
}

TEST(Submission, AJobIsNamedAfterWhatItRuns) {
  World world;
  const auto name = [&](const SpecBuilder& builder) {
    return world.row(world.submit(builder)).name;
  };
  EXPECT_EQ(name(one_step().argv({"/opt/bin/simulate", "--seed", "7"})), "simulate");
  EXPECT_EQ(name(one_step().argv({"/bin/sh", "-c", "./collect && ./calc"})), "collect");
}

TEST(Submission, PriorityThenNumberDecidesWhoGoesFirst) {
  World world;
  Ticket low = ticket_of(one_step());
  low.priority = 10;
  Ticket high = ticket_of(one_step());
  high.priority = 90;
  world.send(notice(world, {low, ticket_of(one_step()), high, ticket_of(one_step())}));
  std::vector<std::uint64_t> order;
  world.core.queue({}, world.now, [&](const JobSummary& it) {
    order.push_back(it.job.value);
    return true;
  });
  EXPECT_EQ(order, (std::vector<std::uint64_t>{3, 2, 4, 1}));
  world.forget_said();
  world.join("n1", 1);
  EXPECT_THAT(world.said(), ElementsAre("welcome n1", "launch 3.main on n1"));
}

}  // namespace
}  // namespace jobq::sched
