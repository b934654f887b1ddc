// SPDX-License-Identifier: Apache-2.0
// What stands behind a Connection, for the parts of net/ that make connections: server and
// connectors.
//
// It belongs to its Connection and to libuv at once: it goes when the Connection is gone and libuv
// has closed both handles, in whatever order. Callbacks of the owner run only from callbacks of the
// loop, never inside a call that the owner makes, and each may destroy the Connection: the Impl
// outlives the callback.
//
// The socket is watched with uv_poll and read and written here rather than by a uv_stream, for
// MSG_NOSIGNAL, for one read buffer that all connections share, and to send from where messages are
// serialised. One idle handle each is the end of the turn: while it is active the loop does not
// block.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "net/connection.h"
#include "net/framing.h"
#include "net/socket.h"
#include "net/timer.h"
#include "net/tls.h"

namespace jobq::net {

struct Connection::Impl {
 public:
  struct Peer {
    std::optional<PeerCredentials> credentials;
    std::string address;  // where there are no credentials
  };

  // Takes a connected socket, makes it non-blocking.
  static Result<std::unique_ptr<Connection>> make(uv_loop_t* loop, Descriptor socket, Peer peer);
  static Impl& of(Connection& connection) { return *connection.impl_; }

  Impl(uv_loop_t* loop, Descriptor socket, Peer peer);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;

  // Before the connection is handed to its owner:
  // begins the handshake; `ready` is called once, with its result, from a callback of the loop.
  using Ready = std::function<void(Result<void>)>;
  void secure(std::unique_ptr<TlsSession> tls, Ready ready);
  // The first message must be complete within the limit.
  void expect_hello(Millis limit);
  // Something that is kept until the socket is closed.
  void keep(std::shared_ptr<void> companion) { companion_ = std::move(companion); }

  // The calls of Connection.
  void start(Handlers handlers);
  void send_bytes(std::string_view message);
  void send(const google::protobuf::MessageLite& message);
  std::size_t queued_bytes() const;
  void set_paused(bool paused);
  void close_after_flush();
  void disown();
  const std::optional<PeerCredentials>& credentials() const { return peer_.credentials; }
  std::string peer() const;
  const TlsSession* tls() const { return tls_.get(); }
  int descriptor() const { return socket_.get(); }

 private:
  enum class Phase {
    kHandshake,  // TLS is not complete; nobody has the connection
    kOpen,
    kDoomed,  // an error is known and will be told at the end of the turn
    kLinger,  // nothing is told any more; what is queued is written, then the peer's end is awaited
    kClosed,
  };

  // The loop's callbacks.
  void on_poll(int events);
  void on_turn_end();

  void hello_limit_passed(Millis limit, bool again);

  bool read_some();
  void take(std::span<const char> bytes);
  bool shake_hands();
  void decrypt_all();
  // Gives out what is complete; false when the connection is not open any more.
  bool deliver();
  void input_ended(const std::string& how);

  void queued(const Result<void>& appended);
  void flush();
  // Writes until all is written or the kernel takes no more.
  void write_queue();
  Buffer& bytes_to_write();
  void finish_linger();

  void fail_with(const Error& error);
  void doom(std::string reason);
  void shut();
  void watch();
  void at_turn_end();
  void forget();

  uv_poll_t poll_{};
  uv_idle_t idle_{};
  int handles_ = 0;    // not yet closed by libuv
  bool owned_ = true;  // by a Connection
  Phase phase_ = Phase::kOpen;
  bool paused_ = true;  // until start()
  bool write_blocked_ = false;
  bool write_broken_ = false;  // the peer takes nothing; what it sent is still read
  bool write_ended_ = false;   // our end is told to the peer
  int watched_ = 0;            // events that libuv watches for
  Descriptor socket_;
  Deframer in_;
  Buffer out_;  // plain
  std::unique_ptr<TlsSession> tls_;
  std::unique_ptr<Timer> deadline_;  // of the hello, or of the lingering
  std::shared_ptr<void> companion_;
  Peer peer_;
  Handlers handlers_;
  Ready ready_;
  std::string doom_;
};

}  // namespace jobq::net
