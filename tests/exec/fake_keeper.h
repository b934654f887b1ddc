// SPDX-License-Identifier: Apache-2.0
// A keeper that says what the test wants, and keeps what the agent says. It needs a loop that
// turns.
#pragma once

#include <uv.h>

#include <memory>
#include <string>
#include <vector>

#include "exec/executable.h"
#include "exec/keeper.pb.h"
#include "exec/state.h"
#include "net/server.h"
#include "tests/exec/world.h"

namespace jobq::exec {

class FakeKeeper {
 public:
  FakeKeeper(uv_loop_t* loop, const std::string& state)
      : server_(loop, net::Server::Options(), [this](std::unique_ptr<net::Connection> connection) {
          agent_ = std::move(connection);
          agent_->start(
              {[this](std::string_view bytes) {
                 pb::ToKeeper message;
                 ASSERT_TRUE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
                 heard.push_back(message);
               },
               [](const std::string&) {}});
        }) {
    EXPECT_TRUE(server_.listen_unix(keeper_socket(state), 0600));
  }

  std::vector<pb::ToKeeper> heard;
  void say(const pb::FromKeeper& message) { agent_->send(message); }
  // It holds nothing, and is of the agent's own program.
  void say_empty_state() {
    pb::FromKeeper message;
    message.mutable_state()->set_incarnation("fake");
    message.mutable_state()->set_executable(identity_of(own_executable()));
    say(message);
  }

 private:
  std::unique_ptr<net::Connection> agent_;
  net::Server server_;
};

}  // namespace jobq::exec
