// SPDX-License-Identifier: Apache-2.0
// Days and dates of the proleptic Gregorian calendar, as plain numbers: day 0 is 1970-01-01.
//
// The standard library has this in <chrono>, with the clocks, which the core may not see.
#pragma once

#include <cstdint>

namespace jobq::sched {

inline constexpr std::int64_t kSecondsPerDay = 86'400;

struct CivilDate {
  std::int64_t year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
  constexpr bool operator==(const CivilDate&) const = default;
};

// A quotient that rounds down, also below zero; the divisor is positive.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

constexpr bool is_leap_year(std::int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

constexpr int days_in_month(std::int64_t year, int month) {
  if (month == 2) return is_leap_year(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Years begin with March, so that the day that comes and goes is a year's last: the days before a
// month then lie on a line, and 400 years have always the same number of days.
constexpr std::int64_t days_of(const CivilDate& date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month = (date.month + 9) % 12;  // March is 0
  const std::int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

constexpr CivilDate date_of(std::int64_t days) {
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = floor_div(shifted, 146'097);
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;  // March is 0
  const int civil_month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  const int day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  return {year_of_era + era * 400 + (civil_month <= 2 ? 1 : 0), civil_month, day};
}

// Sunday is 0.
constexpr int weekday_of(std::int64_t days) {
  return static_cast<int>((days + 4) - floor_div(days + 4, 7) * 7);
}

}  // namespace jobq::sched
