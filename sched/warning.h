// SPDX-License-Identifier: Apache-2.0
// Warning signals as users write them: which one, and how long before the time limit.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sched/spec.h"

namespace jobq::sched {

// "USR1@60" (seconds), "SIGTERM@2m", "10@1h30m".
Result<Warning> parse_warning(std::string_view text);
std::string to_string(const Warning& warning);  // "USR1@1m"

// What is wrong with it; empty where nothing is. No process can be warned by KILL or STOP.
std::string fault_of(const Warning& warning);

}  // namespace jobq::sched
