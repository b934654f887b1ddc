// SPDX-License-Identifier: Apache-2.0
// What a node is told to start: values put into the texts, the environment, the resources.
//
// A function of the job and its steps, so that sending an attempt again gives the same order.
#pragma once

#include <optional>

#include "base/result.h"
#include "resmgr/needs.h"
#include "sched/action.h"
#include "sched/job.h"

namespace jobq::sched {

// Does the step hold a named resource while it runs, by itself or with its job?
bool holds_named(const Job& job, StepId id);

// May the step's newest attempt be started elsewhere when its node is lost, or does it hold a named
// resource that others would get then? It must not outlive its node's lease. Asked when it is
// launched; what the node was told then stands in its row.
bool is_fenced(const Job& job, StepId id);

// A text of a step with its values put in. Refused (kRefused) where it takes more than
// kMostLaunchBytes then.
Result<std::string> fill_text(const Job& job, const std::string& text);

// What a node can be sent of one attempt, in bytes: below the protocol's limit on a message, with
// room for what the node adds.
inline constexpr std::size_t kMostLaunchBytes = 12U << 20U;

// Of the step's newest attempt. `own`: what the step was granted beside its job, if anything.
// `device_command`: of the device that it exports to. Refused (kRefused) where there is none, and
// where its texts take more than kMostLaunchBytes once the values are put in.
Result<Launch> make_launch(const Job& job, StepId id, const std::optional<resmgr::Needs>& own,
                           const std::string& device_command);

}  // namespace jobq::sched
