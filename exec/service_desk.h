// SPDX-License-Identifier: Apache-2.0
// What the agent does with the directory: it answers local commands, tells the controller what is
// offered here, and lets entries go when their time is over.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exec/directory.h"
#include "exec/report.pb.h"
#include "exec/users.h"
#include "net/connection.h"
#include "net/timer.h"

struct uv_loop_s;

namespace jobq::exec {

class ServiceDesk {
 public:
  using Send = std::function<void(const wire::Frame&)>;  // to the controller, while that is there

  ServiceDesk(uv_loop_s* loop, std::string node, const std::vector<ConfiguredService>& configured,
              Users& users, Send send);

  // A local command: an offer or a question.
  pb::StepAnswer answer(const pb::StepReport& asked,
                        const std::optional<net::PeerCredentials>& who);

  void joined();  // the controller has welcomed this node
  void away();    // it is gone
  void heard(const wire::NodeServices& neighbour);
  void stop();  // the loop holds nothing of it any more

 private:
  Result<void> take(const pb::ServiceOffer& offer, const net::PeerCredentials& who);
  void tell();
  void look();
  void watch();

  uv_loop_s* loop_;
  Directory directory_;
  Users& users_;
  Send send_;
  bool joined_ = false;
  std::optional<std::int64_t> refresh_ns_;  // what the configuration offers is told so often
  std::int64_t told_ns_ = 0;
  std::unique_ptr<net::Timer> next_look_;
};

}  // namespace jobq::exec
