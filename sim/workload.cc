// SPDX-License-Identifier: Apache-2.0
// Records of a trace as jobs, and those that cannot run set aside.
#include "sim/workload.h"

#include <fmt/format.h>

#include <algorithm>

namespace jobq::sim {
namespace {

constexpr Millis kShortest = seconds(1);

std::int64_t processors_of(const SwfRecord& record) {
  return record.allocated_processors > 0 ? record.allocated_processors
                                         : record.requested_processors;
}

Millis at_least_a_second(std::int64_t length) { return std::max(seconds(length), kShortest); }

// Why the record cannot be simulated; empty where it can.
std::string obstacle(const SwfRecord& record, const Machine& machine) {
  if (record.status >= 2 && record.status <= 4) {
    return "a part of a job that has a record of its own (status 2, 3 or 4)";
  }
  if (record.submit < 0) return "the submit time is not known";
  if (record.run < 0) return "the run time is not known";
  const std::int64_t processors = processors_of(record);
  if (processors <= 0) return "the number of processors is not known";
  if (at_least_a_second(record.requested_time) > kLongestLimit) {
    return fmt::format("the time limit is longer than {}", format_duration(kLongestLimit));
  }
  // Nodes are not granted together yet: a job has to fit one.
  if (std::min<std::uint64_t>(static_cast<std::uint64_t>(processors), machine.cpus()) >
      machine.cpus_per_node) {
    return fmt::format("wider than one node of {} processors", machine.cpus_per_node);
  }
  return {};
}

int priority_of(const SwfRecord& record) {
  const std::int64_t queue = record.queue < 0 ? sched::kMaxPriority : record.queue;
  return sched::kMaxPriority - static_cast<int>(std::min<std::int64_t>(queue, sched::kMaxPriority));
}

SimJob job_of(const SwfRecord& record, const Machine& machine) {
  SimJob job;
  job.name = record.job;
  job.submit = kTraceStart + seconds(record.submit);
  job.run = at_least_a_second(record.run);
  job.limit = record.requested_time > 0 ? at_least_a_second(record.requested_time)
                                        : std::min(job.run, kLongestLimit);
  job.processors = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      static_cast<std::uint64_t>(processors_of(record)), machine.cpus_per_node));
  job.priority = priority_of(record);
  return job;
}

void leave_out(std::vector<LeftOut>& all, const std::string& reason, std::uint64_t line) {
  const auto known = std::ranges::find(all, reason, &LeftOut::reason);
  if (known == all.end()) {
    all.push_back({reason, 1, line});
  } else {
    ++known->count;
  }
}

}  // namespace

Workload workload_of(const SwfTrace& trace, const Machine& machine) {
  Workload workload;
  workload.machine = machine;
  workload.jobs.reserve(trace.records.size());
  for (const SwfRecord& record : trace.records) {
    const std::string reason = obstacle(record, machine);
    if (reason.empty()) {
      workload.jobs.push_back(job_of(record, machine));
    } else {
      leave_out(workload.left_out, reason, record.line);
    }
  }
  std::ranges::stable_sort(workload.jobs, {}, &SimJob::submit);
  return workload;
}

}  // namespace jobq::sim
