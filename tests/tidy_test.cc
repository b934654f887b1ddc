// SPDX-License-Identifier: Apache-2.0
// The source tree keeps the rules of the house. Each test is one rule over every file; the rules
// themselves are tried on snippets in tests/tidy/.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tidy/rules.h"

namespace jobq::tidy {
namespace {

const Tree& tree() {
  static const Tree kTree = read_tree(JOBQ_SOURCE_DIR);
  return kTree;
}

void expect_none(const Complaints& complaints) {
  for (const Complaint& complaint : complaints) {
    ADD_FAILURE() << complaint.path << ":" << complaint.line << ": " << complaint.what;
  }
}

TEST(Tidy, TheTreeIsThere) {
  const auto is_this_file = [](const File& f) { return f.path == "tests/tidy_test.cc"; };
  EXPECT_TRUE(std::any_of(tree().begin(), tree().end(), is_this_file));
}

TEST(Tidy, ProjectIncludesFollowTheTable) {
  expect_none(project_includes_follow_the_table(tree()));
}
TEST(Tidy, ThirdPartyHeadersStayAtHome) { expect_none(third_party_headers_stay_at_home(tree())); }
TEST(Tidy, TheCoreIsPure) { expect_none(the_core_is_pure(tree())); }
TEST(Tidy, EveryHeaderIsUsed) { expect_none(every_header_is_used(tree())); }
TEST(Tidy, LinesFit) { expect_none(lines_fit(tree())); }
TEST(Tidy, FunctionsAreShort) { expect_none(functions_are_short(tree())); }
TEST(Tidy, FilesAreShort) { expect_none(files_are_short(tree())); }
TEST(Tidy, BannedNamesAreAbsent) { expect_none(banned_names_are_absent(tree())); }
TEST(Tidy, TestsWaitForConditions) { expect_none(tests_wait_for_conditions(tree())); }
TEST(Tidy, PromisesHaveReasons) { expect_none(promises_have_reasons(tree())); }
TEST(Tidy, FilesNameTheirLicence) { expect_none(files_name_their_licence(tree())); }
TEST(Tidy, FilesOpenWithWhatTheyOwn) { expect_none(files_open_with_what_they_own(tree())); }
TEST(Tidy, NoMachineIsNamed) { expect_none(no_machine_is_named(tree())); }

}  // namespace
}  // namespace jobq::tidy
