// SPDX-License-Identifier: Apache-2.0
// Use, decay and factors, against the same in floating point.
#include "sched/fair_share.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sched/rank.h"

namespace jobq::sched {
namespace {

constexpr Millis kDay = seconds(86400);

Policy weekly(int points) {
  Policy policy;
  policy.priority.fair_share = points;
  policy.priority.half_life = seconds(7 * 86400);
  return policy;
}

double points_of(const FairShare& shares, const std::string& user) {
  return static_cast<double>(shares.offset(shares.find(user))) / kPoint;
}

TEST(ExpTwo, IsRightToAMillionth) {
  for (std::uint64_t x = 0; x < 40000; x += 7) {
    const double exact = std::exp2(-static_cast<double>(x) / 2048);
    EXPECT_NEAR(static_cast<double>(exp2_of_minus(x)) / 4294967296.0, exact, 1e-6) << x;
  }
  EXPECT_EQ(exp2_of_minus(0), std::uint64_t{1} << 32U);
  EXPECT_EQ(exp2_of_minus(1U << 30U), 0U);
}

TEST(FairShare, IsOffWithoutPoints) {
  FairShare shares{Policy{}};
  EXPECT_FALSE(shares.is_on());
  EXPECT_EQ(shares.line("ann"), FairShare::LineId{});
  shares.hold(shares.line("ann"), 4, Time{1});
  EXPECT_FALSE(shares.is_due(Time{1'000'000'000}));
  EXPECT_EQ(shares.due(Time{1}), std::nullopt);
  EXPECT_EQ(shares.term("ann"), std::nullopt);
}

TEST(FairShare, WhoHasUsedNothingHasAllPoints) {
  FairShare shares(weekly(100));
  shares.line("ann");
  EXPECT_TRUE(shares.is_due(Time{1}));
  shares.update(Time{1});
  EXPECT_FALSE(shares.is_due(Time{2}));
  EXPECT_DOUBLE_EQ(points_of(shares, "ann"), 100);
}

// One account, two users: his own use and half of what the other used, for a share of a half.
TEST(FairShare, FollowsTheClassicFormula) {
  FairShare shares(weekly(100));
  const auto ann = shares.line("ann");
  const auto bob = shares.line("bob");
  const Time start{kDay.count};
  shares.hold(ann, 3, start);
  shares.hold(bob, 1, start);
  shares.update(start + seconds(60));
  EXPECT_NEAR(points_of(shares, "ann"), 100 * std::exp2(-(0.75 + 0.125) / 0.5), 0.05);
  EXPECT_NEAR(points_of(shares, "bob"), 100 * std::exp2(-(0.25 + 0.375) / 0.5), 0.05);
}

TEST(FairShare, AccountsHaveSharesOfTheWhole) {
  Policy policy = weekly(100);
  policy.accounts = {{"lab", 3, {"ann", "cid"}}, {"shop", 1, {"bob"}}};
  FairShare shares(policy);
  const Time start{kDay.count};
  shares.hold(shares.line("ann"), 1, start);
  shares.hold(shares.line("bob"), 1, start);
  shares.update(start + seconds(600));
  // lab has used a half of 3/4, and ann, with cid, all of it; bob a half of 1/4.
  EXPECT_NEAR(points_of(shares, "ann"), 100 * std::exp2(-0.5 / 0.375), 0.05);
  EXPECT_NEAR(points_of(shares, "cid"), 100 * std::exp2(-0.25 / 0.375), 0.05);
  EXPECT_NEAR(points_of(shares, "bob"), 100 * std::exp2(-0.5 / 0.25), 0.05);
}

TEST(FairShare, UseCountsHalfAfterAHalfLife) {
  FairShare shares(weekly(100));
  const auto ann = shares.line("ann");
  const Time start{10 * kDay.count};
  shares.hold(ann, 10, start);
  const Time end = start + seconds(3600);
  shares.hold(ann, -10, end);
  EXPECT_EQ(shares.row("ann").used, 10U * 3600 * 1000);
  shares.update(end + seconds(7 * 86400));
  EXPECT_NEAR(static_cast<double>(shares.row("ann").used), 5.0 * 3600 * 1000, 40000);
}

TEST(FairShare, IsDueOnceAPeriodWhileSomebodyHoldsProcessors) {
  FairShare shares(weekly(100));
  const auto ann = shares.line("ann");
  const Time start{10 * kDay.count};
  shares.update(start);
  EXPECT_EQ(shares.due(start), std::nullopt);
  shares.hold(ann, 1, start);
  ASSERT_TRUE(shares.due(start));
  EXPECT_GT(*shares.due(start), start);
  EXPECT_LE(*shares.due(start), start + Millis{seconds(7 * 86400).count / 2048});
  EXPECT_FALSE(shares.is_due(*shares.due(start) - Millis{1}));
  EXPECT_TRUE(shares.is_due(*shares.due(start)));
  shares.hold(ann, -1, start + seconds(1));
  EXPECT_EQ(shares.due(start + seconds(1)), std::nullopt);
}

TEST(FairShare, ARowBringsItBack) {
  FairShare before(weekly(100));
  const Time start{10 * kDay.count};
  before.hold(before.line("ann"), 2, start);
  before.hold(before.line("bob"), 1, start);
  const Time end = start + seconds(1000);
  before.hold(before.line("ann"), -2, end);
  before.hold(before.line("bob"), -1, end);
  EXPECT_EQ(before.take_changed(), (std::vector<std::string>{"ann", "bob"}));
  FairShare after(weekly(100));
  after.restore(before.row("ann"));
  after.restore(before.row("bob"));
  before.update(end + kDay);
  after.update(end + kDay);
  EXPECT_EQ(points_of(before, "ann"), points_of(after, "ann"));
  EXPECT_EQ(points_of(before, "bob"), points_of(after, "bob"));
  EXPECT_LT(points_of(after, "ann"), points_of(after, "bob"));
}

// Else a controller that dies before the next period would not know of it.
TEST(FairShare, WhatEndsIsWrittenAlsoWhileTheUserHoldsMore) {
  FairShare shares(weekly(100));
  const Time start{10 * kDay.count};
  shares.hold(shares.line("ann"), 1000, start);
  shares.hold(shares.line("ann"), 1, start);
  EXPECT_TRUE(shares.take_changed().empty());
  shares.hold(shares.line("ann"), -1000, start + seconds(60));
  EXPECT_EQ(shares.take_changed(), std::vector<std::string>{"ann"});
  EXPECT_EQ(shares.row("ann").used, 1001U * 60'000);
}

TEST(FairShare, WhatRanWhileTheControllerWasAwayCounts) {
  const Time start{10 * kDay.count};
  FairShare shares(weekly(100));
  shares.restore({"ann", 1000, start});
  shares.hold_again(shares.line("ann"), 2, start - seconds(100), start + seconds(60));
  shares.hold_again(shares.line("ann"), 1, start + seconds(50), start + seconds(60));
  EXPECT_EQ(shares.row("ann").used, 1000U + 2 * 60'000 + 1 * 10'000);
}

TEST(FairShare, AClockThatIsSetBackStopsNothing) {
  const Time start{400 * kDay.count};
  FairShare shares(weekly(100));
  shares.hold(shares.line("ann"), 1, start);
  shares.update(start);
  const Time back{10 * kDay.count};
  EXPECT_TRUE(shares.is_due(back));
  EXPECT_LE(*shares.due(back), back + kDay);
}

TEST(FairShare, ANewcomerIsForeseenWithoutBeingTakenIn) {
  const Time start{10 * kDay.count};
  FairShare shares(weekly(100));
  EXPECT_EQ(shares.offset_of_newcomer("bob"), 100 * kPoint);
  shares.hold(shares.line("ann"), 1, start);
  shares.update(start + seconds(600));
  const double before = points_of(shares, "ann");
  const std::int64_t foreseen = shares.offset_of_newcomer("bob");
  EXPECT_EQ(shares.find("bob"), FairShare::LineId{});
  shares.update(start + seconds(600));
  EXPECT_EQ(points_of(shares, "ann"), before);
  shares.line("bob");
  shares.update(start + seconds(600));
  EXPECT_EQ(shares.offset(shares.find("bob")), foreseen);
}

// Ten thousand processors for ten years overflow nothing.
TEST(FairShare, LargeNumbersStayInOrder) {
  Policy policy = weekly(1'000'000);
  policy.priority.half_life = seconds(1000 * 86400);
  for (int i = 0; i < 300; ++i) {
    policy.accounts.push_back({std::to_string(i), 1'000'000, {"u" + std::to_string(i)}});
  }
  FairShare shares(policy);
  const Time start{kDay.count};
  shares.hold(shares.line("u1"), 1'000'000, start);
  shares.hold(shares.line("u2"), 500'000, start);
  shares.update(start + seconds(3650 * 86400));
  EXPECT_DOUBLE_EQ(points_of(shares, "u0"), 1'000'000);
  EXPECT_LT(points_of(shares, "u1"), 1);
  EXPECT_LE(points_of(shares, "u1"), points_of(shares, "u2"));
}

}  // namespace
}  // namespace jobq::sched
