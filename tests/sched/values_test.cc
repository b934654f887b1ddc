// SPDX-License-Identifier: Apache-2.0
// ${values}: what is one, what is not, and how they are put in.
#include "sched/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace jobq::sched {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::optional<std::string> look_up(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> kValues = {
      {"job", "17"}, {"day", "${job}"}, {"steps.a.event", ""}};
  const auto at = kValues.find(name);
  return at == kValues.end() ? std::nullopt : std::optional(at->second);
}

std::string filled(std::string_view text) { return substitute(text, look_up).value(); }

TEST(Values, AreFoundWithTheirOffsets) {
  EXPECT_THAT(value_refs("a ${day} ${steps.a.event}${x-y_1}"),
              ElementsAre(ValueRef{"day", 2}, ValueRef{"steps.a.event", 9}, ValueRef{"x-y_1", 25}));
}

TEST(Values, OtherFormsOfShellsAreNone) {
  EXPECT_THAT(value_refs("$day $(date) ${HOME:-/tmp} ${#list[@]} ${!x} ${} ${a b} ${day $$ {x} $"),
              IsEmpty());
}

TEST(Values, TwoDollarsMakeAPlainBrace) {
  EXPECT_THAT(value_refs("$${day}"), IsEmpty());
  EXPECT_THAT(value_refs("$${${day}"), ElementsAre(ValueRef{"day", 3}));
  EXPECT_EQ(filled("$${day} $$ $$$"), "${day} $$ $$$");
  EXPECT_EQ(filled("$$${day}"), "$${day}");
}

TEST(Values, ArePutInOnceAndUntouched) {
  EXPECT_EQ(filled("x ${job}/${day}${steps.a.event}."), "x 17/${job}.");
  EXPECT_EQ(filled("echo $HOME ${HOME:-x} é"), "echo $HOME ${HOME:-x} é");
  EXPECT_EQ(filled(""), "");
}

TEST(Values, AnUnknownNameIsAnError) {
  const auto result = substitute("a ${nope}", look_up);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), (Error{ErrorCode::kUsage, "there is no value '${nope}'"}));
}

TEST(Values, AnyTextCanBeMadeLiteral) {
  for (const char* text : {"", "plain", "${day}", "$${day}", "$$${day}", "${${a}", "${HOME:-x}",
                           "$", "${", "$$", "{}$"}) {
    EXPECT_EQ(filled(as_literal(text)), text);
  }
  EXPECT_EQ(as_literal("a ${day}"), "a $${day}");
}

TEST(Values, NamesStandForParametersTheJobAndSteps) {
  using Kind = ValueName::Kind;
  EXPECT_EQ(parse_value_name("job"), (ValueName{Kind::kJob, {}}));
  EXPECT_EQ(parse_value_name("index"), (ValueName{Kind::kIndex, {}}));
  EXPECT_EQ(parse_value_name("day"), (ValueName{Kind::kParam, "day"}));
  EXPECT_EQ(parse_value_name("steps.a-b.event"), (ValueName{Kind::kStepEvent, "a-b"}));
  EXPECT_EQ(parse_value_name("steps.a.node"), (ValueName{Kind::kStepNode, "a"}));
  for (const char* bad : {"job.name", "steps.a", "steps..event", "steps.a.b.event", "steps.a.exit",
                          ".", "a.b", "steps."}) {
    EXPECT_EQ(parse_value_name(bad), std::nullopt) << bad;
  }
}

TEST(Values, SomeWordsAreReserved) {
  EXPECT_TRUE(is_reserved_value("job"));
  EXPECT_TRUE(is_reserved_value("index"));
  EXPECT_TRUE(is_reserved_value("steps"));
  EXPECT_FALSE(is_reserved_value("day"));
}

TEST(Values, NamesEndEnvironmentVariables) {
  EXPECT_EQ(env_suffix("start-day_1"), "START_DAY_1");
  EXPECT_EQ(env_suffix(""), "");
}

}  // namespace
}  // namespace jobq::sched
