// SPDX-License-Identifier: Apache-2.0
// The order in which a process does what it planned, also when it stands still.
#include "sim/timeline.h"

#include <gmock/gmock.h>

#include <string>

namespace jobq::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Standing : public ::testing::Test {
 protected:
  void plan(Millis delay, const std::string& what) {
    process_.after(delay, [this, what] { done_.push_back(what); });
  }
  void run_until(Millis time) {
    bool over = false;
    timeline_.after_us(time.count * 1000 - timeline_.now_us(), [&over] { over = true; });
    while (!over) timeline_.step();
  }

  Timeline timeline_;
  Process process_{timeline_};
  std::vector<std::string> done_;
};

TEST_F(Standing, WhatWasDueHappensAtTheEndOfThePauseInItsOrder) {
  plan(Millis{1}, "a");
  plan(Millis{3}, "b");
  process_.pause(Millis{5});
  run_until(Millis{4});
  EXPECT_THAT(done_, IsEmpty());
  plan(Millis{1}, "c");
  run_until(Millis{6});
  EXPECT_THAT(done_, ElementsAre("a", "b", "c"));
}

// What came during the first pause waits for the end of the second one, before what came in that.
TEST_F(Standing, APauseThatBecomesLongerChangesNoOrder) {
  plan(Millis{1}, "a");
  process_.pause(Millis{5});
  run_until(Millis{3});
  process_.pause(Millis{10});
  plan(Millis{1}, "b");
  run_until(Millis{12});
  EXPECT_THAT(done_, IsEmpty());
  run_until(Millis{14});
  EXPECT_THAT(done_, ElementsAre("a", "b"));
}

TEST_F(Standing, OneThatDoesAPauseItselfKeepsTheOthersWaiting) {
  process_.after(Millis{1}, [this] {
    done_.emplace_back("a");
    process_.pause(Millis{5});
  });
  plan(Millis{2}, "b");
  process_.pause(Millis{3});
  run_until(Millis{7});
  EXPECT_THAT(done_, ElementsAre("a"));
  run_until(Millis{9});
  EXPECT_THAT(done_, ElementsAre("a", "b"));
}

TEST_F(Standing, WhatADeadProcessPlannedNeverHappens) {
  plan(Millis{1}, "a");
  plan(Millis{9}, "b");
  process_.pause(Millis{5});
  run_until(Millis{2});
  process_.kill();
  run_until(Millis{20});
  EXPECT_THAT(done_, IsEmpty());
}

}  // namespace
}  // namespace jobq::sim
