// SPDX-License-Identifier: Apache-2.0
// Moments: what users may write, and what local times mean where clocks change.
#include "base/when.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace jobq {
namespace {

using ::testing::HasSubstr;

class WhenTest : public ::testing::Test {
 public:
  // Clocks go forward on 2026-03-29 at 02:00 and back on 2026-10-25 at 03:00.
  void SetUp() override { be_in("CET-1CEST,M3.5.0,M10.5.0/3"); }
  void TearDown() override {
    ::unsetenv("TZ");
    ::tzset();
  }
  static void be_in(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  static Time at(std::string_view text) { return parse_rfc3339(text).value(); }
  // In UTC, said at noon of the day unless another time is given.
  static std::string read(std::string_view text, Time now = at("2026-11-22T11:00:00Z")) {
    const auto when = parse_when(text, now);
    if (!when) return when.error().message;
    const Time* time = std::get_if<Time>(&*when);
    return time == nullptr ? "+" + format_duration(std::get<Millis>(*when)) : format_rfc3339(*time);
  }
};

TEST_F(WhenTest, ATimeWithAZoneIsWhatItIs) {
  EXPECT_EQ(read("2026-11-22T03:00:00Z"), "2026-11-22T03:00:00.000Z");
  EXPECT_EQ(read("2026-11-22t03:00:00.25+02:00"), "2026-11-22T01:00:00.250Z");
  EXPECT_EQ(read("1999-12-31 23:59:59-01:00"), "2000-01-01T00:59:59.000Z");
}

TEST_F(WhenTest, ATimeWithoutOneIsLocal) {
  EXPECT_EQ(read("2026-11-22 03:00"), "2026-11-22T02:00:00.000Z");
  EXPECT_EQ(read("2026-11-22T03:00:30"), "2026-11-22T02:00:30.000Z");
  EXPECT_EQ(read("2026-07-01 03:00"), "2026-07-01T01:00:00.000Z");
  be_in("EST5EDT,M3.2.0,M11.1.0");
  EXPECT_EQ(read("2026-11-22 23:00"), "2026-11-23T04:00:00.000Z");
  be_in("<+14>-14");
  EXPECT_EQ(read("2026-11-22 03:00"), "2026-11-21T13:00:00.000Z");
}

TEST_F(WhenTest, ALocalTimeThatIsSkippedIsTheMomentOfTheChange) {
  EXPECT_EQ(read("2026-03-29 01:59:59"), "2026-03-29T00:59:59.000Z");
  EXPECT_EQ(read("2026-03-29 02:00"), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(read("2026-03-29 02:30"), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(read("2026-03-29 03:00"), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(read("2026-03-29 03:30"), "2026-03-29T01:30:00.000Z");
}

TEST_F(WhenTest, ALocalTimeThatComesTwiceIsTheFirst) {
  EXPECT_EQ(read("2026-10-25 01:59"), "2026-10-24T23:59:00.000Z");
  EXPECT_EQ(read("2026-10-25 02:00"), "2026-10-25T00:00:00.000Z");
  EXPECT_EQ(read("2026-10-25 02:30"), "2026-10-25T00:30:00.000Z");
  EXPECT_EQ(read("2026-10-25 03:00"), "2026-10-25T02:00:00.000Z");
}

TEST_F(WhenTest, AClockIsTheNextTimeThatItIsSo) {
  EXPECT_EQ(read("12:01"), "2026-11-22T11:01:00.000Z");
  EXPECT_EQ(read("12:00:01"), "2026-11-22T11:00:01.000Z");
  EXPECT_EQ(read("12:00"), "2026-11-23T11:00:00.000Z");
  EXPECT_EQ(read("00:00"), "2026-11-22T23:00:00.000Z");
  // Local midnight is another day than that of UTC.
  EXPECT_EQ(read("00:10", at("2026-11-21T23:05:00Z")), "2026-11-21T23:10:00.000Z");
}

TEST_F(WhenTest, AClockIsNextWhereClocksChange) {
  EXPECT_EQ(read("02:30", at("2026-03-28T22:00:00Z")), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(read("02:30", at("2026-10-24T22:00:00Z")), "2026-10-25T00:30:00.000Z");
  EXPECT_EQ(read("02:30", at("2026-10-25T00:45:00Z")), "2026-10-25T01:30:00.000Z");
  EXPECT_EQ(read("02:30", at("2026-10-25T01:30:00Z")), "2026-10-26T01:30:00.000Z");
}

TEST_F(WhenTest, FromNowOnStaysADuration) {
  EXPECT_EQ(read("+2h"), "+2h");
  EXPECT_EQ(read("now+90"), "+1m30s");
  EXPECT_EQ(read("+1-12:00"), "+1d12h");
  EXPECT_EQ(time_of(When(seconds(5)), Time{1000}), Time{6000});
  EXPECT_EQ(time_of(When(Time{7}), Time{1000}), Time{7});
}

TEST_F(WhenTest, AnythingElseIsRefusedWithTheForms) {
  for (const char* text : {"",
                           "+",
                           "now",
                           "now+",
                           "+x",
                           "+-5",
                           "2h",
                           "90",
                           "tomorrow",
                           "2026-11-22",
                           "2026-11-22 ",
                           "2026-11-22T03",
                           "2026-13-22 03:00",
                           "2026-02-29 03:00",
                           "2026-11-22 24:00",
                           "2026-11-22 03:60",
                           "3:00",
                           "24:00",
                           "03:00 ",
                           " 03:00",
                           "03:00Z",
                           "2026-11-22 03:00Z"}) {
    EXPECT_THAT(read(text), HasSubstr("is not a time; expected one like")) << text;
  }
}

}  // namespace
}  // namespace jobq
