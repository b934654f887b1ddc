// SPDX-License-Identifier: Apache-2.0
// Calendar expressions and the times at which they fire: what recurring tickets go by.
//
// An expression is that of cron (crontab(5)): minute, hour, day of month, month, day of week, and
// on request a field for the second in front of them.
//
//   field     = item *("," item)
//   item      = "*" ["/" step] | value ["-" value ["/" step]]
//   value     = a number, or jan to dec, sun to sat (Sunday is 0 and 7)
//   @hourly @daily @midnight @weekly @monthly @yearly @annually stand for a whole expression
//
// A day matches when both fields of the day do. When both are restricted, which is when neither
// begins with "*", it matches when either does.
//
// Clocks that change. As in Debian's cron, an expression whose second, minute or hour begins with
// "*" is a wildcard: it follows real time. It fires whenever the local clock shows a time that
// matches, so in a repeated hour again, and not for times that the clock leaves out. Any other has
// fixed times. A fixed time fires when the clock passes it, unless the clock passed the same time
// within the three hours before. A clock passes the time that it shows, and, when it goes forward
// by three hours at most, all those that it leaves out, in the second of the change. Thereby:
//
//   - forward (New York, 02:00 to 03:00): what lies in the gap fires at the first second after it,
//     once; with what is due in that second itself that is one firing. The gap is [02:00, 03:00).
//   - back (02:00 to 01:00): what lies in the repeated hour, [01:00, 02:00), fires the first time.
//   - by half an hour (Lord Howe), at midnight (Cairo, Sao Paulo; a gap may be at a day's beginning
//     and a repeated hour at its end, then of the day before): the same, only other times.
//   - change of offset without summer time (Moscow 2011, 2014; from local mean time): the same.
//     What counts is what the clock shows, not why.
//   - by more than three hours, as where a country changes its side of the date line (Apia lost
//     2011-12-30 and had 1892-07-04 twice): no summer time, but a new calendar. What was left out
//     does not fire, what is repeated fires twice: "daily" stays 24 hours apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "sched/zone.h"

namespace jobq::sched {

// Bit n of a field is set when the value n matches.
struct Calendar {
  std::string text;  // as it was written
  std::uint64_t seconds = 0;
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;      // 1 to 31
  std::uint64_t months = 0;    // 1 to 12
  std::uint64_t weekdays = 0;  // 0 to 6; Sunday is 0
  bool either_day = false;     // both fields of the day are restricted
  bool wildcard = false;
  bool operator==(const Calendar&) const = default;
};

inline constexpr std::size_t kMaxCalendarBytes = 1024;

// The error names the field, the place, what was found and what was expected. What never comes
// (30 February) is refused.
Result<Calendar> parse_calendar(std::string_view text);

// The expression has a field for the second.
bool has_seconds(const Calendar& calendar);

struct Firing {
  enum class Showing : std::uint8_t {
    kOnly,
    kFirst,   // the clock will show this time again within three hours
    kSecond,  // and has shown it
  };
  Time at{};
  std::int32_t offset_s = 0;  // that the zone has then
  Showing showing = Showing::kOnly;
  // The first of the fixed times, in local seconds, that the clock left out at this second.
  std::optional<std::int64_t> left_out_s{};
  bool operator==(const Firing&) const = default;
};

// Further than this nothing is looked for: 29 February on a given weekday comes after 40 years at
// the latest.
inline constexpr std::int64_t kCalendarYears = 41;

// The first firing after an instant, in whole seconds; none when there is none within
// kCalendarYears (a wildcard may lie in times that clocks leave out). Goes from match to match of
// the fields and from change to change of the zone, never through all seconds.
std::optional<Firing> next_firing(const Calendar& calendar, const Zone& zone, Time after);

}  // namespace jobq::sched
