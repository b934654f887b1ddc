// SPDX-License-Identifier: Apache-2.0
// What a place of client: becomes in a storage area.
#include "cmd/staging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jobq::cmd {
namespace {

using ::testing::HasSubstr;

StagedPlace staged(const std::string& place, std::size_t number = 1) {
  const auto made = staged_place(place, "area:stage/ann-k", number);
  EXPECT_TRUE(made) << place;
  return made.value_or(StagedPlace{});
}

TEST(Staging, AFileIsReadHereAndHasItsLastNameThere) {
  EXPECT_EQ(staged("client:in/a.dat"),
            (StagedPlace{"./in/a.dat", "area:stage/ann-k/1/", "area:stage/ann-k/1/a.dat"}));
  EXPECT_EQ(staged("client:/x/a:b", 12),
            (StagedPlace{"/x/a:b", "area:stage/ann-k/12/", "area:stage/ann-k/12/a:b"}));
}

TEST(Staging, APatternStaysOne) {
  EXPECT_EQ(staged("client:in/*.dat").from, "area:stage/ann-k/[1]/*.dat");
  EXPECT_EQ(staged("client:.*rc").from, "area:stage/ann-k/[1]/.*rc");
  EXPECT_EQ(staged("client:*/x.dat", 12).from, "area:stage/ann-k/[1]2/x.dat");
}

TEST(Staging, DirectoriesStayDirectoriesAndWhatHasNoNameIsWhatIsInIt) {
  EXPECT_EQ(staged("client:in/").from, "area:stage/ann-k/1/in/");
  EXPECT_EQ(staged("client:in/*/").from, "area:stage/ann-k/[1]/*/");
  EXPECT_EQ(staged("client:.").from, "area:stage/ann-k/1/.");
  EXPECT_EQ(staged("client:").from, "area:stage/ann-k/1/.");
  EXPECT_EQ(staged("client:../").from, "area:stage/ann-k/1/./");
  EXPECT_EQ(staged("client:/").source, "/");
}

TEST(Staging, ValuesAreRefusedAndEscapedOnesAreNames) {
  const auto made = staged_place("client:${day}.dat", "area:stage/ann-k", 1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kRefused);
  EXPECT_THAT(made.error().message, HasSubstr("the value of ${day} is not known"));
  EXPECT_EQ(staged("client:$${day}.dat").source, "./${day}.dat");
  EXPECT_EQ(staged("client:$${day}.dat").from, "area:stage/ann-k/1/$${day}.dat");
}

}  // namespace
}  // namespace jobq::cmd
