// SPDX-License-Identifier: Apache-2.0
// The table of verbs: what belongs to us, and that everything else agrees with it.
#include "cmd/verbs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "cmd/help.h"
#include "cmd/version.h"

namespace jobq::cmd {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string file(const std::string& path) {
  std::ifstream in(std::string(JOBQ_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Verbs, are_found_by_their_exact_name) {
  ASSERT_NE(find_verb("submit"), nullptr);
  EXPECT_EQ(find_verb("submit")->name, "submit");
  for (const char* word : {"", "sub", "Submit", "submit ", ".", "-n", "--help"}) {
    EXPECT_EQ(find_verb(word), nullptr) << word;
  }
}

TEST(Verbs, have_one_line_each) {
  std::set<std::string_view> names;
  for (const Verb& verb : all_verbs()) {
    EXPECT_TRUE(names.insert(verb.name).second) << verb.name;
    EXPECT_NE(verb.run, nullptr);
    EXPECT_FALSE(verb.summary.empty());
  }
}

TEST(Verbs, are_listed_by_the_overview_but_for_the_hidden_ones) {
  for (const Verb& verb : all_verbs()) {
    const std::string line = "  " + std::string(verb.name) + " ";
    if (verb.group == VerbGroup::kHidden) {
      EXPECT_THAT(overview(), Not(HasSubstr(line)));
    } else {
      EXPECT_THAT(overview(), HasSubstr(line));
    }
  }
}

TEST(Version, is_that_of_the_build) {
  EXPECT_THAT(file("CMakeLists.txt"), HasSubstr("project(jobq VERSION " + std::string(kVersion)));
}

}  // namespace
}  // namespace jobq::cmd
