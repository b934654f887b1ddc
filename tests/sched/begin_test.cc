// SPDX-License-Identifier: Apache-2.0
// Jobs that are not to begin before some time.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/policy.h"
#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BeginTest : public ::testing::Test {
 public:
  void SetUp() override {
    world.join("n1", 4);
    world.forget_said();
  }
  static Ticket from(const SpecBuilder& builder, When begin) {
    Ticket ticket = ticket_of(builder);
    ticket.begin = begin;
    return ticket;
  }
  JobNumber submit(const SpecBuilder& builder, When begin) {
    const JobNumber job = world.submit(from(builder, begin));
    world.forget_said();
    return job;
  }
  // Wakes as it was asked to, and does not answer to Ticks before.
  void pass_quietly(Millis span) {
    world.pass(span);
    EXPECT_THAT(world.said(), IsEmpty());
  }
  std::vector<std::string> kinds_of_blockers(JobRef ref) const {
    std::vector<std::string> kinds;
    const Why why = *world.core.why(ref, world.now);
    for (const WhyBlocker& blocker : why.blockers) {
      kinds.push_back(blocker.kind);
    }
    return kinds;
  }
  World world;
};

TEST_F(BeginTest, AJobBeginsThenAndNotEarlier) {
  const Time begin = world.now + seconds(100);
  const JobNumber job = submit(one_step().needs(cpus(1)), begin);
  EXPECT_EQ(world.state(job), "QU");
  EXPECT_EQ(world.reason(job), "begins at " + format_rfc3339(begin));
  EXPECT_EQ(world.wake(), begin);
  pass_quietly(Millis{99'999});
  world.send(Tick{});
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(Millis{1});
  EXPECT_THAT(world.said(), ElementsAre("launch 1.main on n1"));
  EXPECT_EQ(world.row(job).started, begin);
  EXPECT_EQ(world.row(job).begin, begin);
  EXPECT_FALSE(world.row(job).to_begin);
}

TEST_F(BeginTest, ADurationCountsFromTheSubmission) {
  const Time submitted = world.now;
  const JobNumber job = submit(one_step(), seconds(30));
  EXPECT_EQ(world.row(job).begin, submitted + seconds(30));
  pass_quietly(seconds(29));
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("launch 1.main on n1"));
}

TEST_F(BeginTest, ABeginInThePastIsNow) {
  world.submit(from(one_step(), world.now - seconds(5)));
  EXPECT_THAT(world.said(), ElementsAre("submitted 1", "launch 1.main on n1"));
  world.submit(from(one_step(), Millis{0}));
  EXPECT_THAT(world.said(), ElementsAre("submitted 2", "launch 2.main on n1"));
}

TEST_F(BeginTest, ItHoldsNothingAndIsInNobodysWay) {
  submit(one_step().needs(cpus(4)), seconds(100));
  world.submit(one_step().needs(cpus(4)));
  EXPECT_THAT(world.said(), ElementsAre("submitted 2", "launch 2.main on n1"));
  world.pass(seconds(100));
  EXPECT_EQ(world.state(JobNumber{1}), "WR");
  world.complete(JobNumber{2}, "main");
  EXPECT_EQ(world.state(JobNumber{1}), "BP");
}

TEST_F(BeginTest, AStepThatTakesNothingWaitsToo) {
  submit(one_step().step_needs({}), seconds(100));
  pass_quietly(seconds(99));
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("launch 1.main on n1"));
}

TEST_F(BeginTest, HeldItBeginsWhenItIsReleasedAndNotBefore) {
  const JobNumber job = submit(one_step(), seconds(100));
  world.hold(job);
  EXPECT_EQ(world.state(job), "HD");
  EXPECT_THAT(kinds_of_blockers(job), ElementsAre("held", "begin"));
  world.release(job);
  EXPECT_EQ(world.state(job), "QU");
  world.hold(job);
  world.forget_said();
  pass_quietly(seconds(200));
  EXPECT_EQ(world.state(job), "HD");
  EXPECT_THAT(kinds_of_blockers(job), ElementsAre("held"));
  world.release(job);
  EXPECT_THAT(world.said(), ElementsAre("1 ok", "launch 1.main on n1"));
}

TEST_F(BeginTest, CancelledItNeverBegins) {
  const JobNumber job = submit(one_step().cleanup(), seconds(100));
  world.cancel(job);
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JC cancelled by ann", "1 ok"));
  pass_quietly(seconds(200));
}

TEST_F(BeginTest, WhatFollowsACancelledStepWaitsForTheBegin) {
  const JobNumber job =
      submit(one_step().step("mend").after("main.cancel").step_needs({}), seconds(100));
  world.cancel(job, "main");
  world.forget_said();
  EXPECT_EQ(world.state(job), "QU");
  pass_quietly(seconds(99));
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("launch 1.mend on n1"));
}

TEST_F(BeginTest, OfAnArrayAllElements) {
  Ticket ticket = from(one_step().needs(cpus(2)), seconds(100));
  ticket.array = parse_array("0-2").value();
  const JobNumber array = world.submit(ticket);
  world.forget_said();
  EXPECT_EQ(world.state(array), "QU");
  EXPECT_THAT(world.reason(array), HasSubstr("begins at "));
  const JobRef second{array, 1};
  EXPECT_EQ(world.core.show(second, world.now)->summary.state, JobState::kQueued);
  EXPECT_THAT(kinds_of_blockers(array), ElementsAre("begin"));
  EXPECT_THAT(kinds_of_blockers(second), ElementsAre("begin"));
  world.send(Hold{World::kReply, world.ann, World::elements(array, "0")});
  world.forget_said();
  pass_quietly(seconds(99));
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("launch 1[1].main on n1", "launch 1[2].main on n1"));
  EXPECT_EQ(world.core.show(second, world.now)->begin, world.row(array).begin);
}

TEST_F(BeginTest, AnArrayIsCancelledMeanwhile) {
  Ticket ticket = from(one_step(), seconds(100));
  ticket.array = parse_array("0-2").value();
  const JobNumber array = world.submit(ticket);
  world.forget_said();
  world.cancel(array);
  EXPECT_EQ(world.state(array), "gone");
  world.forget_said();
  pass_quietly(seconds(200));
}

TEST_F(BeginTest, AcrossARestartOfTheController) {
  submit(one_step().needs(cpus(1)), seconds(100));
  Ticket ticket = from(one_step(), seconds(100));
  ticket.array = parse_array("0-2").value();
  world.submit(ticket);
  world.pass(seconds(50));
  std::vector<Action> actions;
  auto core = world.restored(actions);
  EXPECT_TRUE(core->check_invariants());
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(to_text(actions[0]), fmt::format("wake {}", (world.now + seconds(50)).ms));
  EXPECT_EQ(core->state_of(JobNumber{1}), JobState::kQueued);
  EXPECT_EQ(core->state_of(JobNumber{2}), JobState::kQueued);
  // It was down at that time.
  world.now = world.now + seconds(60);
  core = world.restored(actions);
  core->step(Tick{}, world.now, actions);
  EXPECT_TRUE(core->check_invariants());
  EXPECT_EQ(core->state_of(JobNumber{1}), JobState::kWaitingResources);
}

TEST_F(BeginTest, WhatHasBegunStaysBegunWhereTheClockIsSetBack) {
  world.submit(one_step().needs(cpus(4)));
  const JobNumber job = submit(one_step().needs(cpus(4)), seconds(100));
  world.pass(seconds(100));
  EXPECT_EQ(world.state(job), "WR");
  world.now = world.now - seconds(50);
  std::vector<Action> actions;
  EXPECT_EQ(world.restored(actions)->state_of(job), JobState::kWaitingResources);
  world.forget_said();
  world.complete(JobNumber{1}, "main");
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JD", "forget 1.main", "launch 2.main on n1"));
}

TEST_F(BeginTest, ATickBeforeItsTimeAsksAgain) {
  const JobNumber job = submit(one_step(), seconds(100));
  const Time begin = world.row(job).begin;
  world.now = world.now - seconds(50);
  world.send(Tick{});
  EXPECT_EQ(world.wake(), begin);
}

TEST_F(BeginTest, WhySaysWhenAndThatItIsExpectedThen) {
  const Time begin = world.now + seconds(100);
  const JobNumber job = submit(one_step().needs(cpus(1)), begin);
  const Why why = *world.core.why(job, world.now);
  const std::string at = "begins at " + format_rfc3339(begin);
  EXPECT_EQ(why.summary, "job 1 has not begun: it " + at);
  ASSERT_EQ(why.blockers.size(), 1U);
  EXPECT_EQ(why.blockers[0].kind, "begin");
  EXPECT_EQ(why.blockers[0].text, at);
  EXPECT_EQ(why.blockers[0].remedy, "wait for it, or submit it anew");
  EXPECT_EQ(why.expected_start, begin);
  EXPECT_FALSE(why.is_estimate);
  world.hold(job);
  EXPECT_EQ(world.core.why(job, world.now)->expected_start, std::nullopt);
}

TEST_F(BeginTest, ItsHistoryHasItsBegin) {
  world.submit(one_step().needs(cpus(4)));
  const JobNumber job = submit(one_step().needs(cpus(4)), seconds(100));
  world.pass(seconds(100));
  const JobDetail detail = *world.core.show(job, world.now);
  ASSERT_EQ(detail.history.size(), 2U);
  EXPECT_EQ(detail.history.back().what, "begun");
  EXPECT_EQ(detail.begin, world.now);
}

TEST_F(BeginTest, ADryRunStartsNoEarlier) {
  const auto expected = [&](const SpecBuilder& builder, When begin) {
    world.send(NewJobNotice{World::kReply, world.ann, "", {from(builder, begin)}, true});
    return std::get<Submitted>(std::get<Reply>(world.actions.at(0)).body).expected.at(0);
  };
  EXPECT_EQ(expected(one_step(), seconds(100)).start, world.now + seconds(100));
  EXPECT_FALSE(expected(one_step(), seconds(100)).now);
  EXPECT_TRUE(expected(one_step(), Millis{0}).now);
  EXPECT_EQ(expected(one_step().step_needs({}), seconds(100)).start, world.now + seconds(100));
  world.submit(one_step().needs(cpus(4)).limit(seconds(300)));
  EXPECT_EQ(expected(one_step(), seconds(100)).start, world.now + seconds(300));
  EXPECT_EQ(expected(one_step(), seconds(500)).start, world.now + seconds(500));
}

TEST_F(BeginTest, WhatCannotBeWrittenAgainIsRefused) {
  for (const When when : {When(Time{-1}), When(Time{253'402'300'800'000}), When(Millis{-1}),
                          When(Millis{INT64_MAX}), When(Time{INT64_MAX})}) {
    world.submit(from(one_step(), when));
    EXPECT_THAT(world.said(), ElementsAre("refused ticket.begin: expected a time of 1970 to 9999"));
  }
}

// Points a day, so that a day earlier is a point more.
TEST(BeginAge, CountsFromTheBegin) {
  Policy policy;
  policy.priority.age = 1;
  World world(policy);
  constexpr Millis kDay = seconds(86400);
  Ticket early = ticket_of(one_step());
  early.begin = world.now + kDay;
  const JobNumber first = world.submit(early);
  world.pass(kDay - seconds(1));
  const JobNumber second = world.submit(one_step());
  world.pass(seconds(1));
  world.forget_said();
  const auto age = [&](JobNumber job) {
    return world.core.show(job, world.now)->priority.at(1).points;
  };
  EXPECT_LT(age(first), age(second));
  world.join("n1", 1);
  EXPECT_THAT(world.said(), ElementsAre("welcome n1", "launch 2.main on n1"));
  std::vector<Action> actions;
  std::vector<JobNumber> order;
  world.restored(actions)->queue({}, world.now, [&](const JobSummary& job) {
    order.push_back(job.job);
    return true;
  });
  EXPECT_THAT(order, ElementsAre(second, first));
}

}  // namespace
}  // namespace jobq::sched
