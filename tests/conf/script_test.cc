// SPDX-License-Identifier: Apache-2.0
// #JQ lines of scripts, and counts as options write them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "conf/ticket_file.h"

namespace jobq::conf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> lines;
  const auto parsed = script_directives(text, "job.sh");
  for (const Directive& d : parsed.value) lines.push_back(std::to_string(d.line) + ":" + d.word);
  for (const Fault& fault : parsed.faults) lines.push_back(to_string(fault));
  return lines;
}

TEST(Script, DirectivesStandBeforeTheFirstCommand) {
  EXPECT_THAT(words("#!/bin/bash\n"
                    "#JQ --cpus 4 --memory 8G\n"
                    "\n"
                    "# a comment\n"
                    "#JQ\t--output logs/%j.log\n"
                    "./collect && ./calc\n"
                    "#JQ --gpus 1\n"),
              ElementsAre("2:--cpus", "2:4", "2:--memory", "2:8G", "5:--output", "5:logs/%j.log"));
}

TEST(Script, ADirectiveIsMarkedExactly) {
  EXPECT_THAT(words("#JQ\n#JQX --a\n# JQ --b\n #JQ --c\n#jq --d\n"), IsEmpty());
}

TEST(Script, WordsAreSplitAsByAShell) {
  EXPECT_THAT(
      words(R"(#JQ --name "a b" c\ d 'e "f"' "g \"h\" \x" i"j"'k' '' # rest)"),
      ElementsAre("1:--name", "1:a b", "1:c d", "1:e \"f\"", "1:g \"h\" \\x", "1:ijk", "1:"));
  EXPECT_THAT(words("#JQ --name $HOME a#b\r\n"), ElementsAre("1:--name", "1:$HOME", "1:a#b"));
}

TEST(Script, QuotesAndBackslashesMustEnd) {
  EXPECT_THAT(
      words("#JQ --name 'a\n#JQ --x \"b\n#JQ é c\\\n"),
      ElementsAre("1:--name", "2:--x", "3:é", "job.sh:1:12: expected a second ' in the line",
                  "job.sh:2:9: expected a second \" in the line",
                  "job.sh:3:8: a backslash ends the line; expected a character after it"));
}

TEST(Script, IsAnUtf8TextWithoutNulBytes) {
  EXPECT_THAT(words("#!/bin/sh\necho \xe9t\xe9\n"),
              ElementsAre("job.sh:2:6: not UTF-8; expected a text in UTF-8"));
  EXPECT_THAT(words(std::string("echo a\0b\n", 9)),
              ElementsAre("job.sh:1:7: a NUL byte is in the text"));
  EXPECT_THAT(words("echo \xf0\x9f\x98\x80 \xe2\x82\xac\n"), IsEmpty());
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe0\x80\x80", "\x80",
                          "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_EQ(words(bad).size(), 1U);
  }
}

TEST(Script, MayBeEmpty) { EXPECT_THAT(words(""), IsEmpty()); }

TEST(Counts, AreNamesWithOrWithoutAmounts) {
  using resmgr::Count;
  EXPECT_THAT(*parse_counts("solver=2,disk"), ElementsAre(Count{"disk", 1}, Count{"solver", 2}));
  EXPECT_THAT(*parse_counts("scratch=1K"), ElementsAre(Count{"scratch", 1024}));
}

TEST(Counts, RefuseWhatIsNoList) {
  for (const char* bad : {"", ",", "a,", "a=", "a=0", "a=-1", "a=x", "=2", "a b=1", "a==1"}) {
    const auto counts = parse_counts(bad);
    ASSERT_FALSE(counts) << bad;
    EXPECT_EQ(counts.error().message,
              "'" + std::string(bad) +
                  "' is not a list of counts; expected NAME or NAME=COUNT, with commas between, "
                  "like solver=2,disk");
  }
  EXPECT_EQ(parse_counts("a,a=2").error().message, "'a' is twice in 'a,a=2'");
}

}  // namespace
}  // namespace jobq::conf
