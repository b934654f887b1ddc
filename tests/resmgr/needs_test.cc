// SPDX-License-Identifier: Apache-2.0
// Needs: normal form, text, names.
#include "resmgr/needs.h"

#include <gtest/gtest.h>

#include <limits>

namespace jobq::resmgr {
namespace {

TEST(Needs, NormaliseSortsJoinsAndDropsNothings) {
  Needs needs;
  needs.counts = {{"disk", 2}, {"bw", 1}, {"disk", 3}, {"none", 0}};
  needs.exclusive = {"plan-db", "device", "plan-db"};
  needs.tokens = {{"solver", 1}, {"solver", 1}};
  normalise(needs);
  EXPECT_EQ(needs.counts, (std::vector<Count>{{"bw", 1}, {"disk", 5}}));
  EXPECT_EQ(needs.exclusive, (std::vector<std::string>{"device", "plan-db"}));
  EXPECT_EQ(needs.tokens, (std::vector<Count>{{"solver", 2}}));
}

TEST(Needs, NormaliseNeverWrapsRound) {
  Needs needs;
  const auto most = std::numeric_limits<std::uint64_t>::max();
  needs.tokens = {{"solver", most}, {"solver", 5}};
  normalise(needs);
  EXPECT_EQ(needs.tokens.at(0).amount, most);
}

TEST(Needs, NeedsOfNothingAreEmptyAfterNormalise) {
  Needs needs;
  needs.counts = {{"disk", 0}};
  normalise(needs);
  EXPECT_TRUE(needs.empty());
}

TEST(Needs, TextNamesEverythingInOrder) {
  Needs needs;
  needs.cpus = 4;
  needs.memory = Bytes{8ULL << 30U};
  needs.gpus = 1;
  needs.counts = {{"disk", 3}};
  needs.exclusive = {"plan-db"};
  needs.tokens = {{"solver", 2}};
  EXPECT_EQ(to_string(needs), "4 cpus, 8G memory, 1 gpu, 3 disk, exclusive plan-db, 2 of solver");
  EXPECT_EQ(to_string(Needs{}), "nothing");
}

TEST(Needs, NamesAreLettersDigitsAndThreeSigns) {
  EXPECT_TRUE(valid_name("plan-db_2.x"));
  EXPECT_TRUE(valid_name("7"));
  EXPECT_TRUE(valid_name(std::string(64, 'a')));
  EXPECT_FALSE(valid_name(""));
  EXPECT_FALSE(valid_name("-a"));
  EXPECT_FALSE(valid_name("a b"));
  EXPECT_FALSE(valid_name("a/b"));
  EXPECT_FALSE(valid_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace jobq::resmgr
