// SPDX-License-Identifier: Apache-2.0
// Connecting: on a loop for daemons, and blocking for commands.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/connection.h"
#include "net/endpoint.h"

namespace jobq::net {

// Calls back once, on the loop, with a connection on which start() must be called at once, or an error
// (kUnreachable) that says what was tried. Destroying the returned handle abandons the attempt.
class Connecting {
 public:
  virtual ~Connecting() = default;
};
using OnConnected = std::function<void(Result<std::unique_ptr<Connection>>)>;
std::unique_ptr<Connecting> connect_unix(uv_loop_s* loop, const std::string& path, OnConnected done);
std::unique_ptr<Connecting> connect_tcp(uv_loop_s* loop, const TcpAddress& address,
                                        const ClusterKey& key, Millis limit, OnConnected done);

// For commands: a connection with blocking calls. No loop, no threads; starts in microseconds.
class BlockingClient {
 public:
  static Result<std::unique_ptr<BlockingClient>> connect_unix(const std::string& path);
  static Result<std::unique_ptr<BlockingClient>> connect_tcp(const TcpAddress& address,
                                                             const ClusterKey& key, Millis limit);
  virtual ~BlockingClient() = default;

  virtual Result<void> send(const google::protobuf::MessageLite& message) = 0;
  // The next message, valid until the next call. No limit: for ever. kUnreachable when the peer goes away;
  // kUnavailable when the limit passes.
  virtual Result<std::string_view> receive(std::optional<Millis> limit) = 0;
  // For poll(2) beside other descriptors; a message may already be buffered: see has_buffered().
  virtual int descriptor() const = 0;
  virtual bool has_buffered() const = 0;
};

}  // namespace jobq::net
