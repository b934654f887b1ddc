// SPDX-License-Identifier: Apache-2.0
// A schedule as a file: a line for each job, "job submit start end processors", in seconds since
// the beginning of the trace, with a fraction where there is one; in the order of submission.
//
// check_schedule() knows nothing of the core: it is how the simulation is watched.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/simulation.h"
#include "sim/workload.h"

namespace jobq::sim {

struct ScheduleLine {
  std::int64_t job = 0;
  Millis submit;
  Millis start;
  Millis end;
  std::uint64_t processors = 0;
  bool operator==(const ScheduleLine&) const = default;
};
using Schedule = std::vector<ScheduleLine>;

Schedule schedule_of(const Workload& workload, const std::vector<Span>& spans);

// An existing file is replaced.
Result<void> write_schedule(const std::string& path, const Schedule& schedule);
// kUsage, with the line, where something is not as above.
Result<Schedule> read_schedule(const std::string& path);

// The workload was run as it says: every job once, as wide and as long as it should, not before its
// submission, and never more processors in use than there are. The error names the first job or
// instant that is wrong.
Result<void> check_schedule(const Schedule& schedule, const Workload& workload);

}  // namespace jobq::sim
