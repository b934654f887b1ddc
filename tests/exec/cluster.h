// SPDX-License-Identifier: Apache-2.0
// One node with a controller made for the test: a real agent on a loop, a real keeper in a process
// of its own, and a server that keeps what the node says.
#pragma once

#include <uv.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exec/agent.h"
#include "net/jobq.pb.h"
#include "net/server.h"
#include "tests/exec/world.h"

namespace jobq::exec {

class Cluster {
 public:
  explicit Cluster(bool cgroups = true);
  // Ends every step and waits for the keeper's process.
  ~Cluster();

  std::string state() const { return dir_ / "state"; }
  const OpenDir& dir() const { return dir_; }

  // --- the controller
  void listen();
  void stop_listening();
  void hang_up();  // the connection breaks
  bool welcomes = true;
  bool answers_heartbeats = true;
  Millis lease{0};
  bool connected() const { return node_ != nullptr; }
  int joins() const { return joins_; }
  const wire::NodeJoin& join() const { return join_; }
  int started(std::uint64_t job) const;
  int completes(std::uint64_t job) const;
  const wire::TaskEnd& end_of(std::uint64_t job);  // waits for it
  void launch(const wire::Launch& launch);
  void send_launch(const wire::Launch& launch);                 // without waiting for the agent
  void never_mind(std::uint64_t job) { launched_.erase(job); }  // its end is not waited for
  void order(wire::AttemptOrder::What what, std::uint64_t job, int signal = 0);
  // Asks, without waiting; then what came for the question.
  std::uint64_t ask(const wire::ReadOutput& what);
  const wire::Frame* answer(std::uint64_t question) const;
  const wire::Frame& ask_and_wait(const wire::ReadOutput& what);
  void send(const wire::Frame& frame);

  // --- the node
  std::string executable = "/proc/self/exe";
  Millis grace{300};
  void start_agent();
  Result<void> try_agent();
  void drop_agent();               // as if it were killed
  void halt() { halted_ = true; }  // nothing turns: agent and controller are as if stopped
  void go_on() { halted_ = false; }
  void stop_agent();
  bool agent_joined() const { return agent_ && agent_->joined(); }
  pid_t keeper() const;
  void kill_keeper();
  void keeper_ends();  // waits for it

  bool wait(const std::function<bool()>& holds);
  uv_loop_t* loop() { return &loop_; }

 private:
  void on_frame(const wire::Frame& frame);
  void launch_again();
  void settle_everything();
  AgentOptions options() const;

  OpenDir dir_;
  uv_loop_t loop_{};
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<net::Connection> node_;
  std::unique_ptr<Agent> agent_;
  int joins_ = 0;
  wire::NodeJoin join_;
  std::map<std::uint64_t, int> started_;
  std::map<std::uint64_t, std::vector<wire::TaskEnd>> ends_;
  std::map<std::uint64_t, wire::Frame> answers_;
  std::map<std::uint64_t, wire::Launch> launched_;
  std::uint64_t questions_ = 0;
  bool halted_ = false;
};

wire::Launch launch_of(std::uint64_t job, std::vector<std::string> argv);
wire::Launch launch_shell(std::uint64_t job, const std::string& command);
wire::ReadOutput read_of(std::uint64_t job, std::uint64_t offset = 0, bool follow = false);

}  // namespace jobq::exec
