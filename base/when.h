// SPDX-License-Identifier: Apache-2.0
// A moment as users say it: a point in time, or so long after they say it.
//
// What is said by a clock on a wall, without a zone, is meant as it is where it is said: that
// becomes a point in time here, by the local time zone. What is said as "so long from now" stays a
// duration, to be counted by the clock of whoever takes it.
#pragma once

#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"

namespace jobq {

using When = std::variant<Time, Millis>;

// "2026-11-22T03:00:00Z" (RFC 3339, with an offset), "2026-11-22 03:00[:30]" (with a blank or a T:
// local), "03:00[:30]" (local, the next time that it is so after `now`), "+2h" or "now+2h"
// (durations as parse_duration() takes them).
//
// A local time that is skipped where clocks go forward is the moment at which they do; one that
// comes twice where they go back is the first of the two, or of "HH:MM" the next one.
Result<When> parse_when(std::string_view text, Time now);

// The point in time, for whoever takes it at `now`.
Time time_of(const When& when, Time now);

}  // namespace jobq
