// SPDX-License-Identifier: Apache-2.0
// Sizes: what users may write, and that what is printed is read back.
#include "base/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jobq {
namespace {

std::uint64_t parsed(std::string_view text) {
  const auto bytes = parse_bytes(text);
  EXPECT_TRUE(bytes) << text;
  return bytes ? bytes->count : ~0ULL;
}

TEST(Bytes, UnitsArePowersOf1024) {
  EXPECT_EQ(parsed("0"), 0U);
  EXPECT_EQ(parsed("512"), 512U);
  EXPECT_EQ(parsed("512B"), 512U);
  EXPECT_EQ(parsed("64K"), 64U << 10U);
  EXPECT_EQ(parsed("8g"), 8ULL << 30U);
  EXPECT_EQ(parsed("8GiB"), 8ULL << 30U);
  EXPECT_EQ(parsed("8GB"), 8ULL << 30U);
  EXPECT_EQ(parsed("1P"), 1ULL << 50U);
}

TEST(Bytes, FractionsAreRoundedToWholeBytes) {
  EXPECT_EQ(parsed("1.5T"), 3ULL << 39U);
  EXPECT_EQ(parsed("0.5K"), 512U);
  EXPECT_EQ(parsed(".5K"), 512U);
  EXPECT_EQ(parsed("0.0001K"), 0U);
}

TEST(Bytes, WhatOverflowsOrIsNoneIsRefused) {
  EXPECT_EQ(parsed("9223372036854775807"), (1ULL << 63U) - 1);
  for (const char* text : {"",
                           "K",
                           ".",
                           "-1",
                           "-0",
                           "+1",
                           "8X",
                           "8 G",
                           " 8",
                           "8G ",
                           "1e3",
                           "0x10",
                           "inf",
                           "nan",
                           "1.2.3",
                           "9223372036854775808",
                           "8192P",
                           "99999999999999999999",
                           "8191.9999999999999999P",
                           "8GG",
                           "8iB"}) {
    const auto bytes = parse_bytes(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error().code, ErrorCode::kUsage);
    EXPECT_THAT(bytes.error().message, ::testing::HasSubstr("is not a size"));
  }
}

TEST(Bytes, TheLargestUnitThatKeepsTheValueIsPrinted) {
  EXPECT_EQ(format_bytes(Bytes{0}), "0");
  EXPECT_EQ(format_bytes(Bytes{1000}), "1000");
  EXPECT_EQ(format_bytes(Bytes{1536ULL << 20U}), "1536M");
  EXPECT_EQ(format_bytes(Bytes{8ULL << 30U}), "8G");
  EXPECT_EQ(format_bytes(Bytes{1ULL << 62U}), "4096P");
}

TEST(Bytes, WhatIsPrintedIsReadBackExactly) {
  for (unsigned shift = 0; shift < 63; ++shift) {
    for (const std::uint64_t near : {0ULL, 1ULL, 3ULL}) {
      const Bytes bytes{(1ULL << shift) + near};
      EXPECT_EQ(parsed(format_bytes(bytes)), bytes.count);
    }
  }
}

}  // namespace
}  // namespace jobq
