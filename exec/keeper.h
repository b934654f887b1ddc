// SPDX-License-Identifier: Apache-2.0
// The keeper's process: Steps on a libuv loop, behind a socket that only the node's agent uses.
//
// It goes on when its agent goes away, and ends by itself when nothing runs and either the agent
// left on purpose or none has come for a minute; what is not forgotten stands in the log.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "exec/agent.h"
#include "exec/steps.h"
#include "net/connection.h"
#include "net/server.h"
#include "net/timer.h"

struct uv_loop_s;
struct uv_signal_s;

namespace jobq::exec {

// What the keeper works with, made before the loop turns.
struct KeeperParts {
  std::unique_ptr<Containment> containment;
  std::unique_ptr<OutputSlots> slots;
  std::unique_ptr<RecordLog> log;
};
Result<KeeperParts> make_parts(const KeeperOptions& options);

class Keeper {
 public:
  Keeper(uv_loop_s* loop, const KeeperOptions& options, KeeperParts parts);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Settles what predecessors left, and listens.
  Result<void> begin();

 private:
  void on_connection(std::unique_ptr<net::Connection> connection);
  void on_message(std::string_view bytes);
  void attach();
  void answer(const pb::Report& report);
  void agent_gone();
  void tell(const pb::Attempt& attempt);
  void after_event();
  void end_if_done();

  uv_loop_s* loop_;
  std::string state_;
  KeeperParts parts_;
  Steps steps_;
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<net::Connection> agent_;
  uv_signal_s* child_signal_;  // libuv's until it has closed it
  std::unique_ptr<net::Timer> tick_;
  std::unique_ptr<net::Timer> alone_;
  std::int64_t tick_at_ns_ = 0;
  bool attached_ = false;
  bool may_end_ = false;  // no agent is expected
  bool ended_ = false;
};

}  // namespace jobq::exec
