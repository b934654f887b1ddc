// SPDX-License-Identifier: Apache-2.0
// Sums in whole milliseconds as far as they go, so that they are the same everywhere.
#include "sim/metrics.h"

#include <algorithm>

namespace jobq::sim {
namespace {

double in_seconds(double ms) { return ms / 1000; }

double bounded_slowdown(Millis wait, Millis run) {
  const auto whole = static_cast<double>((wait + run).count);
  return std::max(1.0, whole / static_cast<double>(std::max(run, kTau).count));
}

double mean_of(const std::vector<std::int64_t>& values) {
  double sum = 0;
  for (const std::int64_t value : values) sum += static_cast<double>(value);
  return sum / static_cast<double>(values.size());
}

double median_of_sorted(const std::vector<std::int64_t>& values) {
  const std::size_t half = values.size() / 2;
  const auto upper = static_cast<double>(values[half]);
  return values.size() % 2 == 1 ? upper : (static_cast<double>(values[half - 1]) + upper) / 2;
}

std::int64_t percentile_of_sorted(const std::vector<std::int64_t>& values, std::size_t percent) {
  return values[(values.size() * percent + 99) / 100 - 1];
}

}  // namespace

Metrics measure(const Workload& workload, const std::vector<Span>& spans) {
  Metrics metrics;
  metrics.jobs = spans.size();
  if (spans.empty()) return metrics;
  std::vector<std::int64_t> waits;
  waits.reserve(spans.size());
  double slowdowns = 0;
  double busy = 0;
  Time last;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const Millis wait = spans[i].start - workload.jobs[i].submit;
    const Millis run = spans[i].end - spans[i].start;
    waits.push_back(wait.count);
    slowdowns += bounded_slowdown(wait, run);
    busy += static_cast<double>(run.count) * workload.jobs[i].processors;
    last = std::max(last, spans[i].end);
  }
  const auto makespan = static_cast<double>((last - workload.jobs.front().submit).count);
  metrics.mean_wait_s = in_seconds(mean_of(waits));
  std::ranges::sort(waits);
  metrics.median_wait_s = in_seconds(median_of_sorted(waits));
  metrics.p95_wait_s = in_seconds(static_cast<double>(percentile_of_sorted(waits, 95)));
  metrics.mean_bounded_slowdown = slowdowns / static_cast<double>(spans.size());
  metrics.utilization = busy / (makespan * static_cast<double>(workload.machine.cpus()));
  metrics.makespan_s = in_seconds(makespan);
  return metrics;
}

}  // namespace jobq::sim
