// SPDX-License-Identifier: Apache-2.0
// The figures of small schedules, worked out by hand.
#include "sim/metrics.h"

#include <gtest/gtest.h>

#include "tests/sim/support.h"

namespace jobq::sim {
namespace {

// Of jobs of one processor that are submitted at 0 and wait so long.
Metrics of_waits(const std::vector<std::int64_t>& waits, std::int64_t run) {
  std::vector<JobLine> lines;
  std::vector<Span> spans;
  for (const std::int64_t wait : waits) {
    lines.push_back({0, 1, run, run});
    spans.push_back({kTraceStart + seconds(wait), kTraceStart + seconds(wait + run)});
  }
  return measure(workload_of_lines(4, lines), spans);
}

TEST(Metrics, TheMedianIsTheMiddleOrTheMeanOfTheTwoInTheMiddle) {
  EXPECT_DOUBLE_EQ(of_waits({9, 1, 4}, 10).median_wait_s, 4);
  EXPECT_DOUBLE_EQ(of_waits({9, 1, 4, 5}, 10).median_wait_s, 4.5);
  EXPECT_DOUBLE_EQ(of_waits({9, 1, 4, 5}, 10).mean_wait_s, 4.75);
}

TEST(Metrics, NinetyFiveOfAHundredWaitNoLongerThanTheNinetyFifthPercentile) {
  std::vector<std::int64_t> waits(100);
  for (std::size_t i = 0; i < waits.size(); ++i) waits[i] = static_cast<std::int64_t>(i) + 1;
  EXPECT_DOUBLE_EQ(of_waits(waits, 10).p95_wait_s, 95);
  EXPECT_DOUBLE_EQ(of_waits({7}, 10).p95_wait_s, 7);
  EXPECT_DOUBLE_EQ(of_waits({7, 8}, 10).p95_wait_s, 8);
}

TEST(Metrics, ShortJobsCountAsTenSecondsInTheSlowdownAndNoneIsBelowOne) {
  EXPECT_DOUBLE_EQ(of_waits({0}, 1).mean_bounded_slowdown, 1);
  EXPECT_DOUBLE_EQ(of_waits({4}, 1).mean_bounded_slowdown, 1);
  EXPECT_DOUBLE_EQ(of_waits({19}, 1).mean_bounded_slowdown, 2);
  EXPECT_DOUBLE_EQ(of_waits({20}, 20).mean_bounded_slowdown, 2);
}

TEST(Metrics, UtilizationIsOfAllProcessorsFromTheFirstSubmissionToTheLastEnd) {
  const Metrics metrics = of_waits({10, 20}, 30);
  EXPECT_DOUBLE_EQ(metrics.makespan_s, 50);
  EXPECT_DOUBLE_EQ(metrics.utilization, 60.0 / (50 * 4));
}

}  // namespace
}  // namespace jobq::sim
