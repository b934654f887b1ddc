// SPDX-License-Identifier: Apache-2.0
// A server on a thread of its own.
#include "tests/net/echo_thread.h"

namespace jobq::net {

EchoThread::EchoThread(const Listen& listen, Server::Options options)
    : EchoThread(listen, options, [](Connection& connection, std::string_view message) {
        connection.send_bytes(message);
      }) {}

EchoThread::EchoThread(const Listen& listen, Server::Options options, Answer answer)
    : answer_(std::move(answer)) {
  uv_loop_init(&loop_);
  stop_.data = this;
  uv_async_init(&loop_, &stop_,
                [](uv_async_t* async) { static_cast<EchoThread*>(async->data)->stop(); });
  server_ = std::make_unique<Server>(
      &loop_, options, [this](std::unique_ptr<Connection> made) { accept(std::move(made)); });
  listen(*server_);
  thread_ = std::thread([this] { uv_run(&loop_, UV_RUN_DEFAULT); });
}

EchoThread::~EchoThread() {
  uv_async_send(&stop_);
  thread_.join();
  uv_loop_close(&loop_);
}

void EchoThread::accept(std::unique_ptr<Connection> made) {
  Connection* connection = made.get();
  connections_.push_back(std::move(made));
  connection->start(
      {.on_message = [this, connection](std::string_view m) { answer_(*connection, m); },
       .on_closed =
           [this, connection](const std::string&) {
             std::erase_if(connections_, [&](const auto& one) { return one.get() == connection; });
           }});
}

void EchoThread::stop() {
  server_.reset();
  connections_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&stop_), nullptr);
}

}  // namespace jobq::net
