// SPDX-License-Identifier: Apache-2.0
// The fields of a calendar expression on a clock that never changes: from match to match.
#pragma once

#include <cstdint>
#include <optional>

#include "sched/calendar.h"

namespace jobq::sched {

// The first local second from `from_s` on and before `until_s` that matches.
std::optional<std::int64_t> next_match(const Calendar& calendar, std::int64_t from_s,
                                       std::int64_t until_s);

// Whether there is any within kCalendarYears, wherever one begins to look.
bool ever_matches(const Calendar& calendar);

}  // namespace jobq::sched
