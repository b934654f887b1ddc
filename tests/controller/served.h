// SPDX-License-Identifier: Apache-2.0
// A controller on a thread and a directory of its own, and blocking clients and nodes that speak to
// it frame by frame.
#pragma once

#include <gtest/gtest.h>
#include <uv.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "controller/controller.h"
#include "net/client.h"
#include "net/jobq.pb.h"
#include "tests/temp_dir.h"

namespace jobq::controller {

class Served {
 public:
  explicit Served(std::function<void(Options&)> change = {});
  ~Served();
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  void start();
  void stop();  // cleanly; start() again recovers
  const Options& options() const { return options_; }
  net::TcpAddress address() const { return *address_; }

 private:
  void run();

  TempDir directory_;
  Options options_;
  std::optional<net::TcpAddress> address_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  uv_loop_t loop_{};
  uv_async_t stop_{};
};

// A peer that has said hello.
class Talker {
 public:
  Talker(const Served& served, wire::Hello::Role role);
  Talker(std::unique_ptr<net::BlockingClient> connection, wire::Hello::Role role);

  void send(const wire::Frame& frame);
  wire::Frame next();                  // fails the test after 20 s
  wire::Frame ask(wire::Frame frame);  // with an id of its own; the first answer
  // The next frame that `wanted` accepts; others (heartbeats) are passed over.
  wire::Frame next_that(const std::function<bool(const wire::Frame&)>& wanted);

 private:
  void greet(wire::Hello::Role role);
  std::unique_ptr<net::BlockingClient> connection_;
  std::uint64_t last_id_ = 0;
};

// Frames that tests ask with.
wire::Frame submit_frame(std::size_t count, const std::string& key = "");
wire::Frame wait_frame(std::uint64_t job);
wire::Frame join_frame(const std::string& name, std::uint32_t cpus,
                       const std::string& incarnation = "first life");
wire::Frame complete_frame(const wire::AttemptId& id, int exit_code);

}  // namespace jobq::controller
