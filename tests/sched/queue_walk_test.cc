// SPDX-License-Identifier: Apache-2.0
// A listing of the queue in slices, while jobs come, start and end.
#include "sched/queue_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;

class QueueWalkTest : public ::testing::Test {
 public:
  // Looks at `most` more jobs; false at the end.
  bool go_on(std::size_t most) {
    return world.core.queue(walk, most,
                            [this](const JobSummary& job) { seen.push_back(job.job.value); });
  }
  JobNumber submit(int priority) {
    Ticket ticket = ticket_of(one_step());
    ticket.priority = priority;
    return world.submit(ticket);
  }
  World world;
  QueueWalk walk;
  std::vector<std::uint64_t> seen;
};

TEST_F(QueueWalkTest, RunningJobsComeFirstThenPriorityDecidesAndThenTheNumber) {
  world.join("n1", 1);
  for (const int priority : {50, 50, 90, 50}) submit(priority);
  while (go_on(1)) {
  }
  EXPECT_THAT(seen, ElementsAre(1, 3, 2, 4));
  EXPECT_EQ(walk.found, 4U);
}

TEST_F(QueueWalkTest, AJobThatStartsBeforeOrBehindTheWalkIsGivenOnce) {
  world.join("n1", 1);
  const JobNumber first = submit(50);
  const JobNumber second = submit(50);
  const JobNumber third = submit(50);
  EXPECT_TRUE(go_on(3)) << "the first part, and the start of the second";
  EXPECT_THAT(seen, ElementsAre(1, 2));
  world.complete(first, "main");   // 2, which was given, starts
  world.complete(second, "main");  // 3, which was not, starts
  EXPECT_EQ(world.state(third), "BP");
  EXPECT_FALSE(go_on(10));
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
}

TEST_F(QueueWalkTest, TheCountGoesOnBehindTheLimitAndIsKnownWithoutAFilter) {
  for (int i = 0; i < 5; ++i) submit(50);
  walk.limit = 2;
  EXPECT_FALSE(go_on(3)) << "without a filter it need not look further";
  EXPECT_EQ(walk.found, 5U);
  seen.clear();
  walk = {};
  walk.limit = 2;
  walk.filter.user = "ann";
  EXPECT_TRUE(go_on(3));
  EXPECT_FALSE(go_on(3));
  EXPECT_THAT(seen, ElementsAre(1, 2));
  EXPECT_EQ(walk.found, 5U);
}

// Whatever happens between slices: who is there all the time is given exactly once, nobody twice.
TEST_F(QueueWalkTest, UnderChangeEachJobThatStaysIsGivenOnce) {
  for (const std::size_t slice : {1U, 2U, 3U, 7U}) {
    world.join("n1", 3);
    for (int i = 0; i < 40; ++i) submit(i * 7 % 5 * 10);
    std::set<std::uint64_t> stayed;
    world.core.queue({}, world.now,
                     [&](const JobSummary& job) { return stayed.insert(job.job.value).second; });
    seen.clear();
    walk = {};
    for (int i = 0; go_on(slice); ++i) {
      std::vector<JobNumber> running;
      world.core.queue({}, world.now, [&](const JobSummary& job) {
        if (job.started) running.push_back(job.job);
        return true;
      });
      const JobNumber ends = running.at(static_cast<std::size_t>(i) % running.size());
      if (i % 2 == 0) world.complete(ends, "main");
      if (i % 2 == 0) stayed.erase(ends.value);
      if (i < 20) submit(i * 3 % 5 * 10);
    }
    std::map<std::uint64_t, int> times;
    for (const std::uint64_t job : seen) EXPECT_EQ(++times[job], 1) << "job " << job;
    for (const std::uint64_t job : stayed) EXPECT_EQ(times[job], 1) << "job " << job;
  }
}

}  // namespace
}  // namespace jobq::sched
