// SPDX-License-Identifier: Apache-2.0
// What is wrong with a selection as a whole.
#pragma once

#include "base/result.h"
#include "sched/event.h"
#include "sched/lifecycle.h"

namespace jobq::sched {

// May this actor select so, for this command?
Result<void> check_selector(const Actor& actor, const Selector& selector, JobCommand command);

// Nothing was selected: why not.
Error no_match(const Actor& actor, const Selector& selector);

}  // namespace jobq::sched
