// SPDX-License-Identifier: Apache-2.0
// When a node that stays away is given up.
#include "controller/away_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jobq::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr NodeId kN1{1};
constexpr NodeId kN2{2};
constexpr std::int64_t kSecondNs = 1'000'000'000;

Millis one_second(Millis) { return seconds(1); }

TEST(AwayNodes, ANodeIsGivenUpAfterItsOwnLeaseAndTheMargin) {
  AwayNodes nodes(seconds(10), one_second);
  const std::vector<sched::AwayNode> away{{kN1, seconds(60)}, {kN2, Millis{0}}};
  EXPECT_THAT(nodes.overdue(away, 5 * kSecondNs), IsEmpty());
  EXPECT_THAT(nodes.overdue(away, 16 * kSecondNs - 1), IsEmpty());
  EXPECT_THAT(nodes.overdue(away, 16 * kSecondNs), ElementsAre(kN2));
  EXPECT_THAT(nodes.overdue({away[0]}, 66 * kSecondNs - 1), IsEmpty());
  EXPECT_THAT(nodes.overdue({away[0]}, 66 * kSecondNs), ElementsAre(kN1));
}

TEST(AwayNodes, ANodeThatWasThereBetweenTwoBeatsIsCountedAnew) {
  AwayNodes nodes(seconds(10), one_second);
  const std::vector<sched::AwayNode> away{{kN1, seconds(10)}};
  nodes.overdue(away, 0);
  nodes.welcomed(kN1);
  EXPECT_THAT(nodes.overdue(away, 10 * kSecondNs), IsEmpty());
  EXPECT_THAT(nodes.overdue(away, 20 * kSecondNs), IsEmpty());
  EXPECT_THAT(nodes.overdue(away, 21 * kSecondNs), ElementsAre(kN1));
}

TEST(AwayNodes, ANodeThatWasThereAtABeatIsCountedAnew) {
  AwayNodes nodes(seconds(10), one_second);
  const std::vector<sched::AwayNode> away{{kN1, seconds(10)}};
  nodes.overdue(away, 0);
  nodes.overdue({}, kSecondNs);
  EXPECT_THAT(nodes.overdue(away, 12 * kSecondNs), IsEmpty());
}

TEST(AwayNodes, TheMarginIsAQuarterOfTheLeaseAndTwoSecondsAtLeast) {
  EXPECT_EQ(margin_of(seconds(60)), seconds(15));
  EXPECT_EQ(margin_of(seconds(1)), seconds(2));
}

}  // namespace
}  // namespace jobq::controller
