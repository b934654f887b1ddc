// SPDX-License-Identifier: Apache-2.0
// What is said of attempts that run for long, that end at once, and of many at a time.
#include "exec/announcements.h"

#include <string>
#include <vector>

#include "tests/exec/world.h"

namespace jobq::exec {
namespace {

class AnnouncementsTest : public OnLoop {
 protected:
  void start(std::uint64_t job) { announcements_->tell(attempt(job)); }
  void end(std::uint64_t job) {
    pb::Attempt ended = attempt(job);
    ended.mutable_end()->set_how(pb::End::EXITED);
    announcements_->tell(ended);
  }
  // Until nothing is left to be said.
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }

  std::vector<std::string> said_;
  std::unique_ptr<Announcements> announcements_ =
      std::make_unique<Announcements>(&loop_, [this](const pb::Attempt& attempt) {
        said_.push_back((attempt.has_end() ? "ended " : "runs ") +
                        std::to_string(attempt.id().job()));
      });

 private:
  static pb::Attempt attempt(std::uint64_t job) {
    pb::Attempt attempt;
    attempt.mutable_id()->set_job(job);
    attempt.mutable_id()->set_attempt(1);
    return attempt;
  }
};

TEST_F(AnnouncementsTest, WhatRunsForAMomentIsSaidToRun) {
  const std::int64_t begin_ns = steady_now_ns();
  start(1);
  start(2);
  EXPECT_TRUE(said_.empty());
  run();
  EXPECT_EQ(said_, (std::vector<std::string>{"runs 1", "runs 2"}));
  EXPECT_GE(steady_now_ns() - begin_ns, kWorthSaying.count * kNsPerMs);
}

TEST_F(AnnouncementsTest, OfAShortOneOnlyTheEndIsSaidAndAtOnce) {
  start(1);
  start(2);
  end(1);
  EXPECT_EQ(said_, (std::vector<std::string>{"ended 1"}));
  run();
  EXPECT_EQ(said_, (std::vector<std::string>{"ended 1", "runs 2"}));
}

TEST_F(AnnouncementsTest, WhatStartsWhileAnotherWaitsHasItsOwnMoment) {
  start(1);
  while (said_.empty()) uv_run(&loop_, UV_RUN_ONCE);
  start(2);
  end(1);
  run();
  EXPECT_EQ(said_, (std::vector<std::string>{"runs 1", "ended 1", "runs 2"}));
}

TEST_F(AnnouncementsTest, ClearedNothingIsSaid) {
  start(1);
  announcements_->clear();
  run();
  EXPECT_TRUE(said_.empty());
}

}  // namespace
}  // namespace jobq::exec
