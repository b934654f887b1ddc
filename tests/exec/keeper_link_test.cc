// SPDX-License-Identifier: Apache-2.0
// The agent's end of the keeper's socket.
#include "exec/keeper_link.h"

#include "tests/exec/fake_keeper.h"

namespace jobq::exec {
namespace {

class Link : public OnLoop {
 public:
  Link() {
    keeper_ = std::make_unique<FakeKeeper>(&loop_, dir_.path());
    KeeperLinkOptions options;
    options.state = dir_.path();
    options.executable = own_executable();
    options.starts_keeper = false;
    link_ = std::make_unique<KeeperLink>(
        &loop_, options,
        KeeperLink::Handlers{[this](const pb::State& state) { states_.push_back(state); },
                             [](const pb::Attempt&) {}, [](const pb::ReportAnswer&) {}, [] {}});
  }

 protected:
  // What the agent says next.
  pb::ToKeeper hear() {
    EXPECT_TRUE(wait([this] { return !keeper_->heard.empty(); }));
    if (keeper_->heard.empty()) return {};
    pb::ToKeeper first = keeper_->heard.front();
    keeper_->heard.erase(keeper_->heard.begin());
    return first;
  }
  // As a keeper of another program has it: attempt 1 runs, or has ended.
  void say_state(bool ended) {
    pb::FromKeeper message;
    message.mutable_state()->set_executable("another program");
    pb::Attempt& attempt = *message.mutable_state()->add_attempts();
    *attempt.mutable_id() = id_of_job(1);
    if (ended) attempt.mutable_end()->set_exit_code(3);
    keeper_->say(message);
  }
  void say_end() {
    pb::FromKeeper message;
    *message.mutable_attempt()->mutable_id() = id_of_job(1);
    message.mutable_attempt()->mutable_end()->set_exit_code(3);
    keeper_->say(message);
  }
  void refuse_upgrade() {
    pb::FromKeeper message;
    message.mutable_upgrade_answer()->set_error("it goes on as it is");
    keeper_->say(message);
  }

  OpenDir dir_;
  std::unique_ptr<FakeKeeper> keeper_;
  std::unique_ptr<KeeperLink> link_;
  std::vector<pb::State> states_;
};

TEST_F(Link, WhatEndsWhileAnUpgradeIsRefusedHasEnded) {
  ASSERT_TRUE(hear().has_attach());
  say_state(false);
  ASSERT_TRUE(hear().has_upgrade());
  say_end();  // crossed the order to upgrade
  refuse_upgrade();
  ASSERT_TRUE(hear().has_attach()) << "the state that was told first is old";
  EXPECT_TRUE(states_.empty());
  say_state(true);
  ASSERT_TRUE(wait([this] { return !states_.empty(); }));
  EXPECT_EQ(states_.front().attempts(0).end().exit_code(), 3);
  EXPECT_TRUE(keeper_->heard.empty()) << "it is told once to become another";
}

}  // namespace
}  // namespace jobq::exec
