// SPDX-License-Identifier: Apache-2.0
// The keeper's process: Steps on a libuv loop, behind a socket that only the node's agent uses.
//
// It goes on when its agent goes away, and ends by itself when nothing runs and either the agent
// left on purpose or none has come for a minute, or it was told to end; what is not forgotten
// stands in the log. By SIGHUP or an agent's order it executes a newer program in its own place and
// keeps its children.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "exec/agent.h"
#include "exec/announcements.h"
#include "exec/file_watch.h"
#include "exec/lease.h"
#include "exec/signals.h"
#include "exec/steps.h"
#include "net/connection.h"
#include "net/server.h"
#include "net/timer.h"

struct uv_loop_s;

namespace jobq::exec {

// What the keeper works with, made before the loop turns.
struct KeeperParts {
  Descriptor lock;  // held as long as this process is the keeper
  std::unique_ptr<Containment> containment;
  std::unique_ptr<OutputSlots> slots;
  std::unique_ptr<RecordLog> log;
};
Result<KeeperParts> make_parts(const KeeperOptions& options, Descriptor lock);
Result<KeeperParts> take_over_parts(const KeeperOptions& options, const pb::Handover& handover);

class Keeper {
 public:
  Keeper(uv_loop_s* loop, const KeeperOptions& options, KeeperParts parts);
  ~Keeper() = default;
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Settles what predecessors left, and listens.
  Result<void> begin();
  // The same in the place of the program before us.
  Result<void> take_over(const pb::Handover& handover);
  // It was the keeper, while it has the lock. Another one's place is left alone.
  void remove_pid_file() const;

 private:
  std::unique_ptr<net::Server> make_server();
  void on_connection(std::unique_ptr<net::Connection> connection);
  void on_message(net::Connection* from, std::string_view bytes);
  void on_agents_message(const pb::ToKeeper& message);
  void on_closed(net::Connection* which, const std::string& reason);
  void attach(net::Connection* agent, const pb::Attach& as);
  void answer(const pb::Report& report);
  void agent_gone();
  Result<void> upgrade(const std::string& executable);
  void on_upgrade(net::Connection* from, const pb::Upgrade& order);
  void on_signal(int number);
  bool has_state() const;
  void watch_state();
  void look_after_state_in(Millis pause);
  void look_after_state();
  Result<void> make_state_again();
  void give_up_node();
  void children_ended();
  void say(const pb::Attempt& attempt);
  void after_event();
  void end_if_done();
  void write_what_waits();

  uv_loop_s* loop_;
  KeeperOptions options_;
  KeeperParts parts_;
  Announcements announcements_;
  Steps steps_;
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<net::Connection> agent_;
  std::vector<std::unique_ptr<net::Connection>> visitors_;  // have not said what they want
  Signals signals_;
  Lease lease_;
  std::unique_ptr<FileWatch> state_watch_;
  std::unique_ptr<net::Timer> state_look_;
  std::unique_ptr<net::Timer> tick_;
  std::unique_ptr<net::Timer> alone_;
  std::unique_ptr<net::Timer> last_write_;  // where no step starts or ends before
  std::int64_t tick_at_ns_ = 0;
  bool may_end_ = false;        // no agent is expected
  bool told_to_end_ = false;    // whether or not one is there
  bool state_is_lost_ = false;  // and cannot be made anew yet
  bool ended_ = false;
};

}  // namespace jobq::exec
