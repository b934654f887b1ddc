// SPDX-License-Identifier: Apache-2.0
// Drawing of workloads.
#include "sim/synthetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace jobq::sim {
namespace {

// Of numbers that are great enough, infinity comes, and of that what is no number.
Millis millis_of(double in_seconds) {
  const auto most = static_cast<double>(kLongestLimit.count);
  if (std::isnan(in_seconds)) return kLongestLimit;
  return Millis{std::llround(std::clamp(in_seconds * 1000, 1.0, most))};
}

Millis whole_seconds(Millis length) { return seconds((length.count + 999) / 1000); }

std::uint32_t width_of(double drawn, const Machine& machine) {
  const double most = machine.cpus_per_node;
  if (std::isnan(drawn)) return machine.cpus_per_node;
  return static_cast<std::uint32_t>(std::clamp(std::ceil(drawn), 1.0, most));
}

// A job without a name and a time.
SimJob draw_job(const Synthetic& synthetic, const Machine& machine, Random& random) {
  SimJob job;
  job.processors = width_of(synthetic.processors.draw(random), machine);
  const double run_s = synthetic.run_s.draw(random);
  job.run = millis_of(run_s);
  job.limit = whole_seconds(millis_of(run_s * synthetic.limit_factor));
  return job;
}

// No two of them have both width and limit in common.
std::vector<SimJob> draw_shapes(const Synthetic& synthetic, const Machine& machine,
                                Random& random) {
  std::vector<SimJob> shapes;
  std::set<std::pair<std::uint32_t, Millis>> known;
  while (shapes.size() < synthetic.shapes) {
    SimJob shape = draw_job(synthetic, machine, random);
    while (!known.emplace(shape.processors, shape.limit).second) {
      shape.limit = shape.limit + seconds(1);
    }
    shapes.push_back(shape);
  }
  return shapes;
}

}  // namespace

Result<Arrival> parse_arrival(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view name = text.substr(0, colon);
  const std::string_view values = text.substr(std::min(colon + 1, text.size()));
  Arrival arrival;
  if (text == "burst") {
    arrival.at_once = std::numeric_limits<std::uint64_t>::max();
    return arrival;
  }
  const auto wrong = [text](std::string_view what) {
    return fail(ErrorCode::kUsage, fmt::format("'{}': {}", text, what));
  };
  if (name == "poisson") {
    if (const Result<double> rate = parse_quantity(values)) {
      if (*rate == 0) return wrong("nothing comes at a rate of 0");
      arrival.gap_s = {Distribution::Kind::kExponential, 1 / *rate, 0};
      return arrival;
    }
  } else if (const auto both = parse_two_quantities(values); both && name == "uniform") {
    if (both->first > both->second) return wrong(kLowAboveHigh);
    arrival.gap_s = {Distribution::Kind::kUniform, both->first, both->second};
    return arrival;
  } else if (both && name == "burst") {
    if (both->first < 1) return wrong("a burst is of 1 job at least");
    arrival.at_once = static_cast<std::uint64_t>(std::min(both->first, 1e15));
    arrival.gap_s = {Distribution::Kind::kConstant, both->second, 0};
    return arrival;
  }
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is not an arrival; expected poisson:RATE, uniform:LOW,HIGH, burst "
                          "or burst:COUNT,SECONDS",
                          text));
}

Workload workload_of(const Synthetic& synthetic, const Machine& machine) {
  Random random(synthetic.seed);
  const std::vector<SimJob> shapes = draw_shapes(synthetic, machine, random);
  Workload workload;
  workload.machine = machine;
  workload.jobs.reserve(synthetic.jobs);
  double at_s = 0;
  for (std::uint64_t i = 0; i < synthetic.jobs; ++i) {
    const bool begins = i % synthetic.arrival.at_once == 0;
    if (begins && i > 0) at_s += synthetic.arrival.gap_s.draw(random);
    SimJob job =
        shapes.empty() ? draw_job(synthetic, machine, random) : shapes[random.below(shapes.size())];
    job.name = static_cast<std::int64_t>(i) + 1;
    job.submit = kTraceStart + Millis{std::llround(std::fmin(at_s, 1e11) * 1000)};
    workload.jobs.push_back(job);
  }
  return workload;
}

}  // namespace jobq::sim
