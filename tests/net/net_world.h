// SPDX-License-Identifier: Apache-2.0
// The world of the network tests: a loop, a directory of its own, a server, peers on the loop and
// peers that are plain descriptors. Waiting is always for a condition, with a limit that only a
// failure meets.
#pragma once

#include <gtest/gtest.h>
#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/client.h"
#include "net/jobq.pb.h"
#include "net/server.h"
#include "net/socket.h"
#include "tests/temp_dir.h"

namespace jobq::net {

// One end of a connection that writes down what happens to it.
struct Peer {
  std::unique_ptr<Connection> connection;
  std::vector<std::string> messages;
  std::vector<std::string> closed;  // reasons; never more than one
  int drained = 0;
  std::function<void(std::string_view)> on_message;  // beside writing it down

  void begin(std::unique_ptr<Connection> made);
  Connection& operator*() const { return *connection; }
  Connection* operator->() const { return connection.get(); }
};

// A name that every resolver knows for 127.0.0.1, whatever is in files and on servers: the last
// part stands for all bytes that are left (inet_aton(3)).
inline constexpr const char* kOwnName = "127.1";

class NetWorld : public ::testing::Test {
 public:
  NetWorld();
  ~NetWorld() override;

 protected:
  // Turns the loop until the condition holds; false after a long time.
  bool until(const std::function<bool()>& condition);
  // Turns the loop without waiting, often enough that whatever is pending has happened.
  void settle();

  std::string path(const std::string& name) const { return directory_ / name; }
  std::string socket_path() const { return path("socket"); }

  // A server at socket_path() whose connections are collected in accepted_.
  void serve(Server::Options options = {});
  // The same over TCP, on a free port of the loopback.
  TcpAddress serve_tcp(const ClusterKey& key, Server::Options options = {});
  // A connected pair: a peer on the loop, and its other end in accepted_.back().
  std::unique_ptr<Peer> connect();
  std::unique_ptr<Peer> connect(const TcpAddress& address, const ClusterKey& key);
  // A plain descriptor, connected to the server, blocking.
  Descriptor connect_raw() const;
  static Descriptor connect_raw(const TcpAddress& address);

  uv_loop_t loop_{};
  TempDir directory_;
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<Peer>> accepted_;
  std::string connect_error_;
};

// The length and the message, as they are on the wire.
std::string framed(std::string_view message);

// One character, so many times: a length that clang-tidy would take for a slip.
inline std::string text_of(std::size_t bytes, char c) { return std::string(bytes, c); }

// A key that is different for every seed.
ClusterKey some_key(char seed);

void write_all(const Descriptor& to, std::string_view bytes);
// Reads to the end of the stream.
std::string read_to_end(const Descriptor& from);

// What is written to standard error while it lives.
class CapturedLog {
 public:
  CapturedLog() { ::testing::internal::CaptureStderr(); }
  std::string take() { return ::testing::internal::GetCapturedStderr(); }
};

}  // namespace jobq::net
