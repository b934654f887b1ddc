// SPDX-License-Identifier: Apache-2.0
// The book of waiting requests.
#include "controller/waiters.h"

#include <gtest/gtest.h>

namespace jobq::controller {
namespace {

constexpr JobNumber kOne{1};
constexpr JobNumber kTwo{2};

TEST(Waiters, ARequestIsCompleteWhenAllItsJobsEnded) {
  Waiters waiters;
  const Waiters::Key key{7, 1};
  waiters.add(key, {kOne, kTwo}, false);
  EXPECT_FALSE(waiters.ended(key, kOne));
  EXPECT_FALSE(waiters.ended(key, kOne)) << "an end that is told twice counts once";
  EXPECT_TRUE(waiters.ended(key, kTwo));
  EXPECT_FALSE(waiters.is_open(key, kTwo));
  EXPECT_TRUE(waiters.waiting_for(kTwo).empty());
}

TEST(Waiters, WhereAnyIsEnoughTheFirstEndCompletes) {
  Waiters waiters;
  const Waiters::Key key{7, 1};
  waiters.add(key, {kOne, kTwo}, true);
  EXPECT_TRUE(waiters.ended(key, kTwo));
  EXPECT_TRUE(waiters.waiting_for(kOne).empty());
}

TEST(Waiters, APeerThatGoesAwayIsForgottenWithAllItsRequests) {
  Waiters waiters;
  waiters.add({7, 1}, {kOne}, false);
  waiters.add({7, 2}, {kOne, kTwo}, false);
  waiters.add({8, 1}, {kOne}, false);
  waiters.forget_peer(7);
  EXPECT_EQ(waiters.waiting_for(kOne), (std::vector<Waiters::Key>{{8, 1}}));
  EXPECT_TRUE(waiters.waiting_for(kTwo).empty());
}

}  // namespace
}  // namespace jobq::controller
