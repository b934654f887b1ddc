// SPDX-License-Identifier: Apache-2.0
// Sets of indexes: how they are written, and that their arithmetic is that of sets.
#include "sched/index_set.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace jobq::sched {
namespace {

std::string canonical(const std::string& text) {
  const auto array = parse_array(text);
  return array ? to_string(*array) : array.error().message;
}

TEST(IndexSet, IsWrittenAsItIsRead) {
  EXPECT_EQ(canonical("0-999"), "0-999");
  EXPECT_EQ(canonical("0-999%50"), "0-999%50");
  EXPECT_EQ(canonical("0-10:2,15"), "0-10:2,15");
  EXPECT_EQ(canonical("7"), "7");
  EXPECT_EQ(canonical("0-2147483647:1000"), "0-2147483000:1000");
}

TEST(IndexSet, WhatIsSaidTwiceIsMeantOnce) {
  EXPECT_EQ(canonical("3,1,2,2,1-3"), "1-3");
  EXPECT_EQ(canonical("0-9,5-14"), "0-14");
  EXPECT_EQ(canonical("0-9:2,4"), "0-8:2");
  EXPECT_EQ(parse_array("0-20:2,0-20:3").value().elements.size(), 14U);
}

TEST(IndexSet, AFaultSaysWhatWasFoundAndExpected) {
  const std::string form =
      " is no index; expected a number such as 15, or a range such as 0-999 or 0-10:2";
  EXPECT_EQ(canonical(""), "expected indexes such as 0-999 or 0-10:2,15, found none");
  EXPECT_EQ(canonical("x"), "'x'" + form);
  EXPECT_EQ(canonical("1,,2"), "''" + form);
  EXPECT_EQ(canonical("-1"), "'-1'" + form);
  EXPECT_EQ(canonical("1-"), "'1-'" + form);
  EXPECT_EQ(canonical("5:2"), "'5:2'" + form);
  EXPECT_EQ(canonical("9-3"), "'9-3' goes down; expected the lower index first");
  EXPECT_EQ(canonical("0-9:0"), "'0-9:0': expected a step of 1 or more, found 0");
  EXPECT_EQ(canonical("2147483648"),
            "'2147483648' is too great; expected indexes of 0 to 2147483647");
  EXPECT_EQ(canonical("99999999999999999999"),
            "'99999999999999999999' is too great; expected indexes of 0 to 2147483647");
  EXPECT_EQ(canonical("0-9%0"), "expected a whole number of 1 or more after %, found '0'");
  EXPECT_EQ(canonical("0-9%"), "expected a whole number of 1 or more after %, found ''");
  EXPECT_EQ(canonical("0-10000000"),
            "expected at most 10000000 elements, found 10000001; what is left can be an array of "
            "its own");
  EXPECT_EQ(parse_array("0-9999999").value().elements.size(), kMaxElements);
}

TEST(IndexSet, ManyRangesWithinEachOtherAreRefusedBeforeTheyCost) {
  std::string text = "0-2147483647:10007";
  for (int i = 1; i < 5000; ++i) text += fmt::format(",{}-2147483647:10007", i);
  EXPECT_EQ(canonical(text),
            "expected at most 1000 ranges that lie within others, found more; what is left can be "
            "an array of its own");
}

// Reference: the indexes one by one.
using Plain = std::set<Index>;

Plain plain(const IndexSet& set) {
  Plain all;
  std::uint64_t counted = 0;
  for (const IndexRange& range : set.ranges()) {
    for (std::uint64_t at = range.first; at <= range.last; at += range.step, ++counted) {
      all.insert(static_cast<Index>(at));
    }
  }
  EXPECT_EQ(counted, all.size()) << "an index stands in two ranges";
  EXPECT_EQ(set.size(), all.size());
  return all;
}

IndexSet random_set(std::mt19937& random) {
  const auto pick = [&random](Index below) { return static_cast<Index>(random()) % below; };
  IndexSet set;
  for (Index i = 1 + pick(4); i > 0; --i) {
    const Index first = pick(60);
    const Index step = 1 + pick(7);
    set.add({first, first + step * pick(12), step});
  }
  return set;
}

class IndexSetArithmetic : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(IndexSetArithmetic, IsThatOfSets) {
  std::mt19937 random(GetParam());
  for (int round = 0; round < 200; ++round) {
    const IndexSet a = random_set(random);
    const IndexSet b = random_set(random);
    const Plain in_a = plain(a);
    const Plain in_b = plain(b);
    Plain sum = in_a;
    sum.insert(in_b.begin(), in_b.end());
    Plain both;
    Plain rest;
    for (const Index index : in_a) (in_b.contains(index) ? both : rest).insert(index);
    IndexSet added = a;
    added.add(b);
    IndexSet removed = a;
    removed.remove(b);
    EXPECT_EQ(plain(added), sum);
    EXPECT_EQ(plain(removed), rest);
    EXPECT_EQ(plain(a.common(b)), both);
    for (const Index at : {0U, 17U, 63U, 200U}) {
      const auto least = in_a.lower_bound(at);
      EXPECT_EQ(a.next(at), least == in_a.end() ? std::nullopt : std::optional(*least));
      EXPECT_EQ(plain(a.from(at)), Plain(least, in_a.end()));
      EXPECT_EQ(a.contains(at), in_a.contains(at));
    }
    EXPECT_EQ(plain(IndexSet::parse(to_string(a)).value()), in_a);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, IndexSetArithmetic, ::testing::Values(1, 2, 3, 4, 5));

}  // namespace
}  // namespace jobq::sched
