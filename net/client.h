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

// Calls back once, on the loop (never from inside the call), with a connection on which start()
// must be called at once, or an error that says what was tried: kUnreachable; kDenied where
// permissions or the cluster key are the reason. Over TCP the handshake is complete by then.
// Destroying the returned handle abandons the attempt; it may be destroyed inside the callback.
class Connecting {
 public:
  virtual ~Connecting() = default;
};
using OnConnected = std::function<void(Result<std::unique_ptr<Connection>>)>;
std::unique_ptr<Connecting> connect_unix(uv_loop_s* loop, const std::string& path,
                                         OnConnected done);
std::unique_ptr<Connecting> connect_tcp(uv_loop_s* loop, const TcpAddress& address,
                                        const ClusterKey& key, Millis limit, OnConnected done);

// For commands: a connection with blocking calls. No loop, no threads; starts in microseconds.
class BlockingClient {
 public:
  static Result<std::unique_ptr<BlockingClient>> connect_unix(const std::string& path);
  static Result<std::unique_ptr<BlockingClient>> connect_tcp(const TcpAddress& address,
                                                             const ClusterKey& key, Millis limit);
  virtual ~BlockingClient() = default;

  // Returns when the kernel has taken the whole message; what arrives meanwhile is kept for
  // receive(). Where the peer has gone but left words that are not read yet (why it refused us),
  // they are worth more than an error: the call succeeds, and receive() gives first the words, then
  // the end.
  virtual Result<void> send(const google::protobuf::MessageLite& message) = 0;
  // The next message, valid until the next call. No limit: for ever. kUnreachable when the peer
  // goes away; kUnavailable when the limit passes; kInternal when what comes is not a message.
  virtual Result<std::string_view> receive(std::optional<Millis> limit) = 0;
  // For poll(2) beside other descriptors; a message may already be buffered: see has_buffered().
  virtual int descriptor() const = 0;
  virtual bool has_buffered() const = 0;
};

}  // namespace jobq::net
