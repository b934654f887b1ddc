// SPDX-License-Identifier: Apache-2.0
// A connection: messages, each behind a 4-byte big-endian length, on a socket that a libuv loop
// watches; plain on a Unix socket, inside TLS 1.3 over TCP.
//
// All calls and callbacks belong to the loop's thread. What is sent in one turn of the loop leaves
// in one write. A message over the limit, a length of zero, a missing hello, a peer that does not
// read and one that goes away all end in on_closed, once, with a reason for the log; after that
// nothing else is called and what is sent goes nowhere. What a peer sent before it went away is
// delivered first. Callbacks come from the loop, never from inside a call. The owner keeps the
// Connection by unique_ptr and may destroy it at any time, also inside a callback; the loop must
// turn once more before it can be closed.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

struct uv_loop_s;

namespace jobq::net {

inline constexpr std::uint32_t kProtocol = 1;
inline constexpr std::size_t kMaxMessageBytes = 16U << 20U;
// What may wait for a peer that does not read; past it the connection ends.
inline constexpr std::size_t kMaxQueuedBytes = 64U << 20U;

// Of the process at the other end of a Unix socket.
struct PeerCredentials {
  std::int32_t pid = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

class Connection {
 public:
  struct Handlers {
    std::function<void(std::string_view message)> on_message;  // valid during the call
    std::function<void(const std::string& reason)> on_closed;  // by the peer or by an error
    std::function<void()> on_drained = {};  // optional: the send queue became empty
  };

  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  ~Connection();  // closes; what is queued is still written if that is possible at once
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Must be called in the turn in which the connection appears.
  void start(Handlers handlers);

  // Not empty: a Frame with a body never is. One over kMaxMessageBytes ends the connection.
  void send(const google::protobuf::MessageLite& message);
  void send_bytes(std::string_view message);
  std::size_t queued_bytes() const;  // not yet taken by the kernel

  // Reading stops (and the kernel's buffers fill) until resume_reading(); on_message is not called
  // in between, also not for what was read already. A peer that goes away meanwhile is noticed
  // afterwards.
  void pause_reading();
  void resume_reading();

  // Writes what is queued, then closes; no callback comes any more. This object may be destroyed at
  // once: the writing goes on without it, for some seconds at most.
  void close_after_flush();

  std::optional<PeerCredentials> credentials() const;  // Unix sockets only
  std::string peer() const;  // for the log: "uid 1000 pid 4711", "127.0.0.1:40312"

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobq::net
