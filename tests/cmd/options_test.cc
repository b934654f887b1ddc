// SPDX-License-Identifier: Apache-2.0
// Options: what is parsed, what is refused and how, and what the help shows.
#include "cmd/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cmd/messages.h"

namespace jobq::cmd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Given {
  std::optional<std::string> name;
  std::optional<std::uint32_t> cpus;
  std::optional<Millis> time;
  std::vector<std::string> env;
  std::vector<std::string> words;
  bool follow = false;
  bool json = false;
};

class OptionsTest : public testing::Test {
 public:
  OptionsTest() : options_("jq thing [WORD...]", "Does a thing.") {
    options_.words(given_.words);
    options_.value("--name", "NAME", into(given_.name), "its name");
    options_.value("-n,--cpus", "N", into(given_.cpus), "processors");
    options_.value("--time", "LIMIT", into(given_.time), "how long");
    options_.list("--env", "NAME", append_to(given_.env), "may be repeated");
    options_.flag("-f,--follow", given_.follow, "go on");
    options_.flag("--json", given_.json, "as JSON");
  }
  ~OptionsTest() override { set_json_errors(false); }

 protected:
  std::string error_of(const Words& words) {
    const auto parsed = options_.parse(words);
    if (parsed) return "(accepted)";
    EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
    return parsed.error().message;
  }

  Given given_;
  Options options_;
};

TEST_F(OptionsTest, values_stand_behind_a_blank_or_an_equals_sign) {
  ASSERT_TRUE(options_.parse({"--name", "a", "--cpus=4", "-f", "--time", "1h30m"}));
  EXPECT_EQ(given_.name, "a");
  EXPECT_EQ(given_.cpus, 4U);
  EXPECT_EQ(given_.time, Millis{5'400'000});
  EXPECT_TRUE(given_.follow);
  EXPECT_FALSE(given_.json);
}

TEST_F(OptionsTest, short_options_take_values_too) {
  ASSERT_TRUE(options_.parse({"-n", "2", "-f"}));
  EXPECT_EQ(given_.cpus, 2U);
  ASSERT_TRUE(options_.parse({"-n3"}));
  EXPECT_EQ(given_.cpus, 3U);
}

TEST_F(OptionsTest, letters_stand_together) {
  ASSERT_TRUE(options_.parse({"-fn3", "17"}));
  EXPECT_TRUE(given_.follow);
  EXPECT_EQ(given_.cpus, 3U);
  EXPECT_THAT(given_.words, ElementsAre("17"));
  ASSERT_TRUE(options_.parse({"-fn", "4"}));
  EXPECT_EQ(given_.cpus, 4U);
  EXPECT_THAT(error_of({"-fx"}), HasSubstr("unknown option '-x'"));
  EXPECT_THAT(error_of({"-fn"}), HasSubstr("-fn needs a value"));
}

TEST_F(OptionsTest, an_empty_value_is_a_value) {
  ASSERT_TRUE(options_.parse({"--name=", "17"}));
  EXPECT_EQ(given_.name, "");
  EXPECT_THAT(given_.words, ElementsAre("17"));
}

TEST_F(OptionsTest, a_value_may_begin_with_a_dash) {
  ASSERT_TRUE(options_.parse({"--name", "--follow", "--env", "-x"}));
  EXPECT_EQ(given_.name, "--follow");
  EXPECT_THAT(given_.env, ElementsAre("-x"));
  EXPECT_FALSE(given_.follow);
}

TEST_F(OptionsTest, given_twice_the_last_value_counts_and_lists_keep_all) {
  ASSERT_TRUE(options_.parse(
      {"--name", "a", "--env", "A", "--name", "b", "--env", "[B]", "--json", "--json"}));
  EXPECT_EQ(given_.name, "b");
  EXPECT_THAT(given_.env, ElementsAre("A", "[B]"));
  EXPECT_TRUE(given_.json);
}

TEST_F(OptionsTest, words_and_options_mix_until_two_dashes) {
  ASSERT_TRUE(options_.parse({"17", "--json", "18", "--", "--name"}));
  EXPECT_THAT(given_.words, ElementsAre("17", "18", "--name"));
  EXPECT_TRUE(given_.json);
  EXPECT_TRUE(options_.had_separator());
}

TEST_F(OptionsTest, the_first_word_may_end_the_options) {
  options_.first_word_ends_options();
  ASSERT_TRUE(options_.parse({"--json", "make", "--name", "x", "--", "-f"}));
  EXPECT_THAT(given_.words, ElementsAre("make", "--name", "x", "--", "-f"));
  EXPECT_FALSE(given_.name);
  EXPECT_FALSE(options_.had_separator());
}

TEST_F(OptionsTest, an_unknown_option_is_named_with_its_neighbour) {
  EXPECT_THAT(error_of({"--nmae", "x"}),
              HasSubstr("unknown option '--nmae'; did you mean '--name'"));
  EXPECT_THAT(error_of({"-z"}), HasSubstr("unknown option '-z'"));
}

TEST_F(OptionsTest, what_is_missing_or_too_much_is_said) {
  EXPECT_THAT(error_of({"--name"}), HasSubstr("--name needs a value"));
  EXPECT_THAT(error_of({"--json=yes"}), HasSubstr("--json takes no value"));
  EXPECT_THAT(error_of({"--cpus", "four"}), HasSubstr("--cpus: 'four' is not a number"));
  EXPECT_THAT(error_of({"--cpus", "-1"}),
              HasSubstr("--cpus: -1 is out of range; expected a number of 0 to 4294967295"));
  EXPECT_THAT(error_of({"--cpus", "99999999999"}), HasSubstr("99999999999 is out of range"));
  EXPECT_THAT(error_of({"--cpus", "-"}), HasSubstr("'-' is not a number"));
  EXPECT_THAT(error_of({"--time", "soon"}), HasSubstr("--time: "));
  EXPECT_THAT(error_of({"\xff"}), HasSubstr("not UTF-8"));
}

TEST_F(OptionsTest, words_are_refused_where_none_are_expected) {
  Options none("jq none", "Takes no words.");
  const auto parsed = none.parse({"word"});
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, HasSubstr("unexpected 'word'"));
}

TEST_F(OptionsTest, errors_become_json_where_json_is_asked_for) {
  EXPECT_NE(error_of({"--json", "--nmae"}), "(accepted)");
  EXPECT_TRUE(json_errors());
  ASSERT_TRUE(options_.parse({"17"}));
  EXPECT_FALSE(json_errors());
  // Behind two dashes it is somebody else's option.
  EXPECT_NE(error_of({"--nmae", "--", "--json"}), "(accepted)");
  EXPECT_FALSE(json_errors());
}

TEST_F(OptionsTest, help_names_every_option_and_wraps_its_text) {
  std::string ignored;
  const std::string two_words = std::string(30, 'a') + " " + std::string(60, 'b');
  options_.value("--long", "VALUE", into(ignored), two_words);
  options_.examples("  jq thing 17\n");
  const std::string help = options_.help();
  for (const std::string& name : options_.names()) EXPECT_THAT(help, HasSubstr(name));
  EXPECT_THAT(help, HasSubstr("Usage: jq thing [WORD...]\n\nDoes a thing.\n"));
  EXPECT_THAT(help, HasSubstr("  -n, --cpus N"));
  EXPECT_THAT(help, HasSubstr("\nExamples:\n  jq thing 17\n"));
  EXPECT_THAT(help, HasSubstr("a\n" + std::string(28, ' ') + "b"));
}

TEST_F(OptionsTest, a_line_of_options_has_no_words_and_no_help) {
  ASSERT_TRUE(options_.parse_line({"--name", "a"}));
  ASSERT_TRUE(options_.parse_line({"--cpus", "4"}));
  EXPECT_EQ(given_.name, "a");
  EXPECT_EQ(given_.cpus, 4U);
  EXPECT_FALSE(options_.parse_line({"word"}));
  EXPECT_FALSE(options_.parse_line({"--help"}));
}

TEST(SplitNames, commas_part_names_and_empty_ones_are_refused) {
  std::vector<std::string> names;
  ASSERT_TRUE(append_split(names)("a,b"));
  EXPECT_THAT(names, ElementsAre("a", "b"));
  EXPECT_FALSE(append_split(names)("a,,b"));
  EXPECT_FALSE(append_split(names)(""));
}

TEST(Moments, are_points_in_time_or_how_long_ago) {
  std::optional<Time> at;
  ASSERT_TRUE(into(at)("1970-01-02T00:00:01Z"));
  EXPECT_EQ(at, Time{86'401'000});
  ASSERT_TRUE(into(at)("1970-01-02"));
  EXPECT_EQ(at, Time{86'400'000});
  const Time before = wall_now();
  ASSERT_TRUE(into(at)("1h"));
  EXPECT_GE(*at, before - seconds(3600));
  EXPECT_LE(*at, wall_now() - seconds(3600));
  EXPECT_FALSE(into(at)("yesterday"));
}

}  // namespace
}  // namespace jobq::cmd
