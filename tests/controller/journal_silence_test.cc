// SPDX-License-Identifier: Apache-2.0
// A disk that stands still is seen by the loop, which does not.
#include <gtest/gtest.h>
#include <uv.h>

#include <chrono>
#include <thread>

#include "controller/journal_codec.h"
#include "controller/translate.h"
#include "controller/turns.h"
#include "tests/controller/held_disk.h"
#include "tests/temp_dir.h"

namespace jobq::controller {
namespace {

class JournalSilence : public ::testing::Test {
 public:
  JournalSilence() {
    uv_loop_init(&loop_);
    turns_ = std::make_unique<Turns>(
        &loop_, sched::Policy{},
        Turns::Handlers{[](const sched::Action&) {}, [](const Error&) {}, [] {}});
    const auto opened =
        turns_->open({.directory = directory_.path(), .codec = journal_codec()}, Bytes{});
    EXPECT_TRUE(opened);
    turn_until_answered();
  }
  ~JournalSilence() override {
    turns_.reset();
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }

 protected:
  void change_something() {
    turns_->post(sched::NodeJoined{"n1", "first life", {}, {}, 1});
    uv_run(&loop_, UV_RUN_NOWAIT);
    uv_run(&loop_, UV_RUN_NOWAIT);
  }
  void turn_until_answered() {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    do {
      uv_run(&loop_, UV_RUN_NOWAIT);
    } while (turns_->journal_silence().count > 0 && std::chrono::steady_clock::now() < limit);
  }

  HeldDisk disk_;
  TempDir directory_;
  uv_loop_t loop_{};
  std::unique_ptr<Turns> turns_;
};

TEST_F(JournalSilence, GrowsWhileTheDiskStandsStillAndEndsWithItsAnswer) {
  EXPECT_EQ(turns_->journal_silence(), Millis{0});
  disk_.hold();
  change_something();
  ASSERT_TRUE(disk_.wait_for_one(std::chrono::seconds(20)));
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_GE(turns_->journal_silence(), Millis{50});
  disk_.let_go();
  turn_until_answered();
  EXPECT_EQ(turns_->journal_silence(), Millis{0});
}

TEST_F(JournalSilence, NothingThatIsOwedIsNoSilence) {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(turns_->journal_silence(), Millis{0});
}

}  // namespace
}  // namespace jobq::controller
