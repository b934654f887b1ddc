// SPDX-License-Identifier: Apache-2.0
// Zones of the time-zone database, and what calendar expressions do in them. The `date` library and
// the C library read the same database on their own; the firings around every change of a clock are
// compared with those of a clock that is watched second by second.
#include "conf/zone.h"

#include <date/tz.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "conf/zone_file.h"
#include "sched/calendar.h"
#include "sched/zone.h"
#include "tests/sched/calendar_walk.h"
#include "tests/temp_dir.h"

namespace jobq::conf {
namespace {

using sched::test::Shown;
using ::testing::HasSubstr;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kYear1800 = -5'364'662'400;
constexpr std::int64_t kYear2038 = 2'145'916'800;

sched::Zone zone_named(const std::string& name) {
  Result<sched::Zone> zone = read_zone(name, {});
  EXPECT_TRUE(zone) << zone.error().message;
  return zone.value_or(sched::Zone{});
}

// The zone as the `date` library has it, without asking it again for each second.
class DateZone {
 public:
  explicit DateZone(const std::string& name) : zone_(date::locate_zone(name)) {}

  std::int64_t offset(std::int64_t at_s) {
    const date::sys_seconds at{std::chrono::seconds(at_s)};
    if (!(info_.begin <= at && at < info_.end)) info_ = zone_->get_info(at);
    return info_.offset.count();
  }

  // All of its changes up to 2037.
  std::vector<std::int64_t> changes() {
    std::vector<std::int64_t> changes;
    std::int64_t at_s = kYear1800;
    while (at_s < kYear2038) {
      offset(at_s);
      at_s = info_.end.time_since_epoch().count();
      if (at_s < kYear2038) changes.push_back(at_s);
    }
    return changes;
  }

 private:
  const date::time_zone* zone_;
  date::sys_info info_{};
};

struct Expression {
  std::string text;
  bool wildcard;
  bool (*matches)(const Shown& it);
};

bool on(const Shown& it, int hour, int minute) {
  return it.hour == hour && it.minute == minute && it.second == 0;
}

const std::array kByTheMinute = {
    Expression{"30 2 * * *", false, [](const Shown& it) { return on(it, 2, 30); }},
    Expression{"0 2 * * *", false, [](const Shown& it) { return on(it, 2, 0); }},
    Expression{"0 3 * * *", false, [](const Shown& it) { return on(it, 3, 0); }},
    Expression{"0,59 1 * * *", false,
               [](const Shown& it) { return on(it, 1, 0) || on(it, 1, 59); }},
    Expression{"@daily", false, [](const Shown& it) { return on(it, 0, 0); }},
    Expression{"5,35 0,23 * * *", false,
               [](const Shown& it) {
                 return (it.hour == 0 || it.hour == 23) && (it.minute == 5 || it.minute == 35) &&
                        it.second == 0;
               }},
    Expression{"0-59 0-4,23 * * *", false,
               [](const Shown& it) { return (it.hour <= 4 || it.hour == 23) && it.second == 0; }},
    Expression{"0 0,1,2,3,12 * * *", false,
               [](const Shown& it) {
                 return (it.hour <= 3 || it.hour == 12) && it.minute == 0 && it.second == 0;
               }},
    Expression{"*/15 * * * *", true,
               [](const Shown& it) { return it.minute % 15 == 0 && it.second == 0; }},
    Expression{"@hourly", true, [](const Shown& it) { return it.minute == 0 && it.second == 0; }},
    Expression{
        "*/20 2 * * *", true,
        [](const Shown& it) { return it.hour == 2 && it.minute % 20 == 0 && it.second == 0; }},
    Expression{
        "10 */2 * * *", true,
        [](const Shown& it) { return it.hour % 2 == 0 && it.minute == 10 && it.second == 0; }},
    Expression{"30 0,2 * * mon-fri", false,
               [](const Shown& it) {
                 return it.weekday >= 1 && it.weekday <= 5 && (on(it, 0, 30) || on(it, 2, 30));
               }},
    Expression{"0 0 28-31 * *", false,
               [](const Shown& it) { return it.day >= 28 && on(it, 0, 0); }},
    Expression{"15 1 1,15 * sun", false,
               [](const Shown& it) {
                 return (it.day == 1 || it.day == 15 || it.weekday == 0) && on(it, 1, 15);
               }},
};

const std::array kByTheSecond = {
    Expression{"30 30 2 * * *", false,
               [](const Shown& it) { return it.hour == 2 && it.minute == 30 && it.second == 30; }},
    Expression{"0,30 0,59 0-3,23 * * *", false,
               [](const Shown& it) {
                 return (it.hour <= 3 || it.hour == 23) && (it.minute == 0 || it.minute == 59) &&
                        it.second % 30 == 0;
               }},
    Expression{
        "*/30 59 1 * * 0-6", true,
        [](const Shown& it) { return it.hour == 1 && it.minute == 59 && it.second % 30 == 0; }},
};

// Compares within [begin, end) and looks at the clock from a day before on.
template <class Expressions>
void compare(const sched::Zone& zone, DateZone& date_zone, std::int64_t begin, std::int64_t end,
             std::int64_t step, const Expressions& expressions) {
  const auto passings =
      sched::test::Watcher([&](std::int64_t at_s) { return date_zone.offset(at_s); }, begin - kDay,
                           end, step)
          .watch();
  for (const Expression& expression : expressions) {
    const auto calendar = sched::parse_calendar(expression.text);
    ASSERT_TRUE(calendar) << calendar.error().message;
    const auto want =
        sched::test::firings_of(passings, begin, expression.wildcard, expression.matches);
    const auto got = sched::test::firings_of(*calendar, zone, begin, end);
    ASSERT_EQ(got, want) << expression.text << " in " << zone.name << " from "
                         << format_rfc3339(Time{begin * 1000});
  }
}

bool whole(std::int64_t value, std::int64_t step) { return value % step == 0; }

class Zones : public ::testing::TestWithParam<std::string> {};

TEST_P(Zones, FireAroundEveryChangeAsAWatchedClockDoes) {
  const sched::Zone zone = zone_named(GetParam());
  DateZone date_zone(GetParam());
  const std::vector<std::int64_t> changes = date_zone.changes();
  ASSERT_GE(changes.size(), 10U);
  for (const std::int64_t change : changes) {
    const bool minutes = whole(change, 60) && whole(date_zone.offset(change - 4 * kDay), 60) &&
                         whole(date_zone.offset(change - 1), 60) &&
                         whole(date_zone.offset(change), 60);
    const std::int64_t begin = change - change % 60 - 3 * kDay;
    const std::int64_t end = begin + 6 * kDay;
    compare(zone, date_zone, begin, end, minutes ? 60 : 1, kByTheMinute);
    compare(zone, date_zone, begin + 2 * kDay, end - 2 * kDay, minutes ? 30 : 1, kByTheSecond);
    if (HasFatalFailure()) return;
  }
}

TEST_P(Zones, FireInWholeYearsAsAWatchedClockDoes) {
  const sched::Zone zone = zone_named(GetParam());
  DateZone date_zone(GetParam());
  for (const std::int64_t year : {2011, 2014, 2024}) {
    const std::int64_t begin = (year - 1970) * 365 * kDay + (year - 1969) / 4 * kDay;
    compare(zone, date_zone, begin, begin + 366 * kDay, 60, kByTheMinute);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Conf, Zones,
                         ::testing::Values("America/New_York", "Europe/Moscow",
                                           "Australia/Lord_Howe", "Africa/Cairo",
                                           "America/Sao_Paulo", "Pacific/Apia", "Antarctica/Casey"),
                         [](const auto& parameter) {
                           return parameter.param.substr(parameter.param.find('/') + 1);
                         });

TEST(ZoneDatabase, IsReadAsTheDateLibraryReadsIt) {
  std::size_t zones = 0;
  for (const date::time_zone& each : date::get_tzdb().zones) {
    const sched::Zone zone = zone_named(each.name());
    DateZone date_zone(each.name());
    for (const std::int64_t change : date_zone.changes()) {
      for (const std::int64_t at_s : {change - 1, change, change + 45 * kDay}) {
        if (at_s >= kYear2038) continue;
        ASSERT_EQ(sched::period_at(zone, at_s).offset_s, date_zone.offset(at_s))
            << zone.name << " at " << at_s;
      }
    }
    ++zones;
  }
  EXPECT_GT(zones, 300U);
}

std::int64_t offset_of_libc(std::int64_t at_s) {
  const std::time_t at = at_s;
  std::tm local{};
  localtime_r(&at, &local);
  return local.tm_gmtoff;
}

// Sets TZ, and back at the end.
class LibcZone {
 public:
  explicit LibcZone(const std::string& name) {
    setenv("TZ", (":" + name).c_str(), 1);
    tzset();
  }
  LibcZone(const LibcZone&) = delete;
  LibcZone& operator=(const LibcZone&) = delete;
  ~LibcZone() {
    setenv("TZ", before_.c_str(), 1);
    tzset();
  }

 private:
  std::string before_ = std::getenv("TZ") == nullptr ? "UTC" : std::getenv("TZ");
};

TEST(ZoneDatabase, GoesOnBeyondItsRecordsAsInTheCLibrary) {
  std::size_t changes = 0;
  for (const date::time_zone& each : date::get_tzdb().zones) {
    const sched::Zone zone = zone_named(each.name());
    const LibcZone libc(each.name());
    for (std::int64_t at_s = kYear2038; at_s < kYear2038 + 70 * 365 * kDay;) {
      const sched::ZonePeriod period = sched::period_at(zone, at_s);
      ASSERT_EQ(period.offset_s, offset_of_libc(at_s)) << zone.name << " at " << at_s;
      const std::int64_t last_s = std::min(period.end_s, at_s + 400 * kDay) - 1;
      ASSERT_EQ(period.offset_s, offset_of_libc(last_s)) << zone.name << " at " << last_s;
      ASSERT_GT(last_s + 1, at_s);
      at_s = last_s + 1;
      ++changes;
    }
  }
  EXPECT_GT(changes, 10'000U);
}

TEST(ZoneNames, OnesThatAreNotThereNameThoseThatAreNear) {
  const auto error_of = [](const std::string& name) { return read_zone(name, {}).error().message; };
  EXPECT_THAT(error_of("Europe/Moskow"), HasSubstr("did you mean Europe/Moscow?"));
  EXPECT_THAT(error_of("europe/moscow"), HasSubstr("did you mean Europe/Moscow?"));
  EXPECT_THAT(error_of("Lord_How"), HasSubstr("did you mean Australia/Lord_Howe?"));
  EXPECT_THAT(error_of("Knox"), HasSubstr("America/Indiana/Knox"));
  EXPECT_THAT(error_of("Mars/Olympus"), HasSubstr("expected a name such as Europe/Moscow or UTC"));
  for (const std::string name :
       {"", "/etc/passwd", "../zoneinfo/UTC", "Europe", "tzdata.zi", "Europe/Moscow/", "a\nb"}) {
    EXPECT_FALSE(read_zone(name, {})) << name;
  }
}

class LocalZone : public ::testing::Test {
 protected:
  Result<std::string> name_with(const std::string& tz, const std::string& link = "") {
    ZonePlaces places;
    places.tz = tz;
    places.localtime = directory_.path() + "/localtime";
    std::filesystem::remove(places.localtime);
    if (!link.empty()) std::filesystem::create_symlink(link, places.localtime);
    return local_zone_name(places);
  }
  TempDir directory_;
};

TEST_F(LocalZone, IsWhereTheLinkPoints) {
  EXPECT_EQ(name_with("", "/usr/share/zoneinfo/Asia/Tokyo"), "Asia/Tokyo");
  EXPECT_EQ(name_with("", "../usr/share/zoneinfo/Etc/UTC"), "Etc/UTC");
  EXPECT_EQ(name_with(""), "UTC");
  EXPECT_FALSE(name_with("", "/somewhere/else"));
  EXPECT_FALSE(name_with("", "/usr/share/zoneinfo/local"));
  std::ofstream(directory_.path() + "/file") << "TZif";
  ZonePlaces places;
  places.localtime = directory_.path() + "/file";
  EXPECT_THAT(local_zone_name(places).error().message, HasSubstr("does not say the name"));
}

TEST_F(LocalZone, IsWhatTheVariableSays) {
  EXPECT_EQ(name_with("Asia/Tokyo", "/usr/share/zoneinfo/UTC"), "Asia/Tokyo");
  EXPECT_EQ(name_with(":Asia/Tokyo"), "Asia/Tokyo");
  EXPECT_EQ(name_with("/usr/share/zoneinfo/Asia/Tokyo"), "Asia/Tokyo");
  EXPECT_FALSE(name_with("local"));
  EXPECT_FALSE(name_with("CET-1CEST,M3.5.0,M10.5.0/3"));
}

TEST_F(LocalZone, HasItsRealName) {
  ZonePlaces places;
  places.tz = "Asia/Tokyo";
  const auto zone = read_zone("local", places);
  ASSERT_TRUE(zone) << zone.error().message;
  EXPECT_EQ(zone->name, "Asia/Tokyo");
}

TEST(ZonePlaces, WithoutADatabaseTheErrorSaysWhatToInstall) {
  const TempDir directory;
  ZonePlaces places;
  places.database = directory.path();
  EXPECT_THAT(read_zone("UTC", places).error().message, HasSubstr("install the package tzdata"));
  std::ofstream(directory.path() + "/UTC") << "TZif, and nothing more";
  EXPECT_THAT(read_zone("UTC", places).error().message, HasSubstr("cannot use"));
}

TEST(ZoneFile, WhatIsNoneIsRefused) {
  std::ifstream file("/usr/share/zoneinfo/Europe/Moscow", std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ASSERT_TRUE(parse_zone_file(good, "x"));
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(parse_zone_file(std::string_view(good).substr(0, length), "x")) << length;
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string broken = good;
    broken[at] = '\xff';
    const auto zone = parse_zone_file(broken, "x");
    if (zone) sched::period_at(*zone, 0);
  }
}

TEST(ZoneRule, IsWrittenAsPosixHasIt) {
  const auto rule = parse_zone_rule("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->standard_s, 37'800);
  EXPECT_EQ(rule->summer_s, 39'600);
  EXPECT_EQ(rule->summer_begins.month, 10);
  EXPECT_EQ(rule->summer_ends.time_s, 7200);
  EXPECT_EQ(parse_zone_rule("CET-1CEST,J60/-1:30,59/167")->summer_begins.time_s, -5400);
  for (const std::string text :
       {"", "CET", "-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M1.1.1", "CET-1x",
        "CET-1CEST,M3.5.0,M10.5.0/", "<CET-1", "CET-200"}) {
    EXPECT_FALSE(parse_zone_rule(text)) << text;
  }
}

}  // namespace
}  // namespace jobq::conf
