// SPDX-License-Identifier: Apache-2.0
// The next firing of a calendar expression: the matches of its fields on a local clock, and what
// the changes of that clock make of them.
#include "sched/calendar.h"

#include <algorithm>

#include "sched/calendar_fields.h"
#include "sched/civil.h"

namespace jobq::sched {
namespace {

// The longest change of a clock that counts as summer time or the like.
constexpr std::int64_t kLongestShiftSeconds = 3 * 3600;

// When, on its way, the clock passed the local time before. Looks back from `at_s`, where the clock
// passes it (now), over the changes from `change_s` on. The answer is the first local second from
// `local_s` on that may be otherwise.
std::optional<std::int64_t> passed_until(const Zone& zone, std::int64_t change_s, std::int64_t at_s,
                                         std::int64_t local_s) {
  const std::int64_t since_s = at_s - kLongestShiftSeconds;
  while (change_s >= since_s) {
    const ZonePeriod before = period_at(zone, change_s - 1);
    const std::int32_t after_offset_s = period_at(zone, change_s).offset_s;
    const std::int64_t gap_begin_s = change_s + before.offset_s;
    const std::int64_t gap_end_s = change_s + after_offset_s;
    const std::int64_t shown_s = local_s - before.offset_s;
    if (shown_s >= std::max(before.begin_s, since_s) && shown_s < change_s) return gap_begin_s;
    const bool leaves_out = change_s < at_s && gap_end_s - gap_begin_s <= kLongestShiftSeconds;
    if (leaves_out && local_s >= gap_begin_s && local_s < gap_end_s) {
      return std::min(gap_end_s, local_s + change_s - since_s + 1);
    }
    change_s = before.begin_s;
  }
  return std::nullopt;
}

// The next period that is not longer ago than a clock may be put back shows the time again.
bool comes_again(const Zone& zone, const ZonePeriod& period, std::int64_t local_s) {
  if (period.end_s == kAfterAllTimes) return false;
  const ZonePeriod next = period_at(zone, period.end_s);
  const std::int64_t again_s = local_s - next.offset_s;
  return again_s >= next.begin_s && again_s < next.end_s &&
         again_s - (local_s - period.offset_s) <= kLongestShiftSeconds;
}

// The first fixed time that the clock leaves out where the period begins, and did not pass before.
std::optional<std::int64_t> first_left_out(const Calendar& calendar, const Zone& zone,
                                           const ZonePeriod& period) {
  const std::int64_t change_s = period.begin_s;
  std::int64_t from_s = change_s + period_at(zone, change_s - 1).offset_s;
  const std::int64_t until_s = change_s + period.offset_s;
  if (until_s - from_s > kLongestShiftSeconds) return std::nullopt;
  while (const auto local_s = next_match(calendar, from_s, until_s)) {
    const auto passed_s = passed_until(zone, change_s, change_s, *local_s);
    if (!passed_s) return local_s;
    from_s = *passed_s;
  }
  return std::nullopt;
}

// The first firing from `from_s` on and before `until_s`, both within the period, at a time that
// the clock shows.
std::optional<Firing> first_shown(const Calendar& calendar, const Zone& zone,
                                  const ZonePeriod& period, std::int64_t from_s,
                                  std::int64_t until_s) {
  std::int64_t local_from_s = from_s + period.offset_s;
  while (const auto local_s = next_match(calendar, local_from_s, until_s + period.offset_s)) {
    const std::int64_t at_s = *local_s - period.offset_s;
    const auto passed_s = passed_until(zone, period.begin_s, at_s, *local_s);
    if (passed_s && !calendar.wildcard) {
      local_from_s = *passed_s;
      continue;
    }
    Firing firing{Time{at_s * 1000}, period.offset_s};
    if (passed_s) {
      firing.showing = Firing::Showing::kSecond;
    } else if (comes_again(zone, period, *local_s)) {
      firing.showing = Firing::Showing::kFirst;
    }
    return firing;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Firing> next_firing(const Calendar& calendar, const Zone& zone, Time after) {
  const std::int64_t from_s = floor_div(after.ms, 1000) + 1;
  const std::int64_t limit_s = from_s + kCalendarYears * 366 * kSecondsPerDay;
  for (std::int64_t at_s = from_s; at_s < limit_s;) {
    const ZonePeriod period = period_at(zone, at_s);
    std::optional<std::int64_t> left_out_s;
    if (period.begin_s == at_s && !calendar.wildcard) {
      left_out_s = first_left_out(calendar, zone, period);
    }
    const std::int64_t until_s = left_out_s ? at_s + 1 : std::min(period.end_s, limit_s);
    std::optional<Firing> firing = first_shown(calendar, zone, period, at_s, until_s);
    if (!firing && left_out_s) firing = Firing{Time{at_s * 1000}, period.offset_s};
    if (firing) {
      firing->left_out_s = left_out_s;
      return firing;
    }
    at_s = period.end_s;
  }
  return std::nullopt;
}

}  // namespace jobq::sched
