// SPDX-License-Identifier: Apache-2.0
// The real core against textbook schedulers: the whole schedule, job by job.
#include <gtest/gtest.h>

#include "sim/metrics.h"
#include "sim/schedule.h"
#include "sim/swf.h"
#include "tests/sim/naive.h"
#include "tests/sim/support.h"

namespace jobq::sim {
namespace {

using resmgr::Backfill;

void expect_right(const Workload& workload, const std::vector<Span>& spans) {
  const auto right = check_schedule(schedule_of(workload, spans), workload);
  EXPECT_TRUE(right) << right.error().message;
}

void expect_as_naive(const Workload& workload, Backfill backfill, NaivePolicy policy) {
  const std::vector<Span> naive = naive_schedule(workload, policy);
  expect_right(workload, naive);
  EXPECT_EQ(differences(workload, spans_of(workload, policy_of(backfill)), naive), "");
}

constexpr std::uint64_t kSeeds = 400;

TEST(Reference, FirstComeFirstServedIsTheTextbooksOnRandomWorkloads) {
  for (std::uint64_t seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    expect_as_naive(random_workload(seed, 120, 8), Backfill::kNone, NaivePolicy::kFcfs);
  }
}

TEST(Reference, EasyIsTheTextbooksOnRandomWorkloads) {
  for (std::uint64_t seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    expect_as_naive(random_workload(seed, 120, 8), Backfill::kEasy, NaivePolicy::kEasy);
  }
}

TEST(Reference, ConservativeKeepsTheRulesOfAScheduleOnRandomWorkloads) {
  for (std::uint64_t seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const Workload workload = random_workload(seed, 120, 8);
    expect_right(workload, spans_of(workload, policy_of(Backfill::kConservative)));
  }
}

// The log of a real machine, where it is at hand; see data_file().
class RealTrace : public ::testing::Test {
 public:
  void SetUp() override {
    const auto path = data_file("KTH-SP2-1996-2.1-cln.swf.gz");
    if (!path) GTEST_SKIP() << "KTH-SP2-1996-2.1-cln.swf.gz is not in JOBQ_TEST_DATA";
    const auto trace = read_swf(*path);
    ASSERT_TRUE(trace) << trace.error().message;
    ASSERT_EQ(trace->max_procs, 100U);
    workload = workload_of(*trace, {1, 100});
    ASSERT_GT(workload.jobs.size(), 20000U);
  }
  double slowdown(Backfill backfill) const {
    const auto spans = spans_of(workload, policy_of(backfill));
    expect_right(workload, spans);
    return measure(workload, spans).mean_bounded_slowdown;
  }
  Workload workload;
};

TEST_F(RealTrace, FirstComeFirstServedIsTheTextbooks) {
  expect_as_naive(workload, Backfill::kNone, NaivePolicy::kFcfs);
}

TEST_F(RealTrace, EasyIsTheTextbooks) {
  expect_as_naive(workload, Backfill::kEasy, NaivePolicy::kEasy);
}

TEST_F(RealTrace, BackfillingBeatsFirstComeFirstServedByFar) {
  const double fcfs = slowdown(Backfill::kNone);
  EXPECT_GT(fcfs, 10 * slowdown(Backfill::kEasy));
  EXPECT_GT(fcfs, 10 * slowdown(Backfill::kConservative));
}

}  // namespace
}  // namespace jobq::sim
