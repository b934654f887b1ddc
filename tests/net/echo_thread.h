// SPDX-License-Identifier: Apache-2.0
// A server on a thread of its own, for clients that block: it sends every message back.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "net/server.h"

namespace jobq::net {

class EchoThread {
 public:
  using Answer = std::function<void(Connection& connection, std::string_view message)>;
  using Listen = std::function<void(Server& server)>;

  // `listen` is called before the thread begins, `answer` on the thread.
  explicit EchoThread(const Listen& listen, Server::Options options = {});
  EchoThread(const Listen& listen, Server::Options options, Answer answer);
  ~EchoThread();
  EchoThread(const EchoThread&) = delete;
  EchoThread& operator=(const EchoThread&) = delete;

 private:
  void accept(std::unique_ptr<Connection> made);
  void stop();

  uv_loop_t loop_{};
  uv_async_t stop_{};
  Answer answer_;
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace jobq::net
