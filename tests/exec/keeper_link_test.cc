// SPDX-License-Identifier: Apache-2.0
// The agent's end of the keeper's socket, and a keeper that says what the test wants.
#include "exec/keeper_link.h"

#include <uv.h>

#include "exec/executable.h"
#include "exec/state.h"
#include "net/server.h"
#include "tests/exec/world.h"

namespace jobq::exec {
namespace {

class Link : public testing::Test {
 protected:
  Link() {
    uv_loop_init(&loop_);
    server_ = std::make_unique<net::Server>(
        &loop_, net::Server::Options(), [this](std::unique_ptr<net::Connection> connection) {
          agent_ = std::move(connection);
          agent_->start(
              {[this](std::string_view bytes) {
                 pb::ToKeeper message;
                 ASSERT_TRUE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
                 heard_.push_back(message);
               },
               [](const std::string&) {}});
        });
    EXPECT_TRUE(server_->listen_unix(keeper_socket(dir_.path()), 0600));
    KeeperLinkOptions options;
    options.state = dir_.path();
    options.executable = own_executable();
    options.starts_keeper = false;
    link_ = std::make_unique<KeeperLink>(
        &loop_, options,
        KeeperLink::Handlers{[this](const pb::State& state) { states_.push_back(state); },
                             [](const pb::Attempt&) {}, [](const pb::ReportAnswer&) {}, [] {}});
  }
  ~Link() override {
    link_.reset();
    agent_.reset();
    server_.reset();
    EXPECT_TRUE(wait_until([this] { return uv_run(&loop_, UV_RUN_NOWAIT) == 0; }));
    EXPECT_EQ(uv_loop_close(&loop_), 0);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // What the agent says next.
  pb::ToKeeper hear() {
    EXPECT_TRUE(wait([this] { return !heard_.empty(); }));
    if (heard_.empty()) return {};
    pb::ToKeeper first = heard_.front();
    heard_.erase(heard_.begin());
    return first;
  }
  bool wait(const std::function<bool()>& holds) {
    return wait_until(holds, [this] { uv_run(&loop_, UV_RUN_NOWAIT); });
  }
  // As a keeper of another program has it: attempt 1 runs, or has ended.
  void say_state(bool ended) {
    pb::FromKeeper message;
    message.mutable_state()->set_executable("another program");
    pb::Attempt& attempt = *message.mutable_state()->add_attempts();
    *attempt.mutable_id() = id_of_job(1);
    if (ended) attempt.mutable_end()->set_exit_code(3);
    agent_->send(message);
  }
  void say_end() {
    pb::FromKeeper message;
    *message.mutable_attempt()->mutable_id() = id_of_job(1);
    message.mutable_attempt()->mutable_end()->set_exit_code(3);
    agent_->send(message);
  }
  void refuse_upgrade() {
    pb::FromKeeper message;
    message.mutable_upgrade_answer()->set_error("it goes on as it is");
    agent_->send(message);
  }

  OpenDir dir_;
  uv_loop_t loop_{};
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<net::Connection> agent_;
  std::unique_ptr<KeeperLink> link_;
  std::vector<pb::ToKeeper> heard_;
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
  EXPECT_TRUE(heard_.empty()) << "it is told once to become another";
}

}  // namespace
}  // namespace jobq::exec
