// SPDX-License-Identifier: Apache-2.0
// Results of simulations: the table, the document, the line that says how far it is.
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/simulate.h"
#include "cmd/table.h"

namespace jobq::cmd {
namespace {

double per_second(const sim::Pace& pace) {
  if (pace.elapsed_ns <= 0) return 0;
  return static_cast<double>(pace.decisions) * 1e9 / static_cast<double>(pace.elapsed_ns);
}

std::string length(double in_seconds) { return elapsed(Millis{std::llround(in_seconds * 1000)}); }

std::vector<Cell> row_of(const SimulationResult& result) {
  const sim::Metrics& m = result.metrics;
  return {result.policy.name,
          std::to_string(m.jobs),
          length(m.mean_wait_s),
          length(m.median_wait_s),
          length(m.p95_wait_s),
          fmt::format("{:.2f}", m.mean_bounded_slowdown),
          fmt::format("{:.1f}%", 100 * m.utilization),
          length(m.makespan_s),
          fmt::format("{:.0f}", per_second(result.pace))};
}

bool reports_progress() { return ::isatty(STDERR_FILENO) == 1; }

void write_metrics(JsonWriter& json, const sim::Metrics& metrics) {
  json.field("jobs", metrics.jobs);
  json.field("mean_wait_s", metrics.mean_wait_s);
  json.field("median_wait_s", metrics.median_wait_s);
  json.field("p95_wait_s", metrics.p95_wait_s);
  json.field("mean_bounded_slowdown", metrics.mean_bounded_slowdown);
  json.field("utilization", metrics.utilization);
  json.field("makespan_s", metrics.makespan_s);
}

void write_machine(JsonWriter& json, const sim::Machine& machine) {
  json.name("machine");
  json.object();
  json.field("nodes", machine.nodes);
  json.field("cpus_per_node", machine.cpus_per_node);
  json.field("cpus", machine.cpus());
  json.end();
}

void write_left_out(JsonWriter& json, const std::vector<sim::LeftOut>& left_out) {
  json.name("left_out");
  json.array();
  for (const sim::LeftOut& one : left_out) {
    json.object();
    json.field("reason", one.reason);
    json.field("records", one.count);
    json.field("first_line", one.first_line);
    json.end();
  }
  json.end();
}

}  // namespace

void print_simulations(const sim::Workload& workload,
                       const std::vector<SimulationResult>& results) {
  Table table({{"POLICY", false, 8},
               {"JOBS", true},
               {"MEAN WAIT", true},
               {"MEDIAN", true},
               {"P95", true},
               {"SLOWDOWN", true},
               {"USED", true},
               {"MAKESPAN", true},
               {"DECISIONS/S", true}});
  for (const SimulationResult& result : results) table.add(row_of(result));
  print(table.take_text(standard_output()));
  for (const SimulationResult& result : results) {
    if (result.lost > 0) {
      note(fmt::format("{}: {} ended with their node", result.policy.name,
                       counted(result.lost, "job")));
    }
  }
  note_left_out(workload.left_out);
}

void print_as_json(const sim::Workload& workload, const SimulationResult& result) {
  JsonWriter json;
  json.object();
  json.field("policy", result.policy.name);
  const resmgr::Scheduling& scheduling = result.policy.options.scheduling;
  const bool has_depth = scheduling.backfill == resmgr::Backfill::kConservative;
  json.field("depth", has_depth ? std::optional(scheduling.depth) : std::nullopt);
  write_machine(json, workload.machine);
  write_metrics(json, result.metrics);
  json.field("lost", result.lost);
  json.field("decisions", result.pace.decisions);
  json.field("decisions_per_s", per_second(result.pace));
  json.field("worst_turn_ms", static_cast<double>(result.pace.worst_turn_ns) / 1e6);
  write_left_out(json, workload.left_out);
  json.end();
  print(json.line());
}

void note_left_out(const std::vector<sim::LeftOut>& left_out) {
  for (const sim::LeftOut& one : left_out) {
    note(fmt::format("{} left out, the first in line {}: {}", counted(one.count, "record"),
                     one.first_line, one.reason));
  }
}

sim::Progress progress_line(const std::string& policy, std::size_t jobs) {
  if (!reports_progress() || jobs == 0) return {};
  return [policy, jobs](std::size_t ended) {
    std::fputs(
        fmt::format("\r{}: {} of {} jobs have ended ({}%)", policy, ended, jobs, 100 * ended / jobs)
            .c_str(),
        stderr);
  };
}

void clear_progress_line() {
  if (reports_progress()) std::fputs("\r\033[K", stderr);
}

}  // namespace jobq::cmd
