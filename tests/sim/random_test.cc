// SPDX-License-Identifier: Apache-2.0
// Chance: the same on every machine, and of the shape that was asked for.
#include "sim/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "sim/distribution.h"

namespace jobq::sim {
namespace {

using ::testing::HasSubstr;

TEST(Random, TheSequenceIsThePublishedOne) {
  Random random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(Random, LogarithmAndExponentialAreRight) {
  for (int i = -690; i < 690; ++i) {
    const double x = std::pow(2.71, i);
    EXPECT_NEAR(portable_log(x), std::log(x), 1e-14 * std::max(1.0, std::fabs(std::log(x))));
  }
  for (int i = -1860; i < 1860; ++i) {
    const double x = 0.37 * i;
    EXPECT_NEAR(portable_exp(x) / std::exp(x), 1, 1e-12);
  }
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_EQ(portable_exp(0), 1);
  EXPECT_EQ(portable_exp(-1e9), 0);
}

// The mean of many.
double mean_of(const std::string& text) {
  constexpr int kDraws = 200000;
  const auto distribution = parse_distribution(text);
  EXPECT_TRUE(distribution) << text;
  Random random(7);
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) sum += distribution->draw(random);
  return sum / kDraws;
}

TEST(Distribution, MeansAreAsTheTextbooksSay) {
  EXPECT_DOUBLE_EQ(mean_of("60"), 60);
  EXPECT_DOUBLE_EQ(mean_of("constant:1m"), 60);
  EXPECT_NEAR(mean_of("uniform:10,60"), 35, 0.2);
  EXPECT_NEAR(mean_of("exponential:60"), 60, 0.5);
  EXPECT_NEAR(mean_of("lognormal:60,0.5"), 60 * std::exp(0.125), 0.5);
  EXPECT_NEAR(mean_of("pareto:10,3"), 15, 0.2);
}

TEST(Distribution, WhatMakesNoSenseIsRefusedWithWhatWould) {
  for (const char* text : {"", "gauss:1,2", "uniform:1", "exponential:-1",
                           "constant:", "constant:x", "lognormal:1,2,3", "nan"}) {
    const auto distribution = parse_distribution(text);
    ASSERT_FALSE(distribution) << text;
    EXPECT_THAT(distribution.error().message, HasSubstr("lognormal:MEDIAN,SIGMA"));
  }
  EXPECT_EQ(parse_distribution("uniform:60,10").error().message,
            "'uniform:60,10': the first number is above the second");
  EXPECT_EQ(parse_distribution("pareto:1,0").error().message, "'pareto:1,0': the shape is 0");
}

}  // namespace
}  // namespace jobq::sim
