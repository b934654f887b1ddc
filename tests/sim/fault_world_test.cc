// SPDX-License-Identifier: Apache-2.0
// A world follows from its seed alone: else a failing seed could not be run again.
#include "sim/fault_world.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"

namespace jobq::sim {
namespace {

std::vector<std::string> history_of(std::uint64_t seed) {
  std::vector<std::string> lines;
  run_world(seed, [&](const std::string& line) { lines.push_back(line); });
  return lines;
}

class FaultWorld : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override { log::set_level(log::Level{0}); }
  void TearDown() override { log::set_level(log::Level::kInfo); }
};

TEST_P(FaultWorld, TheSameSeedGivesTheSameHistory) {
  const std::vector<std::string> once = history_of(GetParam());
  EXPECT_GT(once.size(), 10U);
  EXPECT_EQ(once, history_of(GetParam()));
}

TEST_P(FaultWorld, WhetherAnybodyLooksChangesNothing) {
  const WorldReport watched = run_world(GetParam(), [](const std::string&) {});
  const WorldReport alone = run_world(GetParam());
  EXPECT_EQ(watched.fingerprint, alone.fingerprint);
  EXPECT_EQ(watched.counts, alone.counts);
}

TEST(FaultWorlds, OtherSeedsGiveOtherHistories) {
  EXPECT_NE(run_world(1).fingerprint, run_world(2).fingerprint);
}

// What a world does not have proves nothing: here is what must not be lost when worlds change.
TEST(FaultWorlds, TwentyHaveWhatIsRareInOne) {
  log::set_level(log::Level{0});
  std::map<std::string, std::uint64_t> sums;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const auto& [what, count] : run_world(seed).counts) sums[what] += count;
  }
  log::set_level(log::Level::kInfo);
  for (const char* what : {"attempts elsewhere", "attempts elsewhere with exclusives",
                           "events received", "jobs after others", "jobs fired", "jobs spawned",
                           "look-ups", "nodes drained", "nodes forgotten", "nodes given up",
                           "nodes resumed", "services offered", "services withdrawn"}) {
    EXPECT_GT(sums[what], 0U) << what;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FaultWorld, ::testing::Range<std::uint64_t>(1, 6));

}  // namespace
}  // namespace jobq::sim
