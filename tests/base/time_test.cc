// SPDX-License-Identifier: Apache-2.0
// Times and durations: what users may write, and what they read.
#include "base/time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace jobq {
namespace {

using ::testing::HasSubstr;

std::int64_t duration(std::string_view text) {
  const auto parsed = parse_duration(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? parsed->count : -1;
}

// --- durations ---

TEST(Duration, UnitsAdd) {
  EXPECT_EQ(duration("90s"), 90'000);
  EXPECT_EQ(duration("90"), 90'000);
  EXPECT_EQ(duration("0"), 0);
  EXPECT_EQ(duration("5m"), 300'000);
  EXPECT_EQ(duration("1h30m"), 5'400'000);
  EXPECT_EQ(duration("250ms"), 250);
  EXPECT_EQ(duration("1d"), 86'400'000);
  EXPECT_EQ(duration("1w1d"), 8 * 86'400'000LL);
}

TEST(Duration, ClocksAreRead) {
  EXPECT_EQ(duration("01:30:00"), 5'400'000);
  EXPECT_EQ(duration("100:00:00"), 360'000'000);
  EXPECT_EQ(duration("90:30"), 5'430'000) << "two fields are minutes and seconds";
  EXPECT_EQ(duration("1-02:03"), (26 * 60 + 3) * 60'000) << "with days, hours and minutes";
  EXPECT_EQ(duration("1-02:03:04"), (26 * 3600 + 3 * 60 + 4) * 1000);
}

TEST(Duration, WhatIsNoneIsRefused) {
  for (const char* text : {"",
                           "s",
                           "h",
                           "-5",
                           "+5",
                           "5x",
                           "1h30",
                           "1.5h",
                           "5 m",
                           " 5m",
                           "5m ",
                           "1h-30m",
                           ":30",
                           "5:",
                           "1:2:3:4",
                           "1:60",
                           "1:00:60",
                           "1-",
                           "-1:00",
                           "1-2",
                           "1--2:00",
                           "1:-2",
                           "36501d",
                           "99999999999999999999",
                           "9223372036854775807w",
                           "100y",
                           "36501-00:00",
                           "900000:00:00"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
    EXPECT_THAT(parsed.error().message, HasSubstr("is not a duration"));
  }
}

TEST(Duration, TheShortestExactFormIsPrinted) {
  EXPECT_EQ(format_duration(Millis{0}), "0s");
  EXPECT_EQ(format_duration(Millis{250}), "250ms");
  EXPECT_EQ(format_duration(Millis{5'400'000}), "1h30m");
  EXPECT_EQ(format_duration(Millis{1}), "1ms");
  EXPECT_EQ(format_duration(Millis{86'400'000 + 1001}), "1d1s1ms");
  EXPECT_EQ(format_duration(Millis{-90'000}), "-1m30s");
}

TEST(Duration, WhatIsPrintedIsReadBack) {
  for (std::int64_t ms = 1; ms < 3'000'000'000'000; ms = ms * 7 + 3) {
    EXPECT_EQ(duration(format_duration(Millis{ms})), ms);
  }
}

// --- times ---

std::int64_t time_of(std::string_view text) {
  const auto parsed = parse_rfc3339(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? parsed->ms : -1;
}

TEST(Time, ZonesAndFractionsAreRead) {
  constexpr std::int64_t kMoment = 1'795'291'500'000;  // 2026-11-21T20:05:00Z
  EXPECT_EQ(time_of("2026-11-21T20:05:00Z"), kMoment);
  EXPECT_EQ(time_of("2026-11-21t20:05:00z"), kMoment);
  EXPECT_EQ(time_of("2026-11-21 20:05:00Z"), kMoment);
  EXPECT_EQ(time_of("2026-11-21T20:05:00.123Z"), kMoment + 123);
  EXPECT_EQ(time_of("2026-11-21T20:05:00.1Z"), kMoment + 100);
  EXPECT_EQ(time_of("2026-11-21T20:05:00.1239999Z"), kMoment + 123);
  EXPECT_EQ(time_of("2026-11-21T21:05:00+01:00"), kMoment);
  EXPECT_EQ(time_of("2026-11-21T14:35:00-05:30"), kMoment);
}

TEST(Time, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "2026-11-21", "2026-11-21T20:05Z", "2026-11-21T20:05:00", "2026-11-21T20:05:00+1:00",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T20:60:00Z", "2026-11-21T20:05:61Z",
        "2026-11-21T20:05:00.Z", "2026-11-21T20:05:00Zx", "2026-11-21T20:05:00+24:00",
        "+026-11-21T20:05:00Z", "2026-11-21T20:05:00+01:60"}) {
    const auto parsed = parse_rfc3339(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
  }
  EXPECT_TRUE(parse_rfc3339("2028-02-29T00:00:00Z"));
  EXPECT_TRUE(parse_rfc3339("2000-02-29T00:00:00Z"));
  EXPECT_TRUE(parse_rfc3339("2016-12-31T23:59:60Z"));
}

TEST(Time, WhatIsPrintedIsReadBackAlsoBefore1970) {
  EXPECT_EQ(format_rfc3339(Time{0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(Time{-1}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(Time{1'795'291'500'123}), "2026-11-21T20:05:00.123Z");
  for (std::int64_t ms = 1; ms < 100'000'000'000'000; ms = ms * 11 + 7) {
    EXPECT_EQ(time_of(format_rfc3339(Time{ms})), ms);
    EXPECT_EQ(time_of(format_rfc3339(Time{-ms / 2})), -ms / 2);
  }
}

TEST(Time, TablesShowLocalTimeAsShortAsItIsClear) {
  ::setenv("TZ", "UTC-2", 1);  // two hours east
  ::tzset();
  const Time now = *parse_rfc3339("2026-11-21T20:05:00Z");
  EXPECT_EQ(format_local(now, now), "22:05:00");
  EXPECT_EQ(format_local(now + seconds(7200), now), "Nov 22 00:05");
  EXPECT_EQ(format_local(*parse_rfc3339("2026-01-03T04:05:06Z"), now), "Jan  3 06:05");
  EXPECT_EQ(format_local(*parse_rfc3339("2025-12-31T23:00:00Z"), now), "Jan  1 01:00");
  EXPECT_EQ(format_local(*parse_rfc3339("2025-12-31T20:00:00Z"), now), "2025-12-31");
  ::unsetenv("TZ");
  ::tzset();
}

TEST(Time, TheClocksGoForward) {
  const std::int64_t before = steady_now_ns();
  EXPECT_GE(steady_now_ns(), before);
  EXPECT_GT(wall_now(), *parse_rfc3339("2024-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace jobq
