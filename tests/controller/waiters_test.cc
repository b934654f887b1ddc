// SPDX-License-Identifier: Apache-2.0
// The book of waiting requests.
#include "controller/waiters.h"

#include <gtest/gtest.h>

namespace jobq::controller {
namespace {

constexpr JobNumber kOne{1};
constexpr JobNumber kTwo{2};

JobIntervals jobs(std::uint64_t first, std::uint64_t last) {
  JobIntervals set;
  set.add({JobNumber{first}, JobNumber{last}});
  return set;
}

TEST(Waiters, ARequestIsCompleteWhenAllItsJobsEnded) {
  Waiters waiters;
  const Waiters::Key key{7, 1};
  waiters.add(key, jobs(1, 2), false);
  EXPECT_FALSE(waiters.ended(key, kOne));
  EXPECT_FALSE(waiters.ended(key, kOne)) << "an end that is told twice counts once";
  EXPECT_TRUE(waiters.ended(key, kTwo));
  EXPECT_FALSE(waiters.is_open(key, kTwo));
  EXPECT_TRUE(waiters.waiting_for(kTwo).empty());
}

TEST(Waiters, WhereAnyIsEnoughTheFirstEndCompletes) {
  Waiters waiters;
  const Waiters::Key key{7, 1};
  waiters.add(key, jobs(1, 2), true);
  EXPECT_TRUE(waiters.ended(key, kTwo));
  EXPECT_TRUE(waiters.waiting_for(kOne).empty());
}

TEST(Waiters, APeerThatGoesAwayIsForgottenWithAllItsRequests) {
  Waiters waiters;
  waiters.add({7, 1}, jobs(1, 1), false);
  waiters.add({7, 2}, jobs(1, 2), false);
  waiters.add({8, 1}, jobs(1, 1), false);
  waiters.forget_peer(7);
  EXPECT_EQ(waiters.waiting_for(kOne), (std::vector<Waiters::Key>{{8, 1}}));
  EXPECT_TRUE(waiters.waiting_for(kTwo).empty());
}

TEST(Waiters, ManyJobsAreWaitedForAsTheyEnd) {
  Waiters waiters;
  const Waiters::Key key{7, 1};
  waiters.add(key, jobs(1, 1000), false);
  for (std::uint64_t job = 1000; job > 1; --job) {
    ASSERT_EQ(waiters.waiting_for(JobNumber{job}), (std::vector<Waiters::Key>{key}));
    ASSERT_FALSE(waiters.ended(key, JobNumber{job}));
    ASSERT_TRUE(waiters.waiting_for(JobNumber{job}).empty());
  }
  EXPECT_TRUE(waiters.ended(key, kOne));
  EXPECT_FALSE(waiters.knows(key));
}

TEST(JobIntervals, RangesThatTouchOrOverlapAreOneSet) {
  JobIntervals set = jobs(10, 20);
  set.add({JobNumber{5}, JobNumber{10}});
  set.add({JobNumber{30}, JobNumber{40}});
  set.add({JobNumber{18}, JobNumber{31}});
  set.add({JobNumber{9}, JobNumber{8}});
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  set.for_each_range([&ranges](const JobIntervals::Range& range) {
    ranges.emplace_back(range.first.value, range.last.value);
  });
  EXPECT_EQ(ranges, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{5, 40}}));
  EXPECT_TRUE(set.remove(JobNumber{5}));
  EXPECT_TRUE(set.remove(JobNumber{20}));
  EXPECT_FALSE(set.remove(JobNumber{20}));
  EXPECT_FALSE(set.contains(JobNumber{5}));
  EXPECT_TRUE(set.contains(JobNumber{6}));
  EXPECT_FALSE(set.contains(JobNumber{41}));
  EXPECT_TRUE(set.at_most(34));
  EXPECT_FALSE(set.at_most(33));
}

TEST(Waiters, ElementsOfAnArrayAreWaitedForBesideJobs) {
  Waiters waiters;
  const Waiters::Key key{7, 1};
  const JobRef third(kTwo, 3);
  waiters.add(key, jobs(1, 1), false, {third});
  EXPECT_EQ(waiters.awaited_elements(kTwo), std::vector<JobRef>{third});
  EXPECT_TRUE(waiters.waiting_for(JobRef(kTwo, 4)).empty());
  EXPECT_FALSE(waiters.ended(key, third));
  EXPECT_FALSE(waiters.ended(key, third)) << "an end that is told twice counts once";
  EXPECT_TRUE(waiters.ended(key, kOne));
  EXPECT_TRUE(waiters.awaited_elements(kTwo).empty());
}

TEST(Waiters, ANumberThatTurnsOutToBeAnElementIsWaitedForAsOne) {
  Waiters waiters;
  const Waiters::Key key{7, 1};
  waiters.add(key, jobs(1, 2), false);
  waiters.rename(key, kTwo, JobRef(kOne, 0));
  EXPECT_FALSE(waiters.is_open(key, kTwo));
  EXPECT_FALSE(waiters.ended(key, kOne));
  EXPECT_TRUE(waiters.ended(key, JobRef(kOne, 0)));
}

}  // namespace
}  // namespace jobq::controller
