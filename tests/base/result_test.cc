// SPDX-License-Identifier: Apache-2.0
// Errors: names and exit codes that scripts rely on; checks that hold in every build.
#include "base/result.h"

#include <gtest/gtest.h>

#include <map>

#include "base/check.h"
#include "base/ids.h"

namespace jobq {
namespace {

TEST(Result, EveryCodeHasItsNameAndExitCode) {
  const std::map<ErrorCode, std::pair<std::string_view, int>> codes = {
      {ErrorCode::kRefused, {"refused", 1}},         {ErrorCode::kUsage, {"usage", 2}},
      {ErrorCode::kUnreachable, {"unreachable", 3}}, {ErrorCode::kDenied, {"denied", 4}},
      {ErrorCode::kNotFound, {"not_found", 5}},      {ErrorCode::kUnavailable, {"unavailable", 1}},
      {ErrorCode::kInternal, {"internal", 1}}};
  for (const auto& [code, expected] : codes) {
    EXPECT_EQ(to_string(code), expected.first);
    EXPECT_EQ(exit_code(code), expected.second);
  }
}

TEST(Result, FailCarriesCodeAndMessage) {
  const Result<int> failed = fail(ErrorCode::kDenied, "no");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), (Error{ErrorCode::kDenied, "no"}));
}

TEST(CheckDeathTest, ABrokenConditionNamesItsPlaceAndAborts) {
  check(true, "fine");
  EXPECT_DEATH(check(1 > 2, "order is lost"), "internal error at tests/base/.*order is lost");
}

TEST(Ids, ZeroIsNoneAndHashesDiffer) {
  EXPECT_FALSE(JobNumber{});
  EXPECT_TRUE(JobNumber{1});
  const AttemptId one{JobNumber{1}, StepId{2}, Attempt{3}};
  const AttemptId other{JobNumber{1}, StepId{3}, Attempt{2}};
  EXPECT_NE(std::hash<AttemptId>{}(one), std::hash<AttemptId>{}(other));
  EXPECT_LT(one, other);
}

}  // namespace
}  // namespace jobq
