// SPDX-License-Identifier: Apache-2.0
// Calendar expressions: how they are read, what is refused, and when they fire in zones made for
// it. What they do in the zones of the world is in tests/conf/zone_test.cc.
#include "sched/calendar.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "sched/civil.h"
#include "sched/zone.h"
#include "tests/sched/calendar_walk.h"

namespace jobq::sched {
namespace {

using test::Shown;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kHour = 3600;

Calendar calendar(std::string_view text) {
  Result<Calendar> parsed = parse_calendar(text);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed.value_or(Calendar{});
}

std::int64_t at(std::string_view text) {
  const Result<Time> time = parse_rfc3339(text);
  EXPECT_TRUE(time) << text;
  return time ? time->ms / 1000 : 0;
}

std::string local(const Firing& firing) {
  return format_rfc3339(Time{firing.at.ms + firing.offset_s * 1000}).substr(0, 19);
}

// The next so many firings as the local clock shows them, with what is remarkable about them.
std::vector<std::string> next(std::string_view text, const Zone& zone, std::string_view from,
                              int count) {
  std::vector<std::string> firings;
  const Calendar expression = calendar(text);
  Time after{at(from) * 1000 - 1};
  for (int i = 0; i < count; ++i) {
    const auto firing = next_firing(expression, zone, after);
    if (!firing) break;
    after = firing->at;
    std::string line = local(*firing);
    if (firing->showing == Firing::Showing::kFirst) line += " first";
    if (firing->showing == Firing::Showing::kSecond) line += " second";
    if (firing->left_out_s) {
      line += " for " + format_rfc3339(Time{*firing->left_out_s * 1000}).substr(11, 8);
    }
    firings.push_back(line);
  }
  return firings;
}

Zone utc() { return {"UTC", 0, {}, {}}; }

// Eastern time of the United States, by its rule.
Zone eastern() {
  using Kind = YearlyTime::Kind;
  return {"Eastern",
          -5 * 3600,
          {},
          ZoneRule{-5 * 3600,
                   -4 * 3600,
                   {Kind::kWeekday, 3, 2, 0, 0, 7200},
                   {Kind::kWeekday, 11, 1, 0, 0, 7200}}};
}

// One change by so much, at noon UTC of 2030-06-15, where the clock shows noon until then.
Zone shifted_by(std::int32_t seconds) {
  return {"Shifted", 0, {{at("2030-06-15T12:00:00Z"), seconds}}, {}};
}

std::string fault(std::string_view text) {
  const Result<Calendar> parsed = parse_calendar(text);
  return parsed ? "" : parsed.error().message;
}

std::vector<int> values(std::uint64_t bits) {
  std::vector<int> set;
  for (int i = 0; i < 64; ++i) {
    if ((bits >> i & 1U) != 0) set.push_back(i);
  }
  return set;
}

TEST(CalendarParse, FieldsHaveValuesRangesStepsListsAndNames) {
  const Calendar it = calendar("5,10-12,*/20 1-7/3 28-31 jan,Nov-DEC mon-wed,5");
  EXPECT_EQ(values(it.seconds), std::vector<int>{0});
  EXPECT_EQ(values(it.minutes), (std::vector<int>{0, 5, 10, 11, 12, 20, 40}));
  EXPECT_EQ(values(it.hours), (std::vector<int>{1, 4, 7}));
  EXPECT_EQ(values(it.days), (std::vector<int>{28, 29, 30, 31}));
  EXPECT_EQ(values(it.months), (std::vector<int>{1, 11, 12}));
  EXPECT_EQ(values(it.weekdays), (std::vector<int>{1, 2, 3, 5}));
  EXPECT_EQ(it.text, "5,10-12,*/20 1-7/3 28-31 jan,Nov-DEC mon-wed,5");
}

TEST(CalendarParse, SundayIsZeroAndSeven) {
  for (const std::string text : {"0", "7", "sun", "SUN", "7-7", "0,7", "*/7"}) {
    EXPECT_EQ(values(calendar("0 0 * * " + text).weekdays), std::vector<int>{0}) << text;
  }
  for (const std::string text : {"5-7", "5-0", "fri-sun", "0,5,6"}) {
    EXPECT_EQ(values(calendar("0 0 * * " + text).weekdays), (std::vector<int>{0, 5, 6})) << text;
  }
  EXPECT_EQ(values(calendar("0 0 * * sun-tue").weekdays), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(values(calendar("0 0 * * *").weekdays), values(calendar("0 0 * * 0-7").weekdays));
}

TEST(CalendarParse, SixFieldsBeginWithTheSecond) {
  const Calendar it = calendar(" */15  30 2 * * *\t");
  EXPECT_EQ(values(it.seconds), (std::vector<int>{0, 15, 30, 45}));
  EXPECT_EQ(values(it.minutes), std::vector<int>{30});
}

TEST(CalendarParse, ShortcutsStandForExpressions) {
  const auto same = [](std::string_view shortcut, std::string_view text) {
    Calendar it = calendar(shortcut);
    EXPECT_EQ(it.text, shortcut);
    it.text = text;
    EXPECT_EQ(it, calendar(text));
  };
  same("@hourly", "0 * * * *");
  same("@daily", "0 0 * * *");
  same("@midnight", "0 0 * * *");
  same("@weekly", "0 0 * * 0");
  same("@monthly", "0 0 1 * *");
  same("@yearly", "0 0 1 1 *");
  same("@annually", "0 0 1 1 *");
}

// As in Debian's cron, whose MIN_STAR and HR_STAR are set by a field's first character.
TEST(CalendarParse, AWildcardHasAStarInFrontOfATimeField) {
  for (const char* text : {"* * * * *", "*/5 2 * * *", "30 * * * *", "*,30 2 * * *", "0 */2 * * *",
                           "* 30 2 * * *", "@hourly"}) {
    EXPECT_TRUE(calendar(text).wildcard) << text;
  }
  for (const char* text :
       {"0 2 * * *", "0-59 0-23 * * *", "30,*/7 2 * * *", "0 0 2 * * *", "@daily"}) {
    EXPECT_FALSE(calendar(text).wildcard) << text;
  }
}

TEST(CalendarParse, FaultsSayFieldPlaceFoundAndExpected) {
  EXPECT_EQ(fault("30 25 * * *"),
            "calendar expression '30 25 * * *': column 4, hour: found '25'; expected 0 to 23, or "
            "'*'");
  EXPECT_THAT(fault("60 1 * * *"), HasSubstr("column 1, minute: found '60'; expected 0 to 59"));
  EXPECT_THAT(fault("61 0 1 * * *"), HasSubstr("column 1, second: found '61'"));
  EXPECT_THAT(fault("0 0 0 * *"), HasSubstr("column 5, day of month: found '0'; expected 1 to 31"));
  EXPECT_THAT(fault("0 0 * janu *"),
              HasSubstr("column 7, month: found 'janu'; expected 1 to 12 or jan to dec"));
  EXPECT_THAT(fault("0 0 * * 8"),
              HasSubstr("column 9, day of week: found '8'; expected 0 to 7 or sun to sat"));
  EXPECT_THAT(fault("0 0 * * mon,,tue"), HasSubstr("column 13, day of week: found nothing"));
  EXPECT_THAT(fault("1, 0 * * *"), HasSubstr("column 3, minute: found nothing"));
  EXPECT_THAT(fault("1- 0 * * *"), HasSubstr("column 3, minute: found nothing"));
  EXPECT_THAT(fault("0 0 ? * *"), HasSubstr("column 5, day of month: found '?'"));
  EXPECT_THAT(fault("-1 0 * * *"), HasSubstr("column 1, minute: found '-1'"));
  EXPECT_THAT(fault("5x 0 * * *"), HasSubstr("column 1, minute: found '5x'"));
  EXPECT_THAT(fault("*5 0 * * *"), HasSubstr("column 2, minute: found '5'; expected ','"));
  EXPECT_THAT(fault("1-5-7 0 * * *"), HasSubstr("column 4, minute: found '-7'; expected ','"));
  EXPECT_THAT(fault("99999999999999999999 0 * * *"), HasSubstr("column 1, minute"));
}

TEST(CalendarParse, StepsThatReachNothingAreRefused) {
  EXPECT_THAT(fault("*/0 * * * *"), HasSubstr("column 3, minute: found '0'; expected a step of 1 "
                                              "to 59"));
  EXPECT_THAT(fault("*/90 * * * *"), HasSubstr("expected a step of 1 to 59"));
  EXPECT_THAT(fault("*/ * * * *"), HasSubstr("column 3, minute: found nothing"));
  EXPECT_THAT(fault("5/15 * * * *"),
              HasSubstr("found '5/15'; expected a range before the step, such as 5-59/2 or */2"));
  EXPECT_THAT(fault("0 22-2 * * *"), HasSubstr("found '22-2'; expected the lower value first"));
}

TEST(CalendarParse, TheNumberOfFieldsIsFiveOrSix) {
  EXPECT_THAT(fault(""), HasSubstr("found 0 fields; expected 5"));
  EXPECT_THAT(fault("  "), HasSubstr("found 0 fields"));
  EXPECT_THAT(fault("5"), HasSubstr("found 1 field; expected 5"));
  EXPECT_THAT(fault("* * * * * * *"), HasSubstr("found 7 fields; expected 5"));
  EXPECT_THAT(fault("@dayly"), HasSubstr("'@dayly' is not known; did you mean '@daily'?"));
  EXPECT_THAT(fault("@reboot"), HasSubstr("expected one of @hourly, @daily"));
  EXPECT_THAT(fault("@daily @daily"), HasSubstr("found 2 fields"));
  EXPECT_THAT(fault(std::string(2000, '*')), HasSubstr("at most 1024 are taken"));
}

TEST(CalendarParse, WhatNeverComesIsRefused) {
  for (const char* text : {"0 0 30 2 *", "0 0 31 feb,apr,jun,sep,nov *", "0 0 30-31 2 */2"}) {
    EXPECT_THAT(fault(text), HasSubstr("it would never fire")) << text;
  }
  // Either day suffices.
  EXPECT_EQ(next("0 0 30 2 mon", utc(), "2026-01-01T00:00:00Z", 1),
            std::vector<std::string>{"2026-02-02T00:00:00"});
}

TEST(Calendar, FiresAfterTheInstantInWholeSeconds) {
  const Calendar it = calendar("0 12 * * *");
  const Time noon{at("2026-11-21T12:00:00Z") * 1000};
  EXPECT_EQ(next_firing(it, utc(), Time{noon.ms - 1})->at, noon);
  EXPECT_EQ(next_firing(it, utc(), noon)->at.ms, noon.ms + 86'400'000);
  EXPECT_EQ(next_firing(it, utc(), Time{noon.ms + 1})->at.ms, noon.ms + 86'400'000);
  EXPECT_EQ(next_firing(it, utc(), Time{noon.ms - 999})->at, noon);
}

TEST(Calendar, EitherDayMatchesWhereBothAreRestricted) {
  EXPECT_THAT(next("0 0 13 * fri", utc(), "2026-11-01T00:00:00Z", 3),
              ElementsAre("2026-11-06T00:00:00", "2026-11-13T00:00:00", "2026-11-20T00:00:00"));
  EXPECT_THAT(next("0 0 13 12 fri", utc(), "2026-12-10T00:00:00Z", 2),
              ElementsAre("2026-12-11T00:00:00", "2026-12-13T00:00:00"));
  // A field that begins with a star does not restrict: both have to match.
  EXPECT_THAT(next("0 0 */2 * fri", utc(), "2026-11-01T00:00:00Z", 2),
              ElementsAre("2026-11-13T00:00:00", "2026-11-27T00:00:00"));
}

TEST(Calendar, TheLastDaysOfMonthsAndLeapDaysCome) {
  EXPECT_THAT(next("0 0 31 * *", utc(), "2026-02-01T00:00:00Z", 3),
              ElementsAre("2026-03-31T00:00:00", "2026-05-31T00:00:00", "2026-07-31T00:00:00"));
  EXPECT_THAT(next("0 0 29 2 *", utc(), "2096-01-01T00:00:00Z", 3),
              ElementsAre("2096-02-29T00:00:00", "2104-02-29T00:00:00", "2108-02-29T00:00:00"));
}

TEST(Calendar, ALeapDayOnAWeekdayComesWithinFortyYears) {
  const Calendar sundays = calendar("0 0 29 2 */7");
  Time after{at("1600-01-01T00:00:00Z") * 1000};
  std::int64_t longest = 0;
  for (int i = 0; i < 60; ++i) {
    const auto firing = next_firing(sundays, utc(), after);
    ASSERT_TRUE(firing);
    longest = std::max(longest, firing->at.ms - after.ms);
    after = firing->at;
  }
  EXPECT_EQ(longest / 86'400'000, 40 * 365 + 9);
}

TEST(Calendar, FixedTimesInAGapFireRightAfterItOnce) {
  const char* from = "2027-03-14T00:00:00Z";
  EXPECT_THAT(next("30 2 * * *", eastern(), from, 3),
              ElementsAre("2027-03-14T03:00:00 for 02:30:00", "2027-03-15T02:30:00",
                          "2027-03-16T02:30:00"));
  EXPECT_THAT(next("0,20,40 2 * * *", eastern(), from, 2),
              ElementsAre("2027-03-14T03:00:00 for 02:00:00", "2027-03-15T02:00:00"));
  EXPECT_THAT(next("15 2,3 * * *", eastern(), from, 2),
              ElementsAre("2027-03-14T03:00:00 for 02:15:00", "2027-03-14T03:15:00"));
  EXPECT_THAT(next("0 2,3 * * *", eastern(), from, 2),
              ElementsAre("2027-03-14T03:00:00 for 02:00:00", "2027-03-15T02:00:00"));
  EXPECT_THAT(next("0 3 * * *", eastern(), from, 1), ElementsAre("2027-03-14T03:00:00"));
  EXPECT_THAT(next("59 59 1 * * *", eastern(), from, 1), ElementsAre("2027-03-14T01:59:59"));
  EXPECT_THAT(next("59 59 2 * * *", eastern(), from, 1),
              ElementsAre("2027-03-14T03:00:00 for 02:59:59"));
}

TEST(Calendar, WildcardsInAGapDoNotFire) {
  EXPECT_THAT(next("*/30 * * * *", eastern(), "2027-03-14T06:30:00Z", 3),
              ElementsAre("2027-03-14T01:30:00", "2027-03-14T03:00:00", "2027-03-14T03:30:00"));
  EXPECT_THAT(next("*/30 2 * * *", eastern(), "2027-03-14T00:00:00Z", 1),
              ElementsAre("2027-03-15T02:00:00"));
}

TEST(Calendar, FixedTimesInARepeatedHourFireTheFirstTime) {
  EXPECT_THAT(next("30 1 * * *", eastern(), "2027-11-07T00:00:00Z", 2),
              ElementsAre("2027-11-07T01:30:00 first", "2027-11-08T01:30:00"));
  EXPECT_THAT(
      next("0-59/30 0-2 * * *", eastern(), "2027-11-07T04:00:00Z", 6),
      ElementsAre("2027-11-07T00:00:00", "2027-11-07T00:30:00", "2027-11-07T01:00:00 first",
                  "2027-11-07T01:30:00 first", "2027-11-07T02:00:00", "2027-11-07T02:30:00"));
  // Asked in between, the second time is no more than a second time.
  EXPECT_THAT(next("30 1 * * *", eastern(), "2027-11-07T06:00:00Z", 1),
              ElementsAre("2027-11-08T01:30:00"));
}

TEST(Calendar, WildcardsFireInEveryRepeatedHour) {
  EXPECT_THAT(next("0 * * * *", eastern(), "2027-11-07T04:00:00Z", 4),
              ElementsAre("2027-11-07T00:00:00", "2027-11-07T01:00:00 first",
                          "2027-11-07T01:00:00 second", "2027-11-07T02:00:00"));
}

TEST(Calendar, ThreeHoursAreAChangeOfClocksAndMoreAreNot) {
  const char* from = "2030-06-15T11:30:00Z";
  EXPECT_THAT(next("30 13,18 * * *", shifted_by(3 * kHour), from, 2),
              ElementsAre("2030-06-15T15:00:00 for 13:30:00", "2030-06-15T18:30:00"));
  EXPECT_THAT(next("30 13,18 * * *", shifted_by(3 * kHour + 1), from, 1),
              ElementsAre("2030-06-15T18:30:00"));
  EXPECT_THAT(next("30 11,18 * * *", shifted_by(-3 * kHour), from, 2),
              ElementsAre("2030-06-15T11:30:00 first", "2030-06-15T18:30:00"));
  EXPECT_THAT(next("30 11,18 * * *", shifted_by(-3 * kHour - 1), from, 2),
              ElementsAre("2030-06-15T11:30:00", "2030-06-15T11:30:00"));
}

TEST(Calendar, ADayThatIsLostOrHadTwiceIsNoChangeOfClocks) {
  EXPECT_THAT(next("0 9 * * *", shifted_by(24 * kHour), "2030-06-15T00:00:00Z", 2),
              ElementsAre("2030-06-15T09:00:00", "2030-06-17T09:00:00"));
  EXPECT_THAT(next("0 9 * * *", shifted_by(-24 * kHour), "2030-06-15T00:00:00Z", 3),
              ElementsAre("2030-06-15T09:00:00", "2030-06-15T09:00:00", "2030-06-16T09:00:00"));
}

TEST(Calendar, AWildcardThatLiesInGapsAloneEndsTheSearch) {
  // The hour that eastern clocks leave out: on Sundays from the 8th to the 14th of March.
  const Calendar it = calendar("*/20 2 8-14 3 */7");
  EXPECT_FALSE(next_firing(it, eastern(), Time{at("2027-01-01T00:00:00Z") * 1000}));
}

// By the time of the processor: what else runs on the machine does not matter.
TEST(Calendar, AnswersFast) {
  const Calendar rare = calendar("59 59 23 29 2 */7");
  const Time after{at("2040-02-29T00:00:00Z") * 1000};
  const std::clock_t begin = std::clock();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(next_firing(rare, eastern(), after));
  EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC);  // 5 ms each, in any build
}

// --- zones and expressions by chance ------------------------------------------------------------

struct RandomField {
  std::string text;
  std::set<int> values;
};

using Chance = std::mt19937;

int draw(Chance& chance, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(chance);
}

RandomField random_field(Chance& chance, int low, int high) {
  RandomField field;
  const int form = draw(chance, 0, 3);
  const int step = form == 1 ? draw(chance, 1, (high - low) / 2) : 1;
  if (form < 2) {
    field.text = step == 1 ? "*" : fmt::format("*/{}", step);
    for (int value = low; value <= high; value += step) field.values.insert(value);
    return field;
  }
  const int items = draw(chance, 1, 3);
  for (int i = 0; i < items; ++i) {
    const int first = draw(chance, low, high);
    const int last = form == 2 ? first : draw(chance, first, high);
    field.text += fmt::format("{}{}-{}", i == 0 ? "" : ",", first, last);
    for (int value = first; value <= last; ++value) field.values.insert(value);
  }
  return field;
}

// Up to six changes within a day, of which one may undo or repeat what another did.
Zone random_zone(Chance& chance, std::int64_t from_s) {
  Zone zone{"Random", 600 * draw(chance, -20, 20), {}, {}};
  std::int64_t at_s = from_s + kHour * draw(chance, 24, 48);
  std::int32_t offset_s = zone.first_offset_s;
  const int changes = draw(chance, 1, 6);
  for (int i = 0; i < changes; ++i) {
    offset_s += 600 * draw(chance, -20, 20);
    zone.changes.push_back({at_s, offset_s});
    at_s += std::int64_t{600} * draw(chance, 1, 24);
  }
  return zone;
}

TEST(Calendar, FiresByChanceAsAWatchedClockDoes) {
  Chance chance(1);
  for (int round = 0; round < 400; ++round) {
    const std::int64_t from_s = 600 * std::int64_t{draw(chance, 0, 4'000'000)};
    const Zone zone = random_zone(chance, from_s);
    const auto passings =
        test::Watcher([&](std::int64_t at_s) { return period_at(zone, at_s).offset_s; }, from_s,
                      from_s + 96 * kHour, 60)
            .watch();
    for (int i = 0; i < 10; ++i) {
      const RandomField minute = random_field(chance, 0, 59);
      const RandomField hour = random_field(chance, 0, 23);
      const RandomField weekday = random_field(chance, 0, 6);
      const bool wildcard = minute.text.front() == '*' || hour.text.front() == '*';
      const std::string text = fmt::format("{} {} * * {}", minute.text, hour.text, weekday.text);
      const auto want =
          test::firings_of(passings, from_s + 12 * kHour, wildcard, [&](const Shown& it) {
            return minute.values.contains(it.minute) && hour.values.contains(it.hour) &&
                   weekday.values.contains(it.weekday);
          });
      ASSERT_EQ(test::firings_of(calendar(text), zone, from_s + 12 * kHour, from_s + 96 * kHour),
                want)
          << text << " in round " << round;
    }
  }
}

// --- dates and zones ----------------------------------------------------------------------------

TEST(Civil, DatesAndDaysAreTheSame) {
  EXPECT_EQ(date_of(0), (CivilDate{1970, 1, 1}));
  EXPECT_EQ(weekday_of(0), 4);
  CivilDate date{1583, 1, 1};
  int weekday = 6;
  for (std::int64_t day = days_of(date); date.year < 2420; ++day) {
    ASSERT_EQ(date_of(day), date);
    ASSERT_EQ(days_of(date), day);
    ASSERT_EQ(weekday_of(day), weekday);
    weekday = (weekday + 1) % 7;
    if (++date.day <= days_in_month(date.year, date.month)) continue;
    date.day = 1;
    if (++date.month <= 12) continue;
    date.month = 1;
    ++date.year;
  }
}

TEST(Zone, PeriodsFollowChangesAndThenTheRule) {
  Zone zone = eastern();
  zone.first_offset_s = -17'762;
  zone.changes = {{at("1883-11-18T17:00:00Z"), -5 * 3600}, {at("2027-01-01T00:00:00Z"), -18'000}};
  EXPECT_EQ(period_at(zone, at("1883-11-18T16:59:59Z")),
            (ZonePeriod{kBeforeAllTimes, at("1883-11-18T17:00:00Z"), -17'762}));
  EXPECT_EQ(period_at(zone, at("2026-07-01T00:00:00Z")),
            (ZonePeriod{at("1883-11-18T17:00:00Z"), at("2027-01-01T00:00:00Z"), -18'000}));
  EXPECT_EQ(period_at(zone, at("2027-01-01T00:00:00Z")),
            (ZonePeriod{at("2027-01-01T00:00:00Z"), at("2027-03-14T07:00:00Z"), -18'000}));
  EXPECT_EQ(period_at(zone, at("2027-03-14T07:00:00Z")),
            (ZonePeriod{at("2027-03-14T07:00:00Z"), at("2027-11-07T06:00:00Z"), -14'400}));
}

TEST(Zone, DaysOfTheYearCountLeapDaysOrNot) {
  Zone zone = eastern();
  zone.rule->summer_begins = {YearlyTime::Kind::kJulianDay, 1, 1, 0, 60, 0};
  zone.rule->summer_ends = {YearlyTime::Kind::kDayOfYear, 1, 1, 0, 60, 7200};
  EXPECT_EQ(period_at(zone, at("2028-03-01T05:30:00Z")),
            (ZonePeriod{at("2028-03-01T05:00:00Z"), at("2028-03-01T06:00:00Z"), -14'400}));
  EXPECT_EQ(period_at(zone, at("2027-03-01T05:00:00Z")),
            (ZonePeriod{at("2027-03-01T05:00:00Z"), at("2027-03-02T06:00:00Z"), -14'400}));
}

TEST(Zone, SummerMayLastAllYear) {
  Zone zone = eastern();
  zone.rule->summer_begins = {YearlyTime::Kind::kDayOfYear, 1, 1, 0, 0, 0};
  zone.rule->summer_ends = {YearlyTime::Kind::kJulianDay, 1, 1, 0, 365, 25 * 3600};
  for (std::int64_t at_s = at("2027-12-01T00:00:00Z"); at_s < at("2029-02-01T00:00:00Z");
       at_s += 1800) {
    ASSERT_EQ(period_at(zone, at_s).offset_s, -14'400);
  }
}

}  // namespace
}  // namespace jobq::sched
