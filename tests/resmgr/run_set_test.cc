// SPDX-License-Identifier: Apache-2.0
// The ordered set in runs does what std::set does, over many runs.
#include "resmgr/run_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace jobq::resmgr {
namespace {

void expect_same(const RunSet<int>& runs, const std::set<int>& plain) {
  ASSERT_EQ(runs.size(), plain.size());
  ASSERT_EQ(runs.empty(), plain.empty());
  const int* entry = runs.first();
  for (const int wanted : plain) {
    ASSERT_NE(entry, nullptr);
    ASSERT_EQ(*entry, wanted);
    entry = runs.after(*entry);
  }
  ASSERT_EQ(entry, nullptr);
}

TEST(RunSet, KeepsAscendingDescendingAndMixedEntries) {
  for (const int step : {1, -1, 7919}) {
    RunSet<int> runs;
    std::set<int> plain;
    for (int i = 0; i < 10'000; ++i) {
      const int entry = ((i * step) % 10'000 + 10'000) % 10'000;
      ASSERT_TRUE(runs.insert(entry));
      plain.insert(entry);
    }
    expect_same(runs, plain);
    EXPECT_FALSE(runs.insert(5));
  }
}

TEST(RunSet, AnswersLikeAPlainSetUnderRandomChanges) {
  std::mt19937 engine(7);
  RunSet<int> runs;
  std::set<int> plain;
  for (int i = 0; i < 60'000; ++i) {
    const int entry = static_cast<int>(engine() % 3000);
    // Grows to many runs, shrinks to nothing, and again.
    if (static_cast<int>(engine() % 10'000) < 5000 + (i / 10'000 % 2 == 0 ? 3000 : -4000)) {
      ASSERT_EQ(runs.insert(entry), plain.insert(entry).second);
    } else {
      ASSERT_EQ(runs.erase(entry), plain.erase(entry) == 1);
    }
    const auto next = plain.lower_bound(entry);
    const int* found = runs.at_or_after(entry);
    ASSERT_EQ(found != nullptr, next != plain.end());
    if (found != nullptr) {
      ASSERT_EQ(*found, *next);
    }
    ASSERT_EQ(runs.find(entry) != nullptr, plain.contains(entry));
    if (i % 5000 == 0) expect_same(runs, plain);
  }
}

}  // namespace
}  // namespace jobq::resmgr
