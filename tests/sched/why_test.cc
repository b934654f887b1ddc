// SPDX-License-Identifier: Apache-2.0
// What users are shown: reasons for every state, the queue and its filters, a job's history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WhyTest : public ::testing::Test {
 public:
  void SetUp() override { world.join("n1", 2); }
  Why why(JobNumber job) { return *world.core.why(job, world.now); }
  std::vector<std::uint64_t> queue(const QueueFilter& filter) {
    std::vector<std::uint64_t> numbers;
    world.core.queue(filter, world.now, [&](const JobSummary& it) {
      numbers.push_back(it.job.value);
      return true;
    });
    return numbers;
  }
  World world;
};

TEST_F(WhyTest, AHeldJobNamesWhoHoldsItAndHowItIsReleased) {
  const JobNumber job = world.submit(one_step());
  world.send(Hold{World::kReply, world.root, World::only(job)});
  const Why it = why(job);
  EXPECT_EQ(it.state, JobState::kHeld);
  EXPECT_EQ(it.summary, "job 1 is held by root; what runs of it is suspended");
  EXPECT_EQ(it.blockers.at(0).kind, "held");
  EXPECT_EQ(it.blockers.at(0).remedy, "jq release 1");
}

TEST_F(WhyTest, AWaitingJobNamesWhatItLacks) {
  world.create_exclusive("db");
  const JobNumber holder = world.submit(one_step().needs(exclusive("db")));
  const JobNumber job = world.submit(one_step().needs(exclusive("db")));
  const Why it = why(job);
  EXPECT_EQ(it.state, JobState::kWaitingResources);
  EXPECT_EQ(it.blockers.at(0).kind, "exclusive");
  EXPECT_THAT(it.blockers.at(0).text, HasSubstr("job 1"));
  EXPECT_EQ(world.reason(job), "waits for exclusive db");
  world.complete(holder, "main");
}

TEST_F(WhyTest, StepsNameTheConditionsThatAreOpen) {
  const JobNumber job = world.submit(one_step().step("next").after("main.failure"));
  const Why it = why(job);
  EXPECT_EQ(it.summary, "job 1 is being processed: 1 of 2 steps is under way");
  ASSERT_EQ(it.blockers.size(), 1U);
  EXPECT_EQ(it.blockers.at(0).kind, "dependency");
  EXPECT_EQ(it.blockers.at(0).step, "next");
  EXPECT_EQ(it.blockers.at(0).text, "waits for main.failure (starting)");
  EXPECT_EQ(
      it.blockers.at(0).remedy,
      "wait for the end of main; jq output -f 1.main shows what it does, jq cancel 1.main ends "
      "it");
}

TEST_F(WhyTest, AStepOnALostNodeIsInDoubt) {
  const JobNumber job = world.submit(one_step());
  world.lose("n1");
  EXPECT_EQ(why(job).blockers.at(0).text,
            "in doubt: node n1 is lost, and its end is unknown until it returns");
  EXPECT_EQ(why(job).blockers.at(0).remedy,
            "bring node n1 back, cancel the job, or give the node up: jq node forget n1");
}

TEST_F(WhyTest, ACleanupSaysWhereItRuns) {
  const JobNumber job = world.submit(one_step().cleanup());
  world.complete(job, "main", 3);
  EXPECT_EQ(why(job).summary,
            "job 1 is decided as failure (step main: exit code 3); its cleanup runs on n1");
}

TEST_F(WhyTest, EveryJobHasASentence) {
  world.submit(one_step().step_needs(cpus(2)));
  world.submit(one_step().step_needs(cpus(2)));
  world.submit(one_step().needs(cpus(2)).cleanup());
  for (std::uint64_t n = 1; n <= 3; ++n) EXPECT_FALSE(why(JobNumber{n}).summary.empty());
  EXPECT_FALSE(why(JobNumber{2}).blockers.empty());
  EXPECT_FALSE(why(JobNumber{3}).blockers.empty());
  EXPECT_FALSE(world.core.why(JobNumber{9}, world.now));
}

TEST_F(WhyTest, TheExpectedStartFollowsFromTimeLimits) {
  world.submit(one_step().step_needs(cpus(2)).limit(seconds(60)));
  const JobNumber job = world.submit(one_step().step_needs(cpus(2)));
  EXPECT_EQ(why(job).expected_start, world.now + seconds(60));
}

TEST_F(WhyTest, TheQueueShowsWhatRunsFirstAndCanStopAnywhere) {
  world.submit(one_step().step_needs(cpus(2)));
  Ticket high = ticket_of(one_step().step_needs(cpus(1)));
  high.priority = 90;
  world.submit(high);
  world.submit(one_step());
  EXPECT_THAT(queue({}), ElementsAre(1, 2, 3));
  int seen = 0;
  world.core.queue({}, world.now, [&](const JobSummary&) { return ++seen < 2; });
  EXPECT_EQ(seen, 2);
}

TEST_F(WhyTest, TheQueueIsFiltered) {
  Ticket ticket = ticket_of(one_step().step_needs(cpus(2)));
  ticket.name = "big";
  world.submit(ticket);
  world.submit(ticket);
  world.send(NewJobNotice{World::kReply, world.bob, "", {ticket}, false});
  QueueFilter filter;
  filter.user = "bob";
  EXPECT_THAT(queue(filter), ElementsAre(3));
  filter = {};
  filter.states = {JobState::kProcessing};
  EXPECT_THAT(queue(filter), ElementsAre(1));
  filter = {};
  filter.ranges = {{JobNumber{2}, JobNumber{9}}};
  EXPECT_THAT(queue(filter), ElementsAre(2, 3));
  filter.ranges = {{JobNumber{2}, JobNumber{~0ULL}}};
  EXPECT_THAT(queue(filter), ElementsAre(2, 3));
  filter = {};
  filter.names = {"big", "big"};
  filter.user = "ann";
  EXPECT_THAT(queue(filter), ElementsAre(1, 2));
  filter.names = {"small"};
  EXPECT_THAT(queue(filter), ElementsAre());
}

TEST_F(WhyTest, TheHistoryTellsTheJobFromItsSubmission) {
  const JobNumber job = world.submit(one_step().cleanup());
  world.pass(seconds(1));
  world.hold(job);
  world.pass(seconds(1));
  world.release(job);
  world.complete(job, "main", 3);
  std::vector<std::string> told;
  const auto detail = world.core.show(job, world.now);
  for (const HistoryEntry& it : detail->history) {
    told.push_back(it.what + ": " + it.detail);
  }
  EXPECT_THAT(
      told,
      ElementsAre("submitted: by ann", "started: ", "launched: step main, attempt 1 on n1",
                  "held: by ann", "released: by ann", "decided: failure: step main: exit code 3",
                  "step ended: step main: exit code 3", "launched: step cleanup, attempt 1 on n1"));
}

}  // namespace
}  // namespace jobq::sched
