// SPDX-License-Identifier: Apache-2.0
// What a node is told to start: values put into the texts, the environment, the resources.
//
// A function of the job and its steps, so that sending an attempt again gives the same order.
#pragma once

#include <optional>

#include "resmgr/needs.h"
#include "sched/action.h"
#include "sched/job.h"

namespace jobq::sched {

// Of the step's newest attempt. `own`: what the step was granted beside its job, if anything.
Launch make_launch(const Job& job, StepId id, const std::optional<resmgr::Needs>& own);

}  // namespace jobq::sched
