// SPDX-License-Identifier: Apache-2.0
// Which known name a word was meant to be.
#include "base/nearest.h"

#include <gtest/gtest.h>

namespace jobq {
namespace {

TEST(EditDistance, CountsLettersPutInTakenOutReplacedAndSwapped) {
  EXPECT_EQ(edit_distance("calc", "calc", 2), 0U);
  EXPECT_EQ(edit_distance("CALC", "calc", 2), 0U);
  EXPECT_EQ(edit_distance("cacl", "calc", 2), 1U);
  EXPECT_EQ(edit_distance("calcs", "calc", 2), 1U);
  EXPECT_EQ(edit_distance("cal", "calc", 2), 1U);
  EXPECT_EQ(edit_distance("cilk", "calc", 2), 2U);
  EXPECT_EQ(edit_distance("", "ab", 2), 2U);
  EXPECT_EQ(edit_distance("", "", 0), 0U);
}

TEST(EditDistance, StopsAtItsLimit) {
  EXPECT_EQ(edit_distance("calc", "verify", 2), std::nullopt);
  EXPECT_EQ(edit_distance("cacl", "calc", 0), std::nullopt);
  EXPECT_EQ(edit_distance("abcdef", "ghijkl", 2), std::nullopt);
  EXPECT_EQ(edit_distance(std::string(100, 'a'), std::string(100, 'a'), 2), std::nullopt);
}

TEST(Nearest, IsTheNearestAndTheFirstOfEquals) {
  EXPECT_EQ(nearest("prioity", {"hold", "priority", "prioritt"}), "priority");
  EXPECT_EQ(nearest("bb", {"ab", "cb"}), "ab");
  EXPECT_EQ(nearest("mem", {"exclusive", "memory"}), "memory");
  EXPECT_EQ(nearest("smal", {"big", "small"}), "small");
  EXPECT_EQ(nearest("nowher", {"nowhere"}), "nowhere");
  EXPECT_EQ(nearest("nowher", {"batch", "late", "nowhere"}), "nowhere");
  EXPECT_EQ(nearest("nowhere", {"nowher"}), "nowher");
}

TEST(Nearest, IsNothingWhereNothingIsNear) {
  EXPECT_EQ(nearest("x", {"a", "b"}), "");
  EXPECT_EQ(nearest("zebra", {"after", "name"}), "");
  EXPECT_EQ(nearest("a", {}), "");
  EXPECT_EQ(did_you_mean("zebra", {"after"}), "");
  EXPECT_EQ(did_you_mean("aftr", {"after"}), "; did you mean 'after'?");
}

}  // namespace
}  // namespace jobq
