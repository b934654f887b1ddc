// SPDX-License-Identifier: Apache-2.0
// Points in time and durations, in whole milliseconds, as plain values.
//
// The core receives time with every event and never asks for it; only the shells (controller,
// agent, keeper, commands) call wall_now() and steady_now().
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jobq {

// A duration in milliseconds; may be negative where a difference is meant.
struct Millis {
  std::int64_t count = 0;
  constexpr auto operator<=>(const Millis&) const = default;
};

// Milliseconds since 1970-01-01T00:00:00Z; 0 means "not yet" in rows.
struct Time {
  std::int64_t ms = 0;
  constexpr auto operator<=>(const Time&) const = default;
  constexpr explicit operator bool() const { return ms != 0; }
};

constexpr Time operator+(Time t, Millis d) { return Time{t.ms + d.count}; }
constexpr Time operator-(Time t, Millis d) { return Time{t.ms - d.count}; }
constexpr Millis operator-(Time a, Time b) { return Millis{a.ms - b.ms}; }
constexpr Millis operator+(Millis a, Millis b) { return Millis{a.count + b.count}; }
constexpr Millis operator-(Millis a, Millis b) { return Millis{a.count - b.count}; }
constexpr Millis seconds(std::int64_t s) { return Millis{s * 1000}; }

inline constexpr std::int64_t kNsPerMs = 1'000'000;

// The wall clock, as users see times.
Time wall_now();

// A clock that never jumps, for timeouts; its zero is arbitrary. Nanoseconds.
std::int64_t steady_now_ns();

// RFC 3339 in UTC with milliseconds: 2026-11-21T20:05:00.123Z.
std::string format_rfc3339(Time t);
Result<Time> parse_rfc3339(std::string_view text);

// Local time for tables: "20:05:00" today, "Nov 21 20:05" this year, "2026-11-21" before.
std::string format_local(Time t, Time now);

// Durations as users write them: "90s", "5m", "2h", "1d", "1h30m", "250ms", "HH:MM:SS", "D-HH:MM",
// a bare number is seconds. Refuses negative, empty and overflowing values.
Result<Millis> parse_duration(std::string_view text);

// The shortest exact form of the same language: "1h30m", "250ms", "0s".
std::string format_duration(Millis d);

}  // namespace jobq
