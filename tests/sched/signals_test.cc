// SPDX-License-Identifier: Apache-2.0
// Signals by name and number.
#include "sched/signals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace jobq::sched {
namespace {

TEST(SignalsTest, HaveNamesWithAndWithoutSigAndNumbers) {
  for (const char* text : {"USR1", "SIGUSR1", "usr1", "sigusr1", "10"}) {
    EXPECT_EQ(parse_signal(text), SIGUSR1) << text;
  }
  EXPECT_EQ(parse_signal("64"), 64);
}

TEST(SignalsTest, AreKnownByBothNamesWhereTheyHaveTwo) {
  for (const char* text : {"IO", "POLL", "sigpoll", "29"}) EXPECT_EQ(parse_signal(text), SIGIO);
  EXPECT_EQ(parse_signal("IOT"), SIGABRT);
  EXPECT_EQ(parse_signal("CLD"), SIGCHLD);
}

TEST(SignalsTest, ThatDoNotExistAreRefusedWithTheirNeighbour) {
  for (const char* text : {"", "SIG", "0", "-1", "65", "1000", "9x", "KILLER"}) {
    EXPECT_FALSE(parse_signal(text)) << text;
  }
  EXPECT_THAT(parse_signal("USR3").error().message, testing::HasSubstr("did you mean 'USR1'?"));
}

TEST(SignalsTest, AreWrittenByNameWhereTheyHaveOne) {
  for (int signal = 1; signal < 32; ++signal) {
    EXPECT_EQ(parse_signal(signal_name(signal)), signal);
  }
  EXPECT_EQ(signal_name(0), "");
  EXPECT_EQ(signal_name(-1), "");
  EXPECT_EQ(name_or_number(SIGKILL), "KILL");
  EXPECT_EQ(name_or_number(63), "63");
  EXPECT_EQ(number_and_name(SIGKILL), "9 (KILL)");
  EXPECT_EQ(number_and_name(63), "63");
}

}  // namespace
}  // namespace jobq::sched
