// SPDX-License-Identifier: Apache-2.0
// Periods of a zone: among its changes, and by its rule after them.
#include "sched/zone.h"

#include <algorithm>
#include <array>

#include "sched/civil.h"

namespace jobq::sched {
namespace {

std::int64_t day_of(const YearlyTime& when, std::int64_t year) {
  const std::int64_t new_year = days_of({year, 1, 1});
  if (when.kind == YearlyTime::Kind::kDayOfYear) return new_year + when.day;
  if (when.kind == YearlyTime::Kind::kJulianDay) {
    const bool after_february = when.day >= 60;
    return new_year + when.day - 1 + (after_february && is_leap_year(year) ? 1 : 0);
  }
  const std::int64_t first = days_of({year, when.month, 1});
  const std::int64_t to_weekday = (when.weekday - weekday_of(first) + 7) % 7;
  std::int64_t day = first + to_weekday + 7 * (std::int64_t{when.week} - 1);
  if (day >= first + days_in_month(year, when.month)) day -= 7;
  return day;
}

// By the clock that showed `offset_s` until then.
std::int64_t instant_of(const YearlyTime& when, std::int64_t year, std::int32_t offset_s) {
  return day_of(when, year) * kSecondsPerDay + when.time_s - offset_s;
}

// The changes of three years. Where summer lasts all year, it ends in the second in which the next
// one begins: that one comes later, and counts.
std::array<ZoneChange, 6> changes_around(const ZoneRule& rule, std::int64_t year) {
  std::array<ZoneChange, 6> changes{};
  std::size_t next = 0;
  for (std::int64_t each = year - 1; each <= year + 1; ++each) {
    changes[next++] = {instant_of(rule.summer_ends, each, rule.summer_s), rule.standard_s};
    changes[next++] = {instant_of(rule.summer_begins, each, rule.standard_s), rule.summer_s};
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const ZoneChange& a, const ZoneChange& b) { return a.at_s < b.at_s; });
  return changes;
}

// `since_s`: before this the rule does not hold.
ZonePeriod period_by(const ZoneRule& rule, std::int64_t since_s, std::int64_t at_s) {
  if (rule.standard_s == rule.summer_s) return {since_s, kAfterAllTimes, rule.standard_s};
  const std::int64_t year = date_of(floor_div(at_s, kSecondsPerDay)).year;
  const auto changes = changes_around(rule, year);
  const auto* next =
      std::upper_bound(changes.begin(), changes.end(), at_s,
                       [](std::int64_t at, const ZoneChange& change) { return at < change.at_s; });
  const ZoneChange& last = *(next - 1);
  return {std::max(last.at_s, since_s), next->at_s, last.offset_s};
}

}  // namespace

ZonePeriod period_at(const Zone& zone, std::int64_t at_s) {
  const auto next =
      std::upper_bound(zone.changes.begin(), zone.changes.end(), at_s,
                       [](std::int64_t at, const ZoneChange& change) { return at < change.at_s; });
  const bool first = next == zone.changes.begin();
  const std::int64_t begin_s = first ? kBeforeAllTimes : (next - 1)->at_s;
  if (next == zone.changes.end() && zone.rule) return period_by(*zone.rule, begin_s, at_s);
  return {begin_s, next == zone.changes.end() ? kAfterAllTimes : next->at_s,
          first ? zone.first_offset_s : (next - 1)->offset_s};
}

}  // namespace jobq::sched
