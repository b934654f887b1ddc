// SPDX-License-Identifier: Apache-2.0
// Workloads that are made up, the cost of dispatching, and nodes that fail.
#include "sim/synthetic.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "sim/schedule.h"
#include "tests/sim/support.h"

namespace jobq::sim {
namespace {

Synthetic thousand_jobs() {
  Synthetic synthetic;
  synthetic.jobs = 1000;
  synthetic.arrival = parse_arrival("poisson:2").value();
  synthetic.run_s = parse_distribution("exponential:30").value();
  synthetic.processors = parse_distribution("uniform:0,8").value();
  return synthetic;
}

std::vector<std::int64_t> submit_seconds(const char* arrival, std::uint64_t jobs) {
  Synthetic synthetic = thousand_jobs();
  synthetic.jobs = jobs;
  synthetic.arrival = parse_arrival(arrival).value();
  std::vector<std::int64_t> all;
  for (const SimJob& job : workload_of(synthetic, {1, 8}).jobs) {
    all.push_back((job.submit - kTraceStart).count / 1000);
  }
  return all;
}

TEST(Synthetic, TheSeedDecides) {
  const auto text = [](std::uint64_t seed) {
    Synthetic synthetic = thousand_jobs();
    synthetic.seed = seed;
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    for (const SimJob& job : workload_of(synthetic, {1, 8}).jobs) {
      all.emplace_back(job.submit.ms, job.run.count);
    }
    return all;
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
}

TEST(Synthetic, JobsFitANodeAndTheirLimitsAreNotShorterThanTheyRun) {
  std::set<std::uint32_t> widths;
  for (const SimJob& job : workload_of(thousand_jobs(), {4, 6}).jobs) {
    widths.insert(job.processors);
    EXPECT_LE(job.run, job.limit);
    EXPECT_GT(job.run, Millis{0});
  }
  EXPECT_EQ(widths, (std::set<std::uint32_t>{1, 2, 3, 4, 5, 6}));
}

TEST(Synthetic, ShapesAreAsManyAsAskedForAlsoWhereNothingElseTellsThemApart) {
  Synthetic synthetic = thousand_jobs();
  synthetic.shapes = 40;
  synthetic.run_s = parse_distribution("60").value();
  synthetic.processors = parse_distribution("1").value();
  std::set<std::pair<std::uint32_t, Millis>> shapes;
  for (const SimJob& job : workload_of(synthetic, {1, 8}).jobs) {
    shapes.emplace(job.processors, job.limit);
  }
  EXPECT_EQ(shapes.size(), 40U);
}

TEST(Synthetic, Arrivals) {
  using Seconds = std::vector<std::int64_t>;
  EXPECT_EQ(submit_seconds("burst", 4), (Seconds{0, 0, 0, 0}));
  EXPECT_EQ(submit_seconds("burst:2,1m", 5), (Seconds{0, 0, 60, 60, 120}));
  EXPECT_EQ(submit_seconds("uniform:3,3", 3), (Seconds{0, 3, 6}));
  EXPECT_NEAR(static_cast<double>(submit_seconds("poisson:2", 20001).back()), 10000, 300);
  for (const char* text : {"", "poisson:0", "uniform:5", "uniform:5,1", "burst:0,1", "often"}) {
    EXPECT_FALSE(parse_arrival(text)) << text;
  }
}

Workload three_at_once() {
  return workload_of_lines(3, {{0, 1, 10, 20}, {0, 1, 10, 20}, {0, 1, 10, 10}});
}

std::vector<std::int64_t> start_ms(const Dispatch& dispatch) {
  Options options;
  options.dispatch = dispatch;
  std::vector<std::int64_t> starts;
  for (const Span& span : spans_of(three_at_once(), options)) {
    starts.push_back((span.start - kTraceStart).count);
  }
  return starts;
}

TEST(Dispatch, StartsGoOutOneAfterTheOtherOrSideBySide) {
  using Starts = std::vector<std::int64_t>;
  EXPECT_EQ(start_ms({}), (Starts{0, 0, 0}));
  EXPECT_EQ(start_ms({500'000, false}), (Starts{500, 1000, 1500}));
  EXPECT_EQ(start_ms({500'000, true}), (Starts{500, 500, 500}));
  EXPECT_EQ(start_ms({400, false}), (Starts{1, 1, 2}));
}

TEST(Dispatch, TheTimeLimitCountsFromTheDecision) {
  Options options;
  options.dispatch = {500'000, false};
  const std::vector<Span> spans = spans_of(three_at_once(), options);
  EXPECT_EQ(spans[0].end - spans[0].start, seconds(10));
  EXPECT_EQ(spans[2].end, kTraceStart + seconds(10));
}

TEST(Failures, WhatRanOnANodeEndsWithItAndTheNodeComesBack) {
  Synthetic synthetic = thousand_jobs();
  synthetic.run_s = parse_distribution("600").value();
  const Workload workload = workload_of(synthetic, {8, 8});
  Options options;
  options.failures = {3600, seconds(300), 1};
  const auto simulated = simulate(workload, options, {});
  ASSERT_TRUE(simulated) << simulated.error().message;
  EXPECT_GT(simulated->lost, 10U);
  EXPECT_LT(simulated->lost, 500U);
  std::uint64_t shorter = 0;
  for (std::size_t i = 0; i < workload.jobs.size(); ++i) {
    const Span& span = simulated->spans[i];
    EXPECT_GE(span.start, workload.jobs[i].submit);
    EXPECT_LE(span.end - span.start, workload.jobs[i].length());
    if (span.end - span.start < workload.jobs[i].length()) ++shorter;
  }
  EXPECT_EQ(shorter, simulated->lost);
}

TEST(Failures, TheSameSeedGivesTheSameSchedule) {
  const Workload workload = workload_of(thousand_jobs(), {64, 8});
  Options options;
  options.failures = {600, seconds(60), 5};
  options.dispatch = {1000, false};
  const std::vector<Span> first = spans_of(workload, options);
  EXPECT_EQ(differences(workload, first, spans_of(workload, options)), "");
  options.failures.seed = 6;
  EXPECT_NE(differences(workload, first, spans_of(workload, options)), "");
}

}  // namespace
}  // namespace jobq::sim
