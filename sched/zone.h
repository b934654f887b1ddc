// SPDX-License-Identifier: Apache-2.0
// A time zone as plain data, so that the same inputs give the same times on every machine: the
// changes of its offset, and the rule by which it goes on after the last of them.
//
// The core gets zones from outside (conf/zone.h reads them) and never looks one up. Seconds are
// those since 1970-01-01T00:00:00Z without leap seconds; local seconds are the same plus the
// offset: what a clock on the wall shows, read as if it were UTC.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace jobq::sched {

struct ZoneChange {
  std::int64_t at_s = 0;      // from here on
  std::int32_t offset_s = 0;  // seconds east of UTC
  bool operator==(const ZoneChange&) const = default;
};

// A time that comes once a year, as POSIX.1 has it in the variable TZ.
struct YearlyTime {
  enum class Kind : std::uint8_t {
    kWeekday,    // the week-th weekday of a month; week 5: the last
    kJulianDay,  // day 1 to 365; 29 February is never counted
    kDayOfYear,  // day 0 to 365, 29 February counted
  };
  Kind kind = Kind::kWeekday;
  std::int32_t month = 1;    // 1 to 12
  std::int32_t week = 1;     // 1 to 5
  std::int32_t weekday = 0;  // Sunday is 0
  std::int32_t day = 0;
  std::int32_t time_s = 0;  // after that day's midnight; may be negative, or more than a day
  bool operator==(const YearlyTime&) const = default;
};

// Without summer time the two offsets are the same.
struct ZoneRule {
  std::int32_t standard_s = 0;
  std::int32_t summer_s = 0;
  YearlyTime summer_begins{};  // on a clock that shows standard time
  YearlyTime summer_ends{};    // on a clock that shows summer time
  bool operator==(const ZoneRule&) const = default;
};

struct Zone {
  std::string name;                 // "Europe/Moscow"
  std::int32_t first_offset_s = 0;  // before the first change
  std::vector<ZoneChange> changes;  // in order of time
  std::optional<ZoneRule> rule;     // from the last change on; none: the last offset stays
  bool operator==(const Zone&) const = default;
};

// What has no beginning or no end has these; far enough from the ends of the type to add offsets.
inline constexpr std::int64_t kBeforeAllTimes = std::numeric_limits<std::int64_t>::min() / 4;
inline constexpr std::int64_t kAfterAllTimes = std::numeric_limits<std::int64_t>::max() / 4;

// A stretch of time with one offset. The offset of its neighbour may happen to be the same.
struct ZonePeriod {
  std::int64_t begin_s = kBeforeAllTimes;
  std::int64_t end_s = kAfterAllTimes;  // the first second that is not in it
  std::int32_t offset_s = 0;
  bool operator==(const ZonePeriod&) const = default;
};

// The period of an instant between the years -30,000 and 30,000. Of a zone with a rule, a search
// among the changes or the dates of three years.
ZonePeriod period_at(const Zone& zone, std::int64_t at_s);

}  // namespace jobq::sched
