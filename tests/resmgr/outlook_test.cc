// SPDX-License-Identifier: Apache-2.0
// What a claim leaves over, by who holds the rest.
#include "resmgr/outlook.h"

#include <gtest/gtest.h>

#include <array>

namespace jobq::resmgr {
namespace {

constexpr Time kNow{1000};

// The largest amount that may be taken now for ever beside a claim, where holders without an end
// hold `held`.
Amount left_over(Amount free, const std::vector<Amount>& held, Amount claimed) {
  std::vector<Outlook::Holder> holders;
  for (const Amount& amount : held) holders.push_back({{&amount, 1}, std::nullopt});
  Outlook outlook(kNow, {&free, 1}, 1, holders);
  const auto at = outlook.earliest(kNow + Millis{1}, std::nullopt, {&claimed, 1}, false);
  EXPECT_TRUE(at);
  outlook.claim({&claimed, 1}, *at, kForever, std::nullopt);
  Amount most = 0;
  for (Amount amount = 1; amount <= free; ++amount) {
    if (outlook.may_take({&amount, 1}, kForever)) most = amount;
  }
  return most;
}

TEST(Outlook, LeavesOverWhatIsFreeBeyondTheClaim) { EXPECT_EQ(left_over(5, {}, 3), 2); }

TEST(Outlook, LeavesOverWhatTheOneHolderBringsTooMuch) { EXPECT_EQ(left_over(1, {3}, 3), 1); }

TEST(Outlook, LeavesNothingWhereSmallHoldersMayEndOneByOne) {
  EXPECT_EQ(left_over(1, {1, 1, 1}, 3), 0);
}

TEST(Outlook, LeavesOverTheLeastOfAllOrdersOfEnding) {
  EXPECT_EQ(left_over(2, {4, 4}, 5), 1);    // 2 + 4 - 5
  EXPECT_EQ(left_over(2, {4, 3}, 5), 0);    // 2 + 3 - 5
  EXPECT_EQ(left_over(3, {10, 20}, 9), 3);  // 3 + 10 - 9, of which 3 are free
}

TEST(Outlook, LeavesNothingWhereTheHoldersAreTooManyToTell) {
  std::vector<Amount> held;
  for (Amount amount = 0; amount < 20; ++amount) held.push_back(Amount{1} << amount);
  for (Amount& amount : held)
    amount = 2 * amount + 1'000'000;  // no sum of them is exactly as wanted
  EXPECT_EQ(left_over(10, held, 15'000'015), 0);
}

TEST(Outlook, IsFreeUntilAClaimThatBeginsLater) {
  const Amount two = 2;
  const Amount four = 4;
  Outlook outlook(kNow, {&two, 1}, 1, {{{&two, 1}, kNow + seconds(100)}});
  outlook.claim({&four, 1}, kNow + seconds(100), kNow + seconds(100), seconds(10));
  EXPECT_TRUE(outlook.may_take({&two, 1}, kNow + seconds(100)));
  EXPECT_FALSE(outlook.may_take({&two, 1}, kNow + seconds(101)));
}

TEST(Outlook, DoesNotLimitWhatTheClaimNeedsNothingOf) {
  const std::array<Amount, 2> free{1, 4};
  const std::array<Amount, 2> held{1, 1};
  const std::array<Amount, 2> claimed{2, 0};
  const std::array<Amount, 2> other{0, 4};
  Outlook outlook(kNow, free, 2, {{held, std::nullopt}});
  outlook.claim(claimed, kNow + Millis{1}, kForever, std::nullopt);
  EXPECT_TRUE(outlook.may_take(other, kForever));
  EXPECT_FALSE(outlook.may_take(free, kForever));
}

}  // namespace
}  // namespace jobq::resmgr
