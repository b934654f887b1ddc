// SPDX-License-Identifier: Apache-2.0
// The one-node cluster.
#include "tests/exec/cluster.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "exec/state.h"

namespace jobq::exec {

Cluster::Cluster(bool cgroups) {
  if (cgroups) {
    unsetenv("JOBQ_TEST_WITHOUT_CGROUPS");
  } else {
    setenv("JOBQ_TEST_WITHOUT_CGROUPS", "1", 1);
  }
  uv_loop_init(&loop_);
  listen();
  start_agent();
}

Cluster::~Cluster() {
  settle_everything();
  if (agent_) stop_agent();
  keeper_ends();
  server_.reset();
  node_.reset();
  wait_until([this] { return uv_run(&loop_, UV_RUN_NOWAIT) == 0; });
  EXPECT_EQ(uv_loop_close(&loop_), 0);
}

void Cluster::settle_everything() {
  if (!welcomes) hang_up();
  answers_heartbeats = welcomes = true;
  go_on();
  if (!server_) listen();
  if (!agent_) start_agent();
  EXPECT_TRUE(wait([this] { return connected() && agent_joined(); }));
  for (const auto& [job, launched] : launched_) {
    order(wire::AttemptOrder::KILL, job);
    order(wire::AttemptOrder::SIGNAL, job, SIGKILL);
    EXPECT_TRUE(wait([this, j = job] { return completes(j) > 0; })) << "job " << job;
    order(wire::AttemptOrder::FORGET, job);
  }
}

void Cluster::listen() {
  server_ = std::make_unique<net::Server>(
      &loop_, net::Server::Options(), [this](std::unique_ptr<net::Connection> connection) {
        node_ = std::move(connection);
        node_->start({[this](std::string_view bytes) {
                        wire::Frame frame;
                        ASSERT_TRUE(
                            frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
                        on_frame(frame);
                      },
                      [this](const std::string&) { node_.reset(); }});
      });
  const auto listening = server_->listen_unix(dir_ / "controller.sock", 0600);
  EXPECT_TRUE(listening) << listening.error().message;
}

void Cluster::stop_listening() { server_.reset(); }
void Cluster::hang_up() { node_.reset(); }

void Cluster::send(const wire::Frame& frame) {
  ASSERT_TRUE(node_);
  node_->send(frame);
}

void Cluster::on_frame(const wire::Frame& frame) {
  wire::Frame reply;
  switch (frame.body_case()) {
    case wire::Frame::kJoin:
      join_ = frame.join();
      ++joins_;
      if (!welcomes) break;
      reply.mutable_welcome()->set_node(7);
      reply.mutable_welcome()->set_heartbeat(50);
      reply.mutable_welcome()->set_lease(lease.count);
      send(reply);
      launch_again();
      break;
    case wire::Frame::kHeartbeat:
      if (!answers_heartbeats) break;
      *reply.mutable_heartbeat() = frame.heartbeat();
      send(reply);
      break;
    case wire::Frame::kStarted: ++started_[frame.started().id().job()]; break;
    case wire::Frame::kComplete:
      ends_[frame.complete().id().job()].push_back(frame.complete().end());
      break;
    case wire::Frame::kOutputChunk:
    case wire::Frame::kError: answers_[frame.id()] = frame; break;
    default: break;
  }
}

// What never got to the node, as the controller does.
void Cluster::launch_again() {
  for (const auto& [job, launch] : launched_) {
    const bool known =
        std::any_of(join_.attempts().begin(), join_.attempts().end(),
                    [j = job](const auto& attempt) { return attempt.id().job() == j; });
    if (known || started(job) > 0 || completes(job) > 0) continue;
    wire::Frame frame;
    *frame.mutable_launch() = launch;
    send(frame);
  }
}

int Cluster::started(std::uint64_t job) const {
  const auto found = started_.find(job);
  return found == started_.end() ? 0 : found->second;
}

int Cluster::completes(std::uint64_t job) const {
  const auto found = ends_.find(job);
  return found == ends_.end() ? 0 : static_cast<int>(found->second.size());
}

const wire::TaskEnd& Cluster::end_of(std::uint64_t job) {
  EXPECT_TRUE(wait([&] { return completes(job) > 0; })) << "job " << job << " does not end";
  static const wire::TaskEnd kNone;
  return completes(job) > 0 ? ends_[job].back() : kNone;
}

void Cluster::launch(const wire::Launch& launch) {
  ASSERT_TRUE(wait([this] { return agent_joined() && connected(); }));
  send_launch(launch);
}

void Cluster::send_launch(const wire::Launch& launch) {
  launched_[launch.id().job()] = launch;
  wire::Frame frame;
  *frame.mutable_launch() = launch;
  send(frame);
}

void Cluster::order(wire::AttemptOrder::What what, std::uint64_t job, int signal) {
  wire::Frame frame;
  wire::AttemptOrder& out = *frame.mutable_order();
  out.set_what(what);
  out.mutable_id()->set_job(job);
  out.mutable_id()->set_attempt(1);
  out.set_signal(signal);
  send(frame);
}

std::uint64_t Cluster::ask(const wire::ReadOutput& what) {
  wire::Frame frame;
  frame.set_id(++questions_);
  *frame.mutable_read_output() = what;
  send(frame);
  return questions_;
}

const wire::Frame* Cluster::answer(std::uint64_t question) const {
  const auto found = answers_.find(question);
  return found == answers_.end() ? nullptr : &found->second;
}

const wire::Frame& Cluster::ask_and_wait(const wire::ReadOutput& what) {
  const std::uint64_t question = ask(what);
  EXPECT_TRUE(wait([&] { return answer(question) != nullptr; }));
  return answers_[question];
}

AgentOptions Cluster::options() const {
  AgentOptions options;
  options.name = "n1";
  options.controller = LocalController{dir_ / "controller.sock"};
  options.state = state();
  options.capacity = {4, {1U << 30U}, 1, {{"disks", 3}}};
  options.heartbeat = Millis{50};
  options.grace = grace;
  options.executable = executable;
  return options;
}

Result<void> Cluster::try_agent() {
  auto agent = Agent::start(&loop_, options());
  if (!agent) return tl::unexpected(agent.error());
  agent_ = std::move(*agent);
  return {};
}

void Cluster::start_agent() {
  const auto started = try_agent();
  ASSERT_TRUE(started) << started.error().message;
}

void Cluster::drop_agent() { agent_.reset(); }

void Cluster::stop_agent() {
  bool stopped = false;
  agent_->stop([&] { stopped = true; });
  EXPECT_TRUE(wait([&] { return stopped; }));
  agent_.reset();
}

pid_t Cluster::keeper() const { return pid_in(keeper_pid(state())); }

void Cluster::kill_keeper() {
  ASSERT_TRUE(wait([this] { return keeper() != 0; }));
  const pid_t pid = keeper();
  kill(pid, SIGKILL);
  EXPECT_TRUE(wait([&] { return !alive(pid); }));
}

// Every keeper was started by an agent of ours: it is a child of this process.
void Cluster::keeper_ends() {
  EXPECT_TRUE(wait([] {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    return waitpid(-1, nullptr, WNOHANG) < 0;
  }));
}

bool Cluster::wait(const std::function<bool()>& holds) {
  return wait_until(holds, [this] {
    if (!halted_) uv_run(&loop_, UV_RUN_NOWAIT);
  });
}

wire::Launch launch_of(std::uint64_t job, std::vector<std::string> argv) {
  wire::Launch launch;
  launch.mutable_id()->set_job(job);
  launch.mutable_id()->set_attempt(1);
  launch.set_uid(geteuid());
  launch.set_gid(getegid());
  for (std::string& word : argv) launch.add_argv(std::move(word));
  launch.set_workdir("/");
  return launch;
}

wire::Launch launch_shell(std::uint64_t job, const std::string& command) {
  return launch_of(job, {"/bin/sh", "-c", command});
}

wire::ReadOutput read_of(std::uint64_t job, std::uint64_t offset, bool follow) {
  wire::ReadOutput what;
  what.mutable_id()->set_job(job);
  what.mutable_id()->set_attempt(1);
  what.set_offset(offset);
  what.set_follow(follow);
  what.set_uid(geteuid());
  what.set_gid(getegid());
  return what;
}

}  // namespace jobq::exec
