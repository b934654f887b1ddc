// SPDX-License-Identifier: Apache-2.0
// What a job asks for, with what it is given where it says nothing.
#pragma once

#include <string>

#include "resmgr/needs.h"
#include "sched/spec.h"

namespace jobq::sched {

// What the step asks for beside the job, as dispatch will ask; nothing where it takes nothing.
resmgr::Needs asked_by(const JobSpec& spec, const StepSpec& step);

// In words: "4 cpus, 8G memory"; where the steps ask and not the job, "1 cpu for each step" or
// "calc: 2 cpus; publish: 1 cpu".
std::string asked_text(const JobSpec& spec);

}  // namespace jobq::sched
