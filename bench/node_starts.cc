// SPDX-License-Identifier: Apache-2.0
// One node alone: steps through a real agent and a real keeper, with output into the node's store,
// as fast as a controller that keeps nothing can ask for them; beside the bare start of the same
// program. And the keeper's memory before and after a hundred thousand of them.
//
//   bench_node_starts [STEPS]
#include <fmt/format.h>
#include <uv.h>

#include <memory>

#include "bench/programs.h"
#include "bench/system.h"
#include "net/server.h"

namespace jobq::bench {
namespace {

// Takes the node in and has steps started, so many at a time, until it has seen so many end.
class Controller {
 public:
  explicit Controller(const std::string& socket) {
    uv_loop_init(&loop_);
    server_ = std::make_unique<net::Server>(
        &loop_, net::Server::Options(),
        [this](std::unique_ptr<net::Connection> connection) { take(std::move(connection)); });
    if (const auto listening = server_->listen_unix(socket, 0600); !listening) {
      give_up(listening.error().message);
    }
  }
  ~Controller() {
    server_.reset();
    node_.reset();
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  void end() { ended_ = true; }  // the node may go
  void wait_for_node() {
    while (!joined_) uv_run(&loop_, UV_RUN_ONCE);
  }
  // Steps a second.
  double run(std::size_t steps, std::size_t in_flight) {
    const std::int64_t start = steady_now_ns();
    left_ = steps;
    running_ = 0;
    while (running_ < in_flight) launch();
    while (running_ > 0) uv_run(&loop_, UV_RUN_ONCE);
    return static_cast<double>(steps) / seconds_since(start);
  }

 private:
  void take(std::unique_ptr<net::Connection> connection) {
    node_ = std::move(connection);
    node_->start({[this](std::string_view bytes) { on_message(bytes); },
                  [this](const std::string& reason) {
                    if (!ended_) give_up("the node is gone: " + reason);
                  }});
  }

  void on_message(std::string_view bytes) {
    wire::Frame frame;
    if (!frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) give_up("no message");
    wire::Frame reply;
    if (frame.has_join()) {
      reply.mutable_welcome()->set_node(1);
      reply.mutable_welcome()->set_heartbeat(5000);
      node_->send(reply);
      joined_ = true;
    } else if (frame.has_heartbeat()) {
      *reply.mutable_heartbeat() = frame.heartbeat();
      node_->send(reply);
    } else if (frame.has_complete()) {
      complete(frame.complete());
    }
  }

  void complete(const wire::TaskComplete& complete) {
    if (complete.end().how() != 0 || complete.end().exit_code() != 0) {
      give_up("a step failed: " + complete.end().reason());
    }
    wire::Frame frame;
    frame.mutable_order()->set_what(wire::AttemptOrder::FORGET);
    *frame.mutable_order()->mutable_id() = complete.id();
    node_->send(frame);
    --running_;
    launch();
  }

  void launch() {
    if (left_ == 0) return;
    --left_;
    ++running_;
    wire::Frame frame;
    wire::Launch& launch = *frame.mutable_launch();
    launch.mutable_id()->set_job(++last_job_);
    launch.mutable_id()->set_attempt(1);
    launch.set_job_name("bench");
    launch.set_step_name("main");
    launch.set_uid(geteuid());
    launch.set_gid(getegid());
    launch.add_argv("/bin/true");
    launch.set_workdir("/");
    node_->send(frame);
  }

  uv_loop_t loop_{};
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<net::Connection> node_;
  bool joined_ = false;
  bool ended_ = false;
  std::size_t left_ = 0;
  std::size_t running_ = 0;
  std::uint64_t last_job_ = 0;
};

constexpr std::size_t kRound = 4000;

// Rounds of both, one after the other: what else the machine does meets both.
void measure_rate(Controller& controller, std::size_t in_flight) {
  double bare = 0;
  double kept = 0;
  constexpr int kRounds = 3;
  for (int i = 0; i < kRounds; ++i) {
    bare += bare_spawn_rate(kRound) / kRounds;
    kept += controller.run(kRound, in_flight) / kRounds;
  }
  print_row(fmt::format("starts by agent and keeper, {} in flight", in_flight), rate(kept),
            "bare " + rate(bare), kept / bare, ">= 0.8", kept >= 0.8 * bare);
}

void measure_memory(Controller& controller, pid_t keeper, std::size_t steps) {
  const std::uint64_t before = resident_kib(keeper);
  controller.run(steps, 8);
  const std::uint64_t after = resident_kib(keeper);
  print_row(fmt::format("resident, keeper after {} steps", steps), fmt::format("{} KiB", after),
            fmt::format("before {} KiB", before),
            static_cast<double>(after) / static_cast<double>(before), "<= 1.02",
            static_cast<double>(after) <= 1.02 * static_cast<double>(before));
}

pid_t keeper_of(const std::string& state) {
  pid_t keeper = 0;
  if (!(std::ifstream(state + "/keeper.pid") >> keeper)) give_up("the node has no keeper");
  return keeper;
}

}  // namespace
}  // namespace jobq::bench

int main(int argc, char** argv) {
  using namespace jobq::bench;  // NOLINT(google-build-using-namespace): a program's own
  const std::size_t steps = argc > 1 ? std::stoul(argv[1]) : 100000;
  const auto bin = std::filesystem::canonical("/proc/self/exe").parent_path() / "bin";
  const jobq::TempDir scratch(bin.parent_path());  // on the disk that is measured
  Controller controller(scratch / "sock");
  {
    const Daemon node({(bin / "jobq").string(), "node", "--state", scratch / "node", "--controller",
                       scratch / "sock", "--cpus", "64", "--name", "bench"},
                      scratch / "log");
    controller.wait_for_node();
    controller.run(kRound, 8);
    print_head();
    measure_rate(controller, 2);
    measure_rate(controller, 8);
    measure_memory(controller, keeper_of(scratch / "node"), steps);
    controller.end();
  }
  return 0;
}
