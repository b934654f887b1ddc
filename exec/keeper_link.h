// SPDX-License-Identifier: Apache-2.0
// The agent's end of the socket to its keeper. It starts a keeper where none answers (or waits for
// one that is a service of its own), and tries until there is one. A keeper that was started from
// another file is told to execute this program's in its place.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "exec/keeper.pb.h"
#include "net/client.h"
#include "net/connection.h"
#include "net/timer.h"

struct uv_loop_s;

namespace jobq::exec {

struct KeeperLinkOptions {
  std::string state;
  std::string executable;
  Millis grace;
  bool starts_keeper = true;
};

class KeeperLink {
 public:
  struct Handlers {
    std::function<void(const pb::State&)> on_state;  // the keeper is there; the first message
    std::function<void(const pb::Attempt&)> on_attempt;
    std::function<void(const pb::ReportAnswer&)> on_report_answer;
    std::function<void()> on_lost;  // another one is being looked for
  };

  KeeperLink(uv_loop_s* loop, KeeperLinkOptions options, Handlers handlers);
  ~KeeperLink();
  KeeperLink(const KeeperLink&) = delete;
  KeeperLink& operator=(const KeeperLink&) = delete;

  // To a keeper that is there; else false, and nothing happens: the controller will say it again to
  // the next one.
  bool send(const pb::ToKeeper& message);
  // Says that the agent goes on purpose, and goes.
  void leave();

 private:
  void connect();
  void connected(std::unique_ptr<net::Connection> connection);
  void attach();
  void on_message(std::string_view bytes);
  void on_state(const pb::State& state);
  void on_upgrade_answer(const pb::UpgradeAnswer& answer);
  void lost(const std::string& reason);
  void missing();
  bool keeper_is_starting();
  void start_keeper();

  uv_loop_s* loop_;
  KeeperLinkOptions options_;
  Handlers handlers_;
  std::unique_ptr<net::Connecting> connecting_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<net::Timer> retry_;
  pid_t started_ = 0;  // the keeper that we started and whose end we have not seen
  Millis pause_{0};
  bool waiting_ = false;     // and said so
  std::string upgraded_to_;  // which program the keeper was told to become
  bool upgrading_ = false;   // it has not answered to that
};

}  // namespace jobq::exec
