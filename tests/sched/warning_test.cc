// SPDX-License-Identifier: Apache-2.0
// Warning signals as they are written.
#include "sched/warning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jobq::sched {
namespace {

std::string fault(std::string_view text) {
  const auto warning = parse_warning(text);
  return warning ? "" : warning.error().message;
}

TEST(WarningTest, ASignalHasANameOrANumberAndATime) {
  const Warning usr1{10, seconds(60)};
  EXPECT_EQ(parse_warning("USR1@60"), usr1);
  EXPECT_EQ(parse_warning("sigusr1@1m"), usr1);
  EXPECT_EQ(parse_warning("10@00:01:00"), usr1);
  EXPECT_EQ(parse_warning("34@250ms"), (Warning{34, Millis{250}}));
}

TEST(WarningTest, WhatIsWrittenIsReadAgain) {
  for (const Warning& warning : {Warning{10, seconds(60)}, Warning{40, Millis{90500}}}) {
    EXPECT_EQ(parse_warning(to_string(warning)), warning);
  }
}

TEST(WarningTest, WhatIsWrongIsSaid) {
  EXPECT_THAT(fault("USR1"), testing::HasSubstr("'USR1' does not say when"));
  EXPECT_THAT(fault("USR3@60"), testing::HasSubstr("did you mean 'USR1'"));
  EXPECT_THAT(fault("65@60"), testing::HasSubstr("there is no signal '65'"));
  EXPECT_THAT(fault("@60"), testing::HasSubstr("there is no signal ''"));
  EXPECT_THAT(fault("KILL@60"), testing::HasSubstr("KILL cannot be caught"));
  EXPECT_THAT(fault("STOP@60"), testing::HasSubstr("STOP cannot be caught"));
  EXPECT_THAT(fault("USR1@soon"), testing::HasSubstr("'soon'"));
  EXPECT_THAT(fault("USR1@"), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(fault("USR1@0"), testing::HasSubstr("expected a time before the limit"));
}

}  // namespace
}  // namespace jobq::sched
