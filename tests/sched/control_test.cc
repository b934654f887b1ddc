// SPDX-License-Identifier: Apache-2.0
// Hold, release, cancel, signals, and who may.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ControlTest : public ::testing::Test {
 public:
  void SetUp() override {
    world.join("n1", 2);
    world.forget_said();
  }
  World world;
};

Ticket held_ticket() {
  Ticket ticket = ticket_of(one_step());
  ticket.hold = true;
  return ticket;
}

TEST_F(ControlTest, ATicketMayBeSubmittedHeld) {
  const JobNumber job = world.submit(held_ticket());
  EXPECT_THAT(world.said(), ElementsAre("submitted 1"));
  EXPECT_EQ(world.state(job), "HD");
  world.release(job);
  EXPECT_THAT(world.said(), ElementsAre("1 ok", "launch 1.main on n1"));
}

TEST_F(ControlTest, AHeldJobThatWaitsIsWithdrawn) {
  const JobNumber busy = world.submit(one_step().step_needs(cpus(2)));
  const JobNumber first = world.submit(one_step());
  const JobNumber second = world.submit(one_step());
  world.hold(first);
  EXPECT_EQ(world.state(first), "HD");
  EXPECT_EQ(world.step_state(first, "main"), "pending");
  world.complete(busy, "main");
  EXPECT_EQ(world.state(first), "HD");
  EXPECT_EQ(world.state(second), "BP");
}

TEST_F(ControlTest, ARunningJobIsSuspendedAndResumed) {
  const JobNumber job = world.submit(one_step().step("next").after("main"));
  world.started(job, "main");
  world.forget_said();
  world.hold(job);
  EXPECT_THAT(world.said(), ElementsAre("suspend 1.main", "1 ok"));
  world.complete(job, "main");
  EXPECT_THAT(world.said(), ElementsAre("forget 1.main"));
  EXPECT_EQ(world.state(job), "HD");
  world.release(job);
  EXPECT_THAT(world.said(), ElementsAre("1 ok", "launch 1.next on n1"));
}

TEST_F(ControlTest, AStepThatIsToEndIsNotSuspended) {
  const JobNumber job = world.submit(one_step().step("calc"));
  world.hold(job);
  world.cancel(job, "calc");
  world.forget_said();
  world.started(job, "calc");
  EXPECT_THAT(world.said(), IsEmpty());
}

TEST_F(ControlTest, AReleaseResumesWhatWasSuspended) {
  const JobNumber job = world.submit(one_step());
  world.hold(job);
  world.forget_said();
  world.started(job, "main");  // it was on its way when the hold came
  EXPECT_THAT(world.said(), ElementsAre("suspend 1.main"));
  world.release(job);
  EXPECT_THAT(world.said(), ElementsAre("resume 1.main", "1 ok"));
}

TEST_F(ControlTest, HoldAndReleaseMayBeRepeated) {
  const JobNumber job = world.submit(one_step());
  world.hold(job);
  world.forget_said();
  world.hold(job);
  EXPECT_THAT(world.said(), ElementsAre("1 ok"));
  world.release(job);
  world.forget_said();
  world.release(job);
  EXPECT_THAT(world.said(), ElementsAre("1 ok"));
}

TEST_F(ControlTest, AHeldJobStartsNoCleanupUntilItIsReleased) {
  const JobNumber job = world.submit(one_step().cleanup());
  world.hold(job);
  world.complete(job, "main");
  EXPECT_EQ(world.state(job), "HD");
  world.release(job);
  EXPECT_EQ(world.state(job), "CU");
}

TEST_F(ControlTest, ACancelledJobThatNeverStartedEndsAtOnceWithoutCleanup) {
  world.submit(one_step().step_needs(cpus(2)));
  const JobNumber job = world.submit(one_step().cleanup());
  world.forget_said();
  world.cancel(job);
  EXPECT_THAT(world.said(), ElementsAre("ended 2 JC cancelled by ann", "2 ok"));
  EXPECT_EQ(world.row(job).cancelled_by, "ann");
}

TEST_F(ControlTest, ACancelledRunningJobIsKilledThenCleanedUp) {
  const JobNumber job = world.submit(one_step().step("next").after("main").cleanup());
  world.started(job, "main");
  world.forget_said();
  world.cancel(job);
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main", "1 ok"));
  EXPECT_EQ(world.step_state(job, "main"), "ending");
  EXPECT_EQ(world.step_state(job, "next"), "skipped");
  world.complete(job, "main");  // it was quicker than the kill: the order stands
  EXPECT_THAT(world.said(), ElementsAre("launch 1.cleanup on n1", "forget 1.main"));
  EXPECT_EQ(world.step_state(job, "main"), "cancelled");
  world.complete(job, "cleanup");
  EXPECT_THAT(world.said(), ElementsAre("ended 1 JC cancelled by ann", "forget 1.cleanup"));
}

TEST_F(ControlTest, ACancelOfAHeldJobNeedsNoRelease) {
  const JobNumber job = world.submit(one_step());
  world.hold(job);
  world.forget_said();
  world.cancel(job);
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main", "1 ok"));
  EXPECT_EQ(world.state(job), "BP");
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).state, JobState::kCancelled);
}

TEST_F(ControlTest, ARepeatedCancelKillsAgain) {
  const JobNumber job = world.submit(one_step());
  world.cancel(job);
  world.forget_said();
  world.cancel(job);
  EXPECT_THAT(world.said(), ElementsAre("kill 1.main", "1 ok"));
}

TEST_F(ControlTest, ACancelAfterAFailureHastensTheEndAndTheFailureStays) {
  const JobNumber job = world.submit(one_step().step("calc"));
  world.complete(job, "calc", 3);
  world.cancel(job);
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).state, JobState::kError);
  EXPECT_EQ(world.row(job).reason, "step calc: exit code 3");
}

TEST_F(ControlTest, CleanupIsNeitherHeldNorCancelledButCanBeSignalled) {
  const JobNumber job = world.submit(one_step().cleanup());
  world.complete(job, "main");
  world.started(job, "cleanup");
  world.forget_said();
  world.cancel(job);
  world.hold(job);
  world.cancel(job, "cleanup");
  EXPECT_THAT(world.said(),
              ElementsAre("1 job 1 is cleaning up (done), which always runs: nothing to cancel",
                          "1 job 1 is cleaning up (done), which always runs: nothing to hold",
                          "1 job 1 is cleaning up (done), which always runs: nothing to cancel"));
  world.send(Cancel{World::kReply, world.ann, World::only(job), 10});
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.cleanup", "1 ok"));
}

TEST_F(ControlTest, CancellingOneStepEndsTheJobUnlessACancelIsExpected) {
  const JobNumber job = world.submit(one_step().step("calc"));
  world.forget_said();
  world.cancel(job, "calc");
  EXPECT_THAT(world.said(), ElementsAre("kill 1.calc", "1 ok"));
  world.complete(job, "calc", 143);
  EXPECT_EQ(world.reason(job), "step calc: cancelled by ann");
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).state, JobState::kCancelled);
}

TEST_F(ControlTest, CancellingOneStepGoesOnWhereACancelIsHandled) {
  const JobNumber job = world.submit(one_step().step("calc").step("on").after("calc.ended"));
  world.cancel(job, "calc");
  world.complete(job, "calc", 143);
  EXPECT_EQ(world.step_state(job, "on"), "starting");
  world.complete(job, "on");
  world.complete(job, "main");
  EXPECT_EQ(world.row(job).state, JobState::kDone);
}

TEST_F(ControlTest, AStepThatOnlyWaitsIsCancelledAtOnce) {
  const JobNumber job = world.submit(one_step().step("next").after("main"));
  world.forget_said();
  world.cancel(job, "next");
  EXPECT_THAT(world.said(), ElementsAre("1 ok"));
  EXPECT_EQ(world.step_state(job, "next"), "cancelled");
}

TEST_F(ControlTest, ASignalGoesToStepsThatAreLaunchedAndToNoOther) {
  const JobNumber job = world.submit(one_step().step("next").after("main"));
  world.forget_said();
  Selector next = World::only(job);
  next.step = "next";
  world.send(Cancel{World::kReply, world.ann, next, 10});
  EXPECT_THAT(world.said(), ElementsAre("1 job 1 has no running step 'next': no signal was sent"));
  world.send(Cancel{World::kReply, world.ann, World::only(job), 10});
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.main", "1 ok"));
  world.started(job, "main");
  world.send(Cancel{World::kReply, world.ann, World::only(job), 10});
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1.main", "1 ok"));
  EXPECT_EQ(world.step_state(job, "main"), "running");
  world.lose("n1");
  world.forget_said();
  world.send(Cancel{World::kReply, world.ann, World::only(job), 10});
  EXPECT_THAT(world.said(),
              ElementsAre("1 node n1, where it runs, is not connected: no signal was sent"));
}

TEST_F(ControlTest, RefusalsSayWhatAndWhy) {
  const JobNumber job = world.submit(one_step().step("calc"));
  world.forget_said();
  world.send(Cancel{World::kReply, world.bob, World::only(job), 0});
  world.send(Cancel{World::kReply, world.ann, World::only(JobNumber{99}), 0});
  world.cancel(job, "clac");
  world.send(Hold{World::kReply, world.ann, Selector{}});
  EXPECT_THAT(
      world.said(),
      ElementsAre("1 job 1 belongs to ann; only ann and operators may cancel it",
                  "99 there is no job 99", "1 job 1 has no step 'clac'; did you mean 'calc'?",
                  "error no job was named; give job numbers, --name, --user or --all"));
  world.complete(job, "main");
  world.complete(job, "calc");
  world.forget_said();
  world.cancel(job);
  EXPECT_THAT(world.said(), ElementsAre("1 job 1 has ended: nothing to cancel"));
}

TEST_F(ControlTest, AllMeansOnesOwnJobsAndForOperatorsEveryonesJobs) {
  world.submit(held_ticket());
  world.send(NewJobNotice{World::kReply, world.bob, "", {held_ticket()}, false});
  world.forget_said();
  Selector all;
  all.all = true;
  world.send(Hold{World::kReply, world.bob, all});
  world.send(Hold{World::kReply, world.root, all});
  EXPECT_THAT(world.said(), ElementsAre("2 ok", "1 ok; 2 ok"));
  all.user = "ann";
  world.send(Hold{World::kReply, world.bob, all});
  EXPECT_THAT(world.said(),
              ElementsAre("error only operators may act on jobs of other users (ann)"));
}

TEST_F(ControlTest, JobsAreChosenByNameAndByRange) {
  for (int i = 0; i < 3; ++i) {
    Ticket ticket = held_ticket();
    ticket.name = i == 1 ? "odd" : "even";
    world.submit(ticket);
  }
  world.forget_said();
  Selector names;
  names.names = {"even"};
  world.send(Release{World::kReply, world.ann, names});
  EXPECT_THAT(world.said(),
              ElementsAre("1 ok; 3 ok", "launch 1.main on n1", "launch 3.main on n1"));
  Selector range;
  range.ranges = {{JobNumber{2}, JobNumber{50}}};
  world.send(Hold{World::kReply, world.ann, range});
  EXPECT_THAT(world.said(), ElementsAre("suspend 3.main", "2 ok; 3 ok"));
  range.ranges = {{JobNumber{40}, JobNumber{50}}};
  world.send(Hold{World::kReply, world.ann, range});
  EXPECT_THAT(world.said(), ElementsAre("40 no job from 40 to 50 is in the queue"));
}

TEST_F(ControlTest, NothingIsSaidToThoseWhoDoNotAsk) {
  const JobNumber job = world.submit(one_step());
  world.forget_said();
  world.send(Hold{ReplyId{}, world.ann, World::only(JobNumber{99})});
  EXPECT_THAT(world.said(), IsEmpty());
  EXPECT_EQ(world.state(job), "BP");
}

// Counts the jobs of the replies so far, and notes whether the last one was the last.
struct Answered {
  std::size_t jobs = 0;
  bool more = false;
  void take(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
      const auto* reply = std::get_if<Reply>(&action);
      if (reply == nullptr) continue;
      jobs += std::get<JobResults>(reply->body).jobs.size();
      more = reply->more;
    }
  }
};

Selector all_jobs() {
  Selector selector;
  selector.all = true;
  return selector;
}

TEST_F(ControlTest, ACommandOnThousandsOfJobsGoesOnFromTickToTick) {
  world.submit_many(one_step(), 3500);
  for (const bool by_range : {true, false}) {
    Selector jobs = all_jobs();
    if (by_range) jobs.ranges.push_back({JobNumber{3}, JobNumber{3500}});
    const std::size_t meant = by_range ? 3498 : 3500;
    for (const Event& event : {Event(Hold{World::kReply, world.ann, jobs}),
                               Event(Release{World::kReply, world.ann, jobs})}) {
      Answered answered;
      world.send(event);
      answered.take(world.actions);
      EXPECT_TRUE(answered.more);
      EXPECT_LE(answered.jobs, 1000U) << "a turn has its limit";
      const JobNumber late = world.submit(held_ticket());
      while (answered.more) {
        world.send(Tick{});
        answered.take(world.actions);
      }
      EXPECT_EQ(answered.jobs, meant);
      EXPECT_EQ(world.state(late), "HD") << "it came after the command";
      world.cancel(late);
    }
  }
}

TEST_F(ControlTest, ACancelOfThousandsEndsThoseThatWaitFirst) {
  world.submit_many(one_step(), 2500);
  world.forget_said();
  Answered answered;
  world.send(Cancel{World::kReply, world.ann, all_jobs(), 0});
  answered.take(world.actions);
  while (answered.more) {
    world.send(Tick{});
    answered.take(world.actions);
  }
  EXPECT_EQ(answered.jobs, 2500U);
  for (const std::string& said : world.said()) EXPECT_NE(said.substr(0, 6), "launch") << said;
  world.complete(JobNumber{1}, "main");
  world.complete(JobNumber{2}, "main");
  EXPECT_EQ(world.core.live_count(), 0U);
}

}  // namespace
}  // namespace jobq::sched
