// SPDX-License-Identifier: Apache-2.0
// Matches of the fields: months are passed over whole, days and times by the bits of the fields.
#include "sched/calendar_fields.h"

#include <array>
#include <bit>

#include "sched/civil.h"

namespace jobq::sched {
namespace {

bool has(std::uint64_t bits, std::int64_t value) { return ((bits >> value) & 1U) != 0; }

// The lowest value of the field that is not below `from`, which may be just past its range.
std::optional<std::int64_t> next_value(std::uint64_t bits, std::int64_t from) {
  const std::uint64_t left = from > 63 ? 0 : bits >> from << from;
  if (left == 0) return std::nullopt;
  return std::countr_zero(left);
}

bool day_matches(const Calendar& calendar, int day, int weekday) {
  const bool by_day = has(calendar.days, day);
  const bool by_weekday = has(calendar.weekdays, weekday);
  return calendar.either_day ? by_day || by_weekday : by_day && by_weekday;
}

// The first day that matches from `from` on and before `until`.
std::optional<std::int64_t> next_day(const Calendar& calendar, std::int64_t from,
                                     std::int64_t until) {
  CivilDate date = date_of(from);
  while (from < until) {
    const int length = days_in_month(date.year, date.month);
    if (has(calendar.months, date.month)) {
      for (; date.day <= length && from < until; ++date.day, ++from) {
        if (day_matches(calendar, date.day, weekday_of(from))) return from;
      }
    } else {
      from += length - date.day + 1;
    }
    const bool december = date.month == 12;
    date = {date.year + (december ? 1 : 0), december ? 1 : date.month + 1, 1};
  }
  return std::nullopt;
}

// The first second of a day that matches, from `from_s` on.
std::optional<std::int64_t> next_in_day(const Calendar& calendar, std::int64_t from_s) {
  const std::int64_t from_hour = from_s / 3600;
  for (auto hour = next_value(calendar.hours, from_hour); hour;
       hour = next_value(calendar.hours, *hour + 1)) {
    const bool this_hour = *hour == from_hour;
    const std::int64_t from_minute = this_hour ? from_s / 60 % 60 : 0;
    for (auto minute = next_value(calendar.minutes, from_minute); minute;
         minute = next_value(calendar.minutes, *minute + 1)) {
      const bool this_minute = this_hour && *minute == from_minute;
      const auto second = next_value(calendar.seconds, this_minute ? from_s % 60 : 0);
      if (second) return *hour * 3600 + *minute * 60 + *second;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> next_match(const Calendar& calendar, std::int64_t from_s,
                                       std::int64_t until_s) {
  if (from_s >= until_s) return std::nullopt;
  const std::int64_t until_day = floor_div(until_s - 1, kSecondsPerDay) + 1;
  std::int64_t day = floor_div(from_s, kSecondsPerDay);
  std::int64_t second = from_s - day * kSecondsPerDay;
  while (const auto matching = next_day(calendar, day, until_day)) {
    if (*matching != day) second = 0;
    if (const auto in_day = next_in_day(calendar, second)) {
      const std::int64_t found_s = *matching * kSecondsPerDay + *in_day;
      if (found_s >= until_s) return std::nullopt;
      return found_s;
    }
    day = *matching + 1;
    second = 0;
  }
  return std::nullopt;
}

bool ever_matches(const Calendar& calendar) {
  const std::int64_t from = days_of({2000, 1, 1});
  return next_day(calendar, from, from + kCalendarYears * 366).has_value();
}

}  // namespace jobq::sched
