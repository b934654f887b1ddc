// SPDX-License-Identifier: Apache-2.0
// Could the cluster ever run this job? Job and step needs are looked at together: a step's come on
// top of what its job holds.
#pragma once

#include "base/result.h"
#include "resmgr/resource_manager.h"
#include "sched/asked.h"
#include "sched/spec.h"

namespace jobq::sched {

Result<void> feasible(const resmgr::ResourceManager& rm, const JobSpec& spec);

}  // namespace jobq::sched
