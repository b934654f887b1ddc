// SPDX-License-Identifier: Apache-2.0
// The history, as the controller reads it for the core: jobs that have ended.
#pragma once

#include <vector>

#include "base/result.h"
#include "sched/job_condition.h"
#include "sim/disk.h"

namespace jobq::sim {

// What the journal says of each: without an end, where it has none.
Result<std::vector<sched::JobFact>> past_jobs(const Disk& disk, const std::vector<JobNumber>& jobs);

}  // namespace jobq::sim
