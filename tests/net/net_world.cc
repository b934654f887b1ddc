// SPDX-License-Identifier: Apache-2.0
// The world of the network tests.
#include "tests/net/net_world.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

namespace jobq::net {
namespace {

constexpr std::int64_t kPatienceNs = 60'000'000'000;

}  // namespace

void Peer::begin(std::unique_ptr<Connection> made) {
  connection = std::move(made);
  connection->start({.on_message =
                         [this](std::string_view message) {
                           messages.emplace_back(message);
                           if (on_message) on_message(message);
                         },
                     .on_closed = [this](const std::string& reason) { closed.push_back(reason); },
                     .on_drained = [this] { ++drained; }});
}

NetWorld::NetWorld() { EXPECT_EQ(uv_loop_init(&loop_), 0); }

NetWorld::~NetWorld() {
  server_.reset();
  accepted_.clear();
  uv_run(&loop_, UV_RUN_DEFAULT);
  EXPECT_EQ(uv_loop_close(&loop_), 0) << "something is left on the loop";
}

bool NetWorld::until(const std::function<bool()>& condition) {
  const std::int64_t limit = steady_now_ns() + kPatienceNs;
  // Keeps the loop from blocking for ever when nothing happens.
  uv_timer_t pulse{};
  uv_timer_init(&loop_, &pulse);
  uv_timer_start(
      &pulse, [](uv_timer_t*) {}, 5, 5);
  while (!condition() && steady_now_ns() < limit) uv_run(&loop_, UV_RUN_ONCE);
  uv_close(reinterpret_cast<uv_handle_t*>(&pulse), nullptr);
  uv_run(&loop_, UV_RUN_NOWAIT);
  return condition();
}

void NetWorld::settle() {
  for (int i = 0; i < 20; ++i) uv_run(&loop_, UV_RUN_NOWAIT);
}

void NetWorld::serve(Server::Options options) {
  server_ = std::make_unique<Server>(&loop_, options, [this](std::unique_ptr<Connection> made) {
    accepted_.push_back(std::make_unique<Peer>());
    accepted_.back()->begin(std::move(made));
  });
  const auto listening = server_->listen_unix(socket_path(), 0600);
  ASSERT_TRUE(listening) << listening.error().message;
}

TcpAddress NetWorld::serve_tcp(const ClusterKey& key, Server::Options options) {
  serve(options);
  const auto bound = server_->listen_tcp({"127.0.0.1", 0}, key);
  EXPECT_TRUE(bound) << bound.error().message;
  return bound ? *bound : TcpAddress{};
}

std::unique_ptr<Peer> NetWorld::connect() {
  auto peer = std::make_unique<Peer>();
  const std::size_t before = accepted_.size();
  const auto attempt =
      connect_unix(&loop_, socket_path(), [&](Result<std::unique_ptr<Connection>> made) {
        ASSERT_TRUE(made) << made.error().message;
        peer->begin(std::move(*made));
      });
  EXPECT_TRUE(until([&] { return peer->connection && accepted_.size() > before; }));
  return peer;
}

std::unique_ptr<Peer> NetWorld::connect(const TcpAddress& address, const ClusterKey& key) {
  auto peer = std::make_unique<Peer>();
  bool done = false;
  connect_error_.clear();
  const auto attempt =
      connect_tcp(&loop_, address, key, seconds(30), [&](Result<std::unique_ptr<Connection>> made) {
        done = true;
        if (made) {
          peer->begin(std::move(*made));
        } else {
          connect_error_ = made.error().message;
        }
      });
  EXPECT_TRUE(until([&] { return done; }));
  return peer;
}

Descriptor NetWorld::connect_raw() const {
  const auto address = unix_address(socket_path());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(socket.get(), address->get(), address->length), 0);
  return socket;
}

Descriptor NetWorld::connect_raw(const TcpAddress& address) {
  const auto places = resolve(address, Resolve::kNumericOnly);
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(socket.get(), places->front().get(), places->front().length), 0);
  return socket;
}

std::string framed(std::string_view message) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(message.size() >> static_cast<unsigned>(shift) & 255U);
  }
  return bytes.append(message);
}

ClusterKey some_key(char seed) { return {std::string(kClusterKeyBytes, seed)}; }

void write_all(const Descriptor& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string read_to_end(const Descriptor& from) {
  std::string all;
  std::array<char, 4096> block{};
  for (ssize_t n = 0; (n = ::read(from.get(), block.data(), block.size())) > 0;) {
    all.append(block.data(), static_cast<std::size_t>(n));
  }
  return all;
}

}  // namespace jobq::net
