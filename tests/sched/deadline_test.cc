// SPDX-License-Identifier: Apache-2.0
// Jobs that must have ended by some time.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kUsr1 = 10;

class DeadlineTest : public ::testing::Test {
 public:
  void SetUp() override {
    n1 = world.join("n1", 2);
    world.forget_said();
  }
  static Ticket by(const SpecBuilder& builder, When deadline) {
    Ticket ticket = ticket_of(builder);
    ticket.deadline = deadline;
    return ticket;
  }
  JobNumber submit(const Ticket& ticket) {
    const JobNumber job = world.submit(ticket);
    world.forget_said();
    return job;
  }
  // Submitted, and its first step runs.
  JobNumber run(const Ticket& ticket) {
    const JobNumber job = world.submit(ticket);
    world.started(job, ticket.spec->steps.front().name);
    world.forget_said();
    return job;
  }
  void pass_quietly(Millis span) {
    world.pass(span);
    EXPECT_THAT(world.said(), IsEmpty());
  }
  std::string reason_for(Millis from_now) const {
    return "deadline " + format_rfc3339(world.now + from_now) + " passed";
  }
  World world;
  NodeId n1;
};

TEST_F(DeadlineTest, WhatRunsIsEndedThenAndItsCleanupRuns) {
  const std::string reason = reason_for(seconds(100));
  const JobNumber job = run(by(one_step().cleanup(), seconds(100)));
  EXPECT_EQ(world.wake(), world.now + seconds(100));
  pass_quietly(seconds(99));
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main"));
  world.complete(job, "main", 0);  // whatever it says of itself
  EXPECT_EQ(world.state(job), "CU");
  EXPECT_EQ(world.reason(job), reason);
  world.pass(seconds(1));
  world.complete(job, "cleanup");
  EXPECT_EQ(world.row(job).state, JobState::kError);
  EXPECT_EQ(world.row(job).reason, reason);
}

TEST_F(DeadlineTest, AnEndThatIsReportedInTimeCounts) {
  const JobNumber job = run(by(one_step(), seconds(100)));
  world.now = world.now + seconds(100);
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(DeadlineTest, NothingNewStartsInTheInstantInWhichItPasses) {
  const JobNumber job = run(by(one_step().step("next").after("main").step_needs({}), seconds(100)));
  world.now = world.now + seconds(100);
  world.complete(job, "main");
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main", HasSubstr("ended 1 JE deadline ")));
}

TEST_F(DeadlineTest, WhatNeverStartedEndsAtOnceWithoutCleanup) {
  world.submit(one_step().needs(cpus(2)));
  const std::string reason = reason_for(seconds(100));
  const JobNumber job = submit(by(one_step().needs(cpus(1)).cleanup(), world.now + seconds(100)));
  pass_quietly(seconds(99));
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("ended 2 JE " + reason));
  EXPECT_EQ(world.row(job).started, Time{});
}

TEST_F(DeadlineTest, AHoldDoesNotStopIt) {
  const std::string reason = reason_for(seconds(100));
  const JobNumber running = run(by(one_step(), seconds(100)));
  const JobNumber waiting = submit(by(one_step(), seconds(100)));
  world.hold(running);
  world.hold(waiting);
  world.forget_said();
  pass_quietly(seconds(99));
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main", "kill 2.main"));
  EXPECT_EQ(world.state(running), "BP");
  world.complete(running, "main", 143);
  EXPECT_EQ(world.row(running).reason, reason);
}

TEST_F(DeadlineTest, AJobThatWasSubmittedHeldEndsHeld) {
  Ticket ticket = by(one_step(), seconds(100));
  ticket.hold = true;
  const std::string reason = reason_for(seconds(100));
  submit(ticket);
  world.pass(seconds(100));
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JE " + reason));
}

TEST_F(DeadlineTest, ARetryThatWaitsForItsDelayEnds) {
  SpecBuilder builder = one_step();
  builder.spec.steps.front().retry.max = 1;
  builder.spec.steps.front().retry.delay = seconds(500);
  const std::string reason = reason_for(seconds(100));
  const JobNumber job = run(by(builder, seconds(100)));
  world.complete(job, "main", 1);
  world.forget_said();
  world.pass(seconds(100));
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JE " + reason));
}

TEST_F(DeadlineTest, OfAnArrayEveryElement) {
  Ticket ticket = by(one_step().needs(cpus(1)), seconds(100));
  ticket.array = parse_array("0-5").value();
  const std::string reason = reason_for(seconds(100));
  const JobNumber array = submit(ticket);
  world.send(Cancel{World::kReply, world.ann, World::elements(array, "5"), 0});
  world.send(Hold{World::kReply, world.ann, World::elements(array, "4")});
  world.complete(world.element(array, 0), "main");
  world.forget_said();
  world.pass(seconds(100));
  EXPECT_THAT(world.said(), ElementsAre("overdue 1[3-4]", "kill 1[1].main", "kill 1[2].main"));
  const JobDetail late = *world.core.show({array, 3}, world.now);
  EXPECT_EQ(late.summary.state, JobState::kError);
  EXPECT_EQ(late.summary.outcome, Outcome::kFailure);
  EXPECT_EQ(late.summary.reason, reason);
  const JobDetail cancelled = *world.core.show({array, 5}, world.now);
  EXPECT_EQ(cancelled.summary.state, JobState::kCancelled);
  world.complete(world.element(array, 1), "main", 143);
  world.complete(world.element(array, 2), "main", 143);
  EXPECT_EQ(world.row(array).state, JobState::kError);
  EXPECT_EQ(world.row(array).reason, reason);
}

TEST_F(DeadlineTest, OfAHeldArrayToo) {
  Ticket ticket = by(one_step().needs(cpus(1)), seconds(100));
  ticket.array = parse_array("0-2").value();
  const JobNumber array = submit(ticket);
  world.hold(array);
  world.forget_said();
  world.pass(seconds(100));
  EXPECT_THAT(world.said(), ElementsAre("overdue 1[2]", "kill 1[0].main", "kill 1[1].main"));
}

TEST_F(DeadlineTest, WhicheverIsFirstEndsTheJob) {
  const JobNumber by_limit = run(by(one_step().limit(seconds(50)), seconds(100)));
  const JobNumber by_deadline = run(by(one_step().limit(seconds(150)), seconds(100)));
  world.pass(seconds(50));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main"));
  EXPECT_EQ(world.reason(by_limit), "time limit 50s");
  world.pass(seconds(50));
  EXPECT_THAT(world.said(), ElementsAre("kill 2.main"));
  EXPECT_THAT(world.reason(by_deadline), HasSubstr("deadline "));
  EXPECT_EQ(world.reason(by_limit), "time limit 50s");
}

TEST_F(DeadlineTest, ItIsWarnedOf) {
  const JobNumber job = run(by(one_step().warned(kUsr1, seconds(60)), seconds(100)));
  pass_quietly(seconds(39));
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.main"));
  world.complete(job, "main");
  run(by(one_step().limit(seconds(500)).warned(kUsr1, seconds(60)), seconds(100)));
  world.pass(seconds(40));
  EXPECT_THAT(world.said(), ElementsAre("signal 10 2.main"));
}

TEST_F(DeadlineTest, AJobEndsThenAtTheLatestForThoseThatWait) {
  world.submit(by(one_step().needs(cpus(2)), seconds(100)));
  const JobNumber next = submit(ticket_of(one_step().needs(cpus(2))));
  const Why why = *world.core.why(next, world.now);
  EXPECT_EQ(why.expected_start, world.now + seconds(100));
  EXPECT_FALSE(why.is_estimate);
}

TEST_F(DeadlineTest, WhatCannotBeMetIsRefused) {
  const std::string now = format_rfc3339(world.now);
  world.submit(by(one_step(), world.now));
  EXPECT_THAT(world.said(),
              ElementsAre(fmt::format("refused the deadline {0} has passed: by the controller's "
                                      "clock it is {0}; give the job a later one",
                                      now)));
  Ticket ticket = by(one_step(), seconds(50));
  ticket.begin = seconds(50);
  const std::string then = format_rfc3339(world.now + seconds(50));
  world.submit(ticket);
  EXPECT_THAT(world.said(),
              ElementsAre(fmt::format("refused the deadline {0} is not after the begin {0}: the "
                                      "job could not run; give it a later deadline, or an earlier "
                                      "begin",
                                      then)));
  // A limit is an upper bound: it may well end in time.
  ticket = by(one_step().limit(seconds(500)), seconds(51));
  ticket.begin = seconds(50);
  world.submit(ticket);
  EXPECT_THAT(world.said(), ElementsAre("submitted 1"));
}

TEST_F(DeadlineTest, ItBeginsAndEndsInItsTime) {
  Ticket ticket = by(one_step(), seconds(100));
  ticket.begin = seconds(50);
  submit(ticket);
  pass_quietly(seconds(49));
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("launch 1.main on n1"));
  world.pass(seconds(50));
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main"));
}

TEST_F(DeadlineTest, AcrossARestartOfTheController) {
  run(by(one_step(), seconds(100)));
  Ticket later = by(one_step().needs(exclusive("db")), seconds(100));
  later.begin = seconds(50);
  world.create_exclusive("db");
  submit(later);
  Ticket array = by(one_step().needs(exclusive("db")), seconds(100));
  array.array = parse_array("0-2").value();
  array.begin = seconds(50);
  submit(array);
  std::vector<Action> actions;
  auto core = world.restored(actions);
  EXPECT_TRUE(core->check_invariants());
  EXPECT_EQ(to_text(actions.back()), fmt::format("wake {}", (world.now + seconds(50)).ms));
  // It was down when they were to begin and when they were to have ended.
  world.now = world.now + seconds(200);
  actions.clear();
  core = world.restored(actions);
  EXPECT_TRUE(core->check_invariants());
  core->step(Tick{}, world.now, actions);
  EXPECT_TRUE(core->check_invariants());
  std::vector<std::string> ended;
  for (const Action& action : actions) {
    const auto* end = std::get_if<JobEnded>(&action);
    if (end != nullptr) ended.push_back(to_string(end->job) + " " + end->reason.substr(0, 8));
  }
  EXPECT_THAT(ended, ElementsAre("2 deadline", "3 deadline"));
  EXPECT_EQ(core->show(JobNumber{1}, world.now)->steps.at(0).state, StepState::kEnding);
}

// Between the start and its first turn it is not ended yet, and asks for nothing.
TEST_F(DeadlineTest, WhyKnowsOfOneThatPassedWhileNoControllerRan) {
  const std::string reason = reason_for(seconds(100));
  run(by(one_step().step_needs(cpus(2)), seconds(900)));
  const JobNumber job = submit(by(one_step().step_needs(cpus(2)), seconds(100)));
  world.now = world.now + seconds(200);
  std::vector<Action> actions;
  const auto other = world.restored(actions);
  const auto why = other->why({job, {}}, world.now);
  ASSERT_EQ(why->blockers.size(), 1U);
  EXPECT_EQ(why->blockers[0].kind, "limit");
  EXPECT_EQ(why->blockers[0].text, reason);
}

TEST_F(DeadlineTest, ACleanupThatWaitsForANodeRunsAfterARestart) {
  const JobNumber job = run(by(one_step().cleanup(), seconds(100)));
  world.pass(seconds(100));
  world.lose("n1");
  world.send(NodeGivenUp{n1});
  EXPECT_EQ(world.state(job), "CU");
  std::vector<Action> actions;
  const auto core = world.restored(actions);
  actions.clear();
  NodeJoined joined;
  joined.name = "n2";
  joined.incarnation = "i1";
  joined.capacity.cpus = 1;
  core->step(joined, world.now, actions);
  EXPECT_TRUE(core->check_invariants());
  const auto is_launch = [](const Action& action) {
    return std::holds_alternative<Launch>(action);
  };
  EXPECT_EQ(std::count_if(actions.begin(), actions.end(), is_launch), 1);
}

TEST_F(DeadlineTest, WhatARunningJobHoldsIsKnownToEndThenAfterARestart) {
  world.submit(by(one_step().needs(cpus(2)), seconds(100)));
  const JobNumber next = submit(ticket_of(one_step().needs(cpus(2))));
  std::vector<Action> actions;
  const auto core = world.restored(actions);
  NodeJoined joined;
  joined.name = "n1";
  joined.incarnation = "i1";
  joined.capacity.cpus = 2;
  joined.attempts.push_back({{JobNumber{1}, StepId{0}, Attempt{1}}, true});
  core->step(joined, world.now, actions);
  EXPECT_EQ(core->why(next, world.now)->expected_start, world.now + seconds(100));
}

TEST_F(DeadlineTest, PastIsPastWhereTheClockIsSetBack) {
  const JobNumber job = run(by(one_step(), seconds(100)));
  world.pass(seconds(100));
  world.forget_said();
  world.now = world.now - seconds(50);
  world.send(Tick{});
  EXPECT_THAT(world.said(), IsEmpty());
  world.complete(job, "main", 0);
  EXPECT_EQ(world.row(job).state, JobState::kError);
}

TEST_F(DeadlineTest, ATickBeforeItsTimeAsksAgain) {
  const JobNumber job = run(by(one_step(), seconds(100)));
  const Time deadline = world.row(job).deadline;
  world.now = world.now - seconds(50);
  world.send(Tick{});
  EXPECT_EQ(world.wake(), deadline);
}

}  // namespace
}  // namespace jobq::sched
