// SPDX-License-Identifier: Apache-2.0
// The forms of a moment, and local times as points in time.
#include "base/when.h"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <optional>
#include <string>

namespace jobq {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::size_t kWithoutSeconds = 5;  // "HH:MM"

Error no_moment(std::string_view text) {
  return Error{ErrorCode::kUsage,
               fmt::format("'{}' is not a time; expected one like 2026-11-22T03:00:00Z, local time "
                           "like \"2026-11-22 03:00\" or 03:00, or +2h for two hours from now",
                           text)};
}

// A local time as if its zone were UTC.
struct WallTime {
  std::int64_t ms = 0;
};

// How far local time is ahead of UTC.
std::int64_t offset_at(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  return std::int64_t{local.tm_gmtoff} * 1000;
}

// The first moment of this span at which the offset is not that of its begin.
Time change_within(std::int64_t begin, std::int64_t end) {
  const std::int64_t before = offset_at(begin);
  while (end - begin > 1000) {
    const std::int64_t middle = begin + (end - begin) / 2;
    (offset_at(middle) == before ? begin : end) = middle;
  }
  return Time{end / 1000 * 1000};
}

// When it is so, in order: twice the same, but for what comes twice.
std::array<Time, 2> moments_of(WallTime wall) {
  // No zone is a day away from UTC, and none changes its clocks twice within two days.
  const std::int64_t begin = wall.ms - kDayMs;
  const std::int64_t end = wall.ms + kDayMs;
  const Time by_old{wall.ms - offset_at(begin)};
  const Time by_new{wall.ms - offset_at(end)};
  const bool is_by_old = by_old.ms + offset_at(by_old.ms) == wall.ms;
  const bool is_by_new = by_new.ms + offset_at(by_new.ms) == wall.ms;
  if (is_by_old) return {by_old, is_by_new ? by_new : by_old};
  if (is_by_new) return {by_new, by_new};
  const Time change = change_within(begin, end);
  return {change, change};
}

std::string with_seconds(std::string_view text, std::size_t length_without) {
  return std::string(text) + (text.size() == length_without ? ":00" : "");
}

std::optional<WallTime> parse_wall(std::string_view text) {
  constexpr std::size_t kDateAnd = 11;  // "YYYY-MM-DD "
  const auto as_utc = parse_rfc3339(with_seconds(text, kDateAnd + kWithoutSeconds) + "Z");
  return as_utc ? std::optional(WallTime{as_utc->ms}) : std::nullopt;
}

// Within a day.
std::optional<std::int64_t> parse_wall_clock(std::string_view text) {
  const auto time = parse_rfc3339("1970-01-01T" + with_seconds(text, kWithoutSeconds) + "Z");
  return time ? std::optional(time->ms) : std::nullopt;
}

Time next_at(std::int64_t clock, Time now) {
  const std::int64_t wall = now.ms + offset_at(now.ms);
  std::int64_t day = wall - wall % kDayMs;
  for (;; day += kDayMs) {
    for (const Time moment : moments_of({day + clock})) {
      if (moment > now) return moment;
    }
  }
}

}  // namespace

Result<When> parse_when(std::string_view text, Time now) {
  constexpr std::string_view kNow = "now+";
  if (text.starts_with('+') || text.starts_with(kNow)) {
    const auto span = parse_duration(text.substr(text.find('+') + 1));
    if (span) return When(*span);
    return tl::unexpected(no_moment(text));
  }
  if (const auto time = parse_rfc3339(text)) return When(*time);
  if (const auto wall = parse_wall(text)) return When(moments_of(*wall).front());
  if (const auto clock = parse_wall_clock(text)) return When(next_at(*clock, now));
  return tl::unexpected(no_moment(text));
}

Time time_of(const When& when, Time now) {
  if (const Time* time = std::get_if<Time>(&when)) return *time;
  return now + std::get<Millis>(when);
}

}  // namespace jobq
