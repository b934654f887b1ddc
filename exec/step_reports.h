// SPDX-License-Identifier: Apache-2.0
// The socket on which steps report: each report goes to the keeper, which knows whose token it is,
// and its answer goes back. What local commands say of services is answered here. Who wants to
// speak to the controller becomes a tunnel, once the keeper knows the token.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "exec/keeper.pb.h"
#include "exec/service_desk.h"
#include "exec/tunnels.h"
#include "net/connection.h"
#include "net/server.h"

struct uv_loop_s;

namespace jobq::exec {

class StepReports {
 public:
  using ToKeeper = std::function<bool(const pb::ToKeeper&)>;  // false: there is none now

  StepReports(uv_loop_s* loop, ServiceDesk& services, Tunnels& tunnels, ToKeeper to_keeper);
  Result<void> listen(const std::string& socket);

  void answer(const pb::ReportAnswer& answer);
  // The keeper is gone and answers nothing any more: who waits is cut off, and tries again.
  void drop_all();

 private:
  void on_connection(std::unique_ptr<net::Connection> connection);
  void on_message(std::uint64_t question, std::string_view bytes);
  void on_closed(std::uint64_t question);
  void answer_tunnel(std::uint64_t question, const pb::ReportAnswer& answer);
  void refuse(std::uint64_t question, const Error& error);
  void reply(std::uint64_t question, const pb::StepAnswer& answer);

  ServiceDesk& services_;
  Tunnels& tunnels_;
  ToKeeper to_keeper_;
  std::map<std::uint64_t, std::unique_ptr<net::Connection>> asking_;  // one question at a time
  std::set<std::uint64_t> is_new_;       // of these: they have said nothing
  std::set<std::uint64_t> ask_tunnels_;  // likewise: they wait for the keeper
  std::uint64_t last_question_ = 0;
  net::Server server_;
};

}  // namespace jobq::exec
