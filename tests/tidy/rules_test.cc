// SPDX-License-Identifier: Apache-2.0
// Every rule is tried on a small tree that breaks it and on one that keeps it: a rule that cannot
// fail is no rule.
#include "tests/tidy/rules.h"

#include <gtest/gtest.h>

namespace jobq::tidy {
namespace {

using Rule = Complaints (*)(const Tree&);

std::size_t complaints(Rule rule, std::string path, std::string text) {
  Tree tree;
  tree.push_back(make_file(std::move(path), std::move(text)));
  return rule(tree).size();
}

TEST(IncludeRules, AFolderIncludesWhatItsRowAllows) {
  const Rule rule = project_includes_follow_the_table;
  EXPECT_EQ(complaints(rule, "sched/a.cc", "#include \"resmgr/b.h\"\n#include \"base/c.h\"\n"), 0U);
  EXPECT_EQ(complaints(rule, "sched/a.cc", "#include \"store/b.h\"\n"), 1U);
  EXPECT_EQ(complaints(rule, "base/a.h", "#include \"sched/b.h\"\n"), 1U);
  EXPECT_EQ(complaints(rule, "exec/a.cc", "#include \"net/jobq.pb.h\"\n"), 0U);
  EXPECT_EQ(complaints(rule, "exec/a.cc", "#include \"sched/spec.h\"\n"), 1U);
}

TEST(IncludeRules, NothingIncludesCommandsOrTests) {
  const Rule rule = project_includes_follow_the_table;
  EXPECT_EQ(complaints(rule, "controller/a.cc", "#include \"cmd/b.h\"\n"), 1U);
  EXPECT_EQ(complaints(rule, "cmd/a.cc", "#include \"tests/b.h\"\n"), 1U);
  EXPECT_EQ(complaints(rule, "tests/cmd/a_test.cc", "#include \"cmd/b.h\"\n"), 0U);
}

TEST(IncludeRules, StoreKnowsDataNotMachines) {
  const Rule rule = project_includes_follow_the_table;
  EXPECT_EQ(complaints(rule, "store/a.cc", "#include \"sched/rows.h\"\n"), 0U);
  EXPECT_EQ(complaints(rule, "store/a.cc", "#include \"sched/event_manager.h\"\n"), 1U);
}

TEST(IncludeRules, IncludesAreWrittenFromTheRoot) {
  EXPECT_EQ(complaints(project_includes_follow_the_table, "base/a.cc", "#include \"a.h\"\n"), 1U);
}

TEST(IncludeRules, ThirdPartyHeadersHaveOneHome) {
  const Rule rule = third_party_headers_stay_at_home;
  EXPECT_EQ(complaints(rule, "store/a.cc", "#include <sqlite3.h>\n"), 0U);
  EXPECT_EQ(complaints(rule, "controller/a.cc", "#include <sqlite3.h>\n"), 1U);
  EXPECT_EQ(complaints(rule, "sched/a.cc", "#include <uv.h>\n#include <toml++/toml.h>\n"), 2U);
  EXPECT_EQ(complaints(rule, "cmd/a.cc", "#include <gtest/gtest.h>\n"), 1U);
}

TEST(IncludeRules, TheCoreHasNoClockThreadChanceOrOutput) {
  EXPECT_EQ(complaints(the_core_is_pure, "sched/a.cc", "#include <vector>\n#include <map>\n"), 0U);
  EXPECT_EQ(complaints(the_core_is_pure, "sched/a.cc", "#include <chrono>\n"), 1U);
  EXPECT_EQ(complaints(the_core_is_pure, "resmgr/a.h", "#include <unistd.h>\n"), 1U);
  EXPECT_EQ(complaints(the_core_is_pure, "sched/a.cc", "Time t = wall_now();\n"), 1U);
  EXPECT_EQ(complaints(the_core_is_pure, "exec/a.cc", "#include <chrono>\n"), 0U);
}

TEST(IncludeRules, TheCoreIsNotImpureByWayOfAnotherHeader) {
  const Tree tree = {make_file("base/b.h", "#include <thread>\n"),
                     make_file("sched/a.h", "#include \"base/b.h\"\n"),
                     make_file("sched/a.cc", "#include \"sched/a.h\"\n")};
  EXPECT_EQ(the_core_is_pure(tree).size(), 2U);
}

TEST(IncludeRules, AHeaderThatOnlyItsSourceIncludesIsUnused) {
  Tree tree = {make_file("base/a.h", ""), make_file("base/a.cc", "#include \"base/a.h\"\n")};
  EXPECT_EQ(every_header_is_used(tree).size(), 1U);
  tree.push_back(make_file("base/b.cc", "#include \"base/a.h\"\n"));
  EXPECT_EQ(every_header_is_used(tree).size(), 0U);
}

TEST(SizeRules, ALineHasAHundredCharacters) {
  EXPECT_EQ(complaints(lines_fit, "base/a.h", std::string(100, 'x') + "\n"), 0U);
  EXPECT_EQ(complaints(lines_fit, "base/a.h", std::string(101, 'x') + "\n"), 1U);
  EXPECT_EQ(complaints(lines_fit, "base/a.h", std::string(99, 'x') + "\xC3\xA9\n"), 0U);
}

TEST(SizeRules, AFunctionHasSeventyLines) {
  const auto body = [](int lines) {
    std::string text = "void f() {\n";
    for (int i = 0; i < lines - 2; ++i) text += "  g();\n";
    return text + "}\n";
  };
  EXPECT_EQ(complaints(functions_are_short, "base/a.cc", body(70)), 0U);
  EXPECT_EQ(complaints(functions_are_short, "base/a.cc", body(71)), 1U);
}

TEST(SizeRules, AFileHasSixHundredLines) {
  EXPECT_EQ(complaints(files_are_short, "base/a.cc", std::string(600, '\n')), 0U);
  EXPECT_EQ(complaints(files_are_short, "base/a.cc", std::string(601, '\n')), 1U);
}

TEST(WordRules, BannedNamesAreCallsOfFreeFunctions) {
  const Rule rule = banned_names_are_absent;
  EXPECT_EQ(complaints(rule, "base/a.cc", "x = rand();"), 1U);
  EXPECT_EQ(complaints(rule, "base/a.cc", "std::sprintf(b, \"\");"), 1U);
  EXPECT_EQ(complaints(rule, "base/a.cc", "assert(true);"), 1U);
  EXPECT_EQ(complaints(rule, "exec/a.cc", "::system(line);"), 1U);
  EXPECT_EQ(complaints(rule, "exec/a.cc", "std::this_thread::sleep_for(1s);"), 1U);
  EXPECT_EQ(complaints(rule, "cmd/a.cc", "using namespace std;"), 1U);
}

TEST(WordRules, MembersStringsAndCommentsMaySayThem) {
  const Rule rule = banned_names_are_absent;
  EXPECT_EQ(complaints(rule, "base/a.cc", "static_assert(true); // assert(x)\nf(\"rand()\");"), 0U);
  EXPECT_EQ(complaints(rule, "base/a.cc", "job.sleep(); host->system();\nstrand();"), 0U);
  EXPECT_EQ(complaints(rule, "tests/base/a.cc", "sleep_for(1ms); assert(x);"), 0U);
}

TEST(WordRules, BlackBoxTestsDoNotSleep) {
  const Rule rule = tests_wait_for_conditions;
  EXPECT_EQ(complaints(rule, "tests/cli/t1.sh", "sleep 1\n"), 1U);
  EXPECT_EQ(complaints(rule, "tests/cli/t1.sh", "jq queue && sleep 0.1\n"), 1U);
  EXPECT_EQ(complaints(rule, "tests/cli/t1.sh", "jq submit sleep 100\n"), 0U);
  EXPECT_EQ(complaints(rule, "tests/cli/t1.sh", "sh -c 'true; sleep 2'\n"), 0U);
  EXPECT_EQ(complaints(rule, "tests/cli/t1.sh", "cat >x <<'END'\nsleep 5\nEND\n"), 0U);
  EXPECT_EQ(complaints(rule, "tests/cli/lib.sh", "\npoll() {\n  sleep 0.02\n}\n"), 0U);
  EXPECT_EQ(complaints(rule, "tests/cli/lib.sh", "\npoll() {\n  x\n}\nsleep 1\n"), 1U);
}

TEST(WordRules, WhatIsLeftForLaterSaysWhy) {
  const Rule rule = promises_have_reasons;
  EXPECT_EQ(complaints(rule, "base/a.cc", "// TODO: later\n"), 1U);
  EXPECT_EQ(complaints(rule, "scripts/a", "# FIXME later\n"), 1U);
  EXPECT_EQ(complaints(rule, "base/a.cc", "// TODO(needs kernel 6.6): later\n"), 0U);
  EXPECT_EQ(complaints(rule, "base/a.cc", "f(\"TODO\");\n"), 0U);
}

TEST(WordRules, FilesOpenWithLicenceAndPurpose) {
  const std::string licence = std::string("// SPDX-License-") + "Identifier: Apache-2.0\n";
  EXPECT_EQ(complaints(files_name_their_licence, "base/a.cc", licence), 0U);
  EXPECT_EQ(complaints(files_name_their_licence, "base/a.cc", "\n" + licence), 1U);
  EXPECT_EQ(complaints(files_name_their_licence, "a/b.sh", "#!/bin/bash\n#" + licence), 0U);
  EXPECT_EQ(complaints(files_open_with_what_they_own, "base/a.cc", licence + "// Owns a thing.\n"),
            0U);
  EXPECT_EQ(complaints(files_open_with_what_they_own, "base/a.cc", licence + "#pragma once\n"), 1U);
}

TEST(WordRules, NoPathOfAMachineIsNamed) {
  EXPECT_EQ(complaints(no_machine_is_named, "docs/a.md", "see /home/ann/x"), 1U);
  const std::string work = std::string("/work") + "/x";  // not as one word: this file is read too
  EXPECT_EQ(complaints(no_machine_is_named, "docs/a.md", "see \"" + work + "\""), 1U);
  EXPECT_EQ(complaints(no_machine_is_named, "docs/a.md", "$T" + work + " and a/home/b"), 0U);
}

}  // namespace
}  // namespace jobq::tidy
