// SPDX-License-Identifier: Apache-2.0
// Workloads and comparisons for tests.
#include "tests/sim/support.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

namespace jobq::sim {
namespace {

std::string text_of(const Span& span) {
  return fmt::format("{}..{}", (span.start - kTraceStart).count / 1000,
                     (span.end - kTraceStart).count / 1000);
}

}  // namespace

Workload workload_of_lines(std::uint32_t cpus, const std::vector<JobLine>& lines) {
  SwfTrace trace;
  for (const JobLine& line : lines) {
    SwfRecord record;
    record.job = static_cast<std::int64_t>(trace.records.size()) + 1;
    record.submit = line.submit;
    record.run = line.run;
    record.allocated_processors = line.processors;
    record.requested_time = line.limit;
    trace.records.push_back(record);
  }
  return workload_of(trace, {1, cpus});
}

Workload random_workload(std::uint64_t seed, std::size_t jobs, std::uint32_t cpus) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t limit) {
    return static_cast<std::int64_t>(random() % limit);
  };
  std::vector<JobLine> lines;
  std::int64_t at = 0;
  for (std::size_t i = 0; i < jobs; ++i) {
    at += below(2) * below(12);
    const std::int64_t wide = below(4) == 0 ? cpus : (cpus + 3) / 4;
    const auto processors = static_cast<std::uint32_t>(1 + below(static_cast<std::uint64_t>(wide)));
    const std::int64_t limit = 1 + below(3) * below(20);
    const std::int64_t run = below(3) == 0 ? limit : below(25);
    lines.push_back({at, processors, run, limit});
  }
  return workload_of_lines(cpus, lines);
}

Options policy_of(resmgr::Backfill backfill) {
  Options options;
  options.scheduling.backfill = backfill;
  return options;
}

std::vector<Span> spans_of(const Workload& workload, const Options& options) {
  auto simulated = simulate(workload, options, {});
  EXPECT_TRUE(simulated) << simulated.error().message;
  return simulated ? std::move(simulated->spans) : std::vector<Span>(workload.jobs.size());
}

std::string differences(const Workload& workload, const std::vector<Span>& left,
                        const std::vector<Span>& right) {
  constexpr std::size_t kShown = 5;
  std::string text;
  std::size_t count = 0;
  for (std::size_t i = 0; i < workload.jobs.size(); ++i) {
    if (left[i].start == right[i].start && left[i].end == right[i].end) continue;
    if (++count > kShown) continue;
    text += fmt::format("job {}: {} and {}\n", workload.jobs[i].name, text_of(left[i]),
                        text_of(right[i]));
  }
  return count == 0 ? text : fmt::format("{} jobs differ\n{}", count, text);
}

std::optional<std::string> data_file(const std::string& name) {
  const char* given = std::getenv("JOBQ_TEST_DATA");
  const std::string folder = given != nullptr ? given : JOBQ_SOURCE_DIR "/../shared/data";
  const std::string path = folder + "/" + name;
  return std::filesystem::exists(path) ? std::optional(path) : std::nullopt;
}

}  // namespace jobq::sim
