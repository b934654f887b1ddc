// SPDX-License-Identifier: Apache-2.0
// Events and decisions in words, for `jq admin replay`.
#pragma once

#include <string>

#include "base/ids.h"
#include "sched/action.h"
#include "sched/event.h"

namespace jobq::cmd {

// "cancel of 17-20 by ann", "step 17.0, attempt 1 ended: exit code 3".
std::string describe(const sched::Event& event);
// "launch 17.main (attempt 1) on node 2".
std::string describe(const sched::Action& action);

bool concerns(const sched::Event& event, JobNumber job);
bool concerns(const sched::Action& action, JobNumber job);

}  // namespace jobq::cmd
