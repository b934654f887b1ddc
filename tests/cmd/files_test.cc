// SPDX-License-Identifier: Apache-2.0
// Places of files, and what of a file is still missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cmd/copying.h"
#include "cmd/file_copier.h"
#include "cmd/file_place.h"

namespace jobq::cmd {
namespace {

using Where = FilePlace::Where;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

FilePlace place(const std::string& text) {
  const auto parsed = parse_file_place(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(FilePlace{});
}

std::string fault(const std::string& text) {
  const auto parsed = parse_file_place(text);
  return parsed ? "" : parsed.error().message;
}

TEST(FilePlaces, WhatStandsBeforeAColonIsAPlaceOnlyBeforeTheFirstSlash) {
  EXPECT_EQ(place("a"), (FilePlace{Where::kHere, "", "a"}));
  EXPECT_EQ(place("./a:b"), (FilePlace{Where::kHere, "", "./a:b"}));
  EXPECT_EQ(place("/x/a:b"), (FilePlace{Where::kHere, "", "/x/a:b"}));
  EXPECT_EQ(place("n1:a:b"), (FilePlace{Where::kNode, "n1", "a:b"}));
  EXPECT_EQ(place("node:n1:/a"), (FilePlace{Where::kNode, "n1", "/a"}));
  EXPECT_EQ(place("n1:"), (FilePlace{Where::kNode, "n1", "."}));
  EXPECT_EQ(place("area:r/x/y"), (FilePlace{Where::kArea, "r", "x/y"}));
  EXPECT_EQ(place("area:r"), (FilePlace{Where::kArea, "r", "."}));
  EXPECT_EQ(place("client:a"), (FilePlace{Where::kClient, "", "a"}));
}

TEST(FilePlaces, WhatIsNoPlaceIsToldWithWhatWasExpected) {
  EXPECT_THAT(fault(""), HasSubstr("found none"));
  EXPECT_THAT(fault("a b:c"), HasSubstr("is written ./a b:c"));
  EXPECT_THAT(fault("node:n1"), HasSubstr("expected node:NAME:PATH"));
  EXPECT_THAT(fault("area:"), HasSubstr("expected area:NAME/PATH"));
  EXPECT_THAT(fault("device:printer"), HasSubstr("[[export]]"));
}

TEST(FilePlaces, PathsAreJoinedAndHaveLastNames) {
  EXPECT_EQ(joined_path("", "a"), "a");
  EXPECT_EQ(joined_path(".", "a"), "a");
  EXPECT_EQ(joined_path("/", "a"), "/a");
  EXPECT_EQ(joined_path("x/", "a"), "x/a");
  EXPECT_EQ(last_name("/x/a/"), "a");
  EXPECT_EQ(last_name("a"), "a");
}

TEST(MissingBlocks, AreWhatIsNotDoneInPiecesOfAtMostSoMany) {
  EXPECT_THAT(missing_blocks(0, {}, 4), IsEmpty());
  EXPECT_THAT(missing_blocks(5, {}, 4), ElementsAre(BlockRange{0, 4}, BlockRange{4, 1}));
  EXPECT_THAT(missing_blocks(9, {{0, 2}, {5, 1}}, 2),
              ElementsAre(BlockRange{2, 2}, BlockRange{4, 1}, BlockRange{6, 2}, BlockRange{8, 1}));
  EXPECT_THAT(missing_blocks(3, {{0, 3}}, 8), IsEmpty());
}

TEST(HumanBytes, AreShort) {
  EXPECT_EQ(human_bytes(17), "17");
  EXPECT_EQ(human_bytes(1536), "1.5K");
  EXPECT_EQ(human_bytes(200ULL << 20U), "200M");
}

}  // namespace
}  // namespace jobq::cmd
