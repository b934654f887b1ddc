// SPDX-License-Identifier: Apache-2.0
// Begins and deadlines in files: their forms, and local times by the zone of whoever reads them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "conf/ticket_file.h"
#include "conf/ticket_stream.h"

namespace jobq::conf {
namespace {

class TimesTest : public ::testing::Test {
 public:
  // Clocks go forward on 2026-03-29 at 02:00 and back on 2026-10-25 at 03:00.
  void SetUp() override {
    ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    ::tzset();
  }
  void TearDown() override {
    ::unsetenv("TZ");
    ::tzset();
  }
  static Time at(std::string_view text) { return parse_rfc3339(text).value(); }
  static std::optional<When> begin(const std::string& value) {
    const auto parsed =
        parse_ticket("run = 'x'\n[ticket]\nbegin = " + value, "f", {}, at("2026-11-22T11:00:00Z"));
    EXPECT_TRUE(parsed.ok()) << value;
    return parsed.value.begin;
  }
};

TEST_F(TimesTest, OfTomlAsTheyAre) {
  EXPECT_EQ(begin("2026-11-22T03:00:00Z"), When(at("2026-11-22T03:00:00Z")));
  EXPECT_EQ(begin("2026-11-22T03:00:00.5-02:30"), When(at("2026-11-22T05:30:00.5Z")));
  EXPECT_EQ(begin("2026-11-22 03:00:00+01:00"), When(at("2026-11-22T02:00:00Z")));
  EXPECT_EQ(begin("2026-11-22T03:00:00"), When(at("2026-11-22T02:00:00Z")));
  EXPECT_EQ(begin("12:30:00"), When(at("2026-11-22T11:30:00Z")));
}

TEST_F(TimesTest, OfStrings) {
  EXPECT_EQ(begin("'2026-11-22T03:00:00Z'"), When(at("2026-11-22T03:00:00Z")));
  EXPECT_EQ(begin("'2026-11-22 03:00'"), When(at("2026-11-22T02:00:00Z")));
  EXPECT_EQ(begin("'11:30'"), When(at("2026-11-23T10:30:00Z")));
  EXPECT_EQ(begin("'+1h30m'"), When(seconds(5400)));
}

TEST_F(TimesTest, WhatIsSkippedOrComesTwiceHasAMeaning) {
  EXPECT_EQ(begin("2026-03-29T02:30:00"), When(at("2026-03-29T01:00:00Z")));
  EXPECT_EQ(begin("'2026-10-25 02:30'"), When(at("2026-10-25T00:30:00Z")));
}

TEST_F(TimesTest, OfJsonAndOfClassTickets) {
  const auto parsed = parse_json_ticket(
      R"({"ticket": {"class": "plan", "begin": "+5m", "deadline": "2026-11-22T03:00:00Z"}})", "f",
      1);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value.begin, When(seconds(300)));
  EXPECT_EQ(parsed.value.deadline, When(at("2026-11-22T03:00:00Z")));
  TicketStream stream("-", "");
  const auto line =
      stream.next(R"({"run": "x", "ticket": {"begin": "03:00"}})", at("2026-11-22T11:00:00Z"));
  EXPECT_EQ(line->value.begin, When(at("2026-11-23T02:00:00Z")));
}

}  // namespace
}  // namespace jobq::conf
