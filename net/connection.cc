// SPDX-License-Identifier: Apache-2.0
// A connection on the loop: reading, delivering, writing, ending.
#include "net/connection.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/check.h"
#include "net/connection_impl.h"

namespace jobq::net {
namespace {

constexpr Millis kLingerLimit = seconds(5);
constexpr std::size_t kEncryptAtOnceBytes = 256U << 10U;

// All connections of a thread read into the same block, one after another.
std::span<char> thread_scratch(std::size_t which) {
  thread_local std::array<std::unique_ptr<char[]>, 2> blocks;
  if (!blocks[which]) blocks[which] = std::make_unique_for_overwrite<char[]>(kReadBytes);
  return {blocks[which].get(), kReadBytes};
}
std::span<char> plain_scratch() { return thread_scratch(0); }
std::span<char> cipher_scratch() { return thread_scratch(1); }

Error broken(std::string reason) { return {ErrorCode::kUnreachable, std::move(reason)}; }

}  // namespace

// --- life ---

Connection::Impl::Impl(uv_loop_t* loop, Descriptor socket, Peer peer)
    : socket_(std::move(socket)), peer_(std::move(peer)) {
  poll_.loop = loop;
}

Result<std::unique_ptr<Connection>> Connection::Impl::make(uv_loop_t* loop, Descriptor socket,
                                                           Peer peer) {
  auto impl = std::make_unique<Impl>(loop, std::move(socket), std::move(peer));
  if (const int error = uv_poll_init(loop, &impl->poll_, impl->socket_.get()); error < 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("cannot watch a socket: {}", uv_strerror(error)));
  }
  uv_idle_init(loop, &impl->idle_);
  impl->handles_ = 2;
  impl->poll_.data = impl.get();
  impl->idle_.data = impl.get();
  return std::make_unique<Connection>(std::move(impl));
}

void Connection::Impl::secure(std::unique_ptr<TlsSession> tls, Ready ready) {
  tls_ = std::move(tls);
  ready_ = std::move(ready);
  phase_ = Phase::kHandshake;
  // A client speaks first; an error shows again in the next step.
  static_cast<void>(tls_->handshake());
  watch();
  at_turn_end();
}

void Connection::Impl::expect_hello(Millis limit) {
  deadline_ = std::make_unique<Timer>(poll_.loop, limit,
                                      [this, limit] { hello_limit_passed(limit, false); });
}

// When the loop was busy for as long as the limit, the hello may be there and only not read yet:
// what came counts, and a handshake that has just gone on gets the limit once more.
void Connection::Impl::hello_limit_passed(Millis limit, bool again) {
  const bool any = read_some();
  watch();
  if (!deadline_) return;  // it was there, or the connection has ended
  if (any && !again) {
    deadline_ = std::make_unique<Timer>(poll_.loop, limit,
                                        [this, limit] { hello_limit_passed(limit, true); });
    return;
  }
  const char* what = phase_ == Phase::kHandshake ? "no TLS handshake" : "no hello";
  fail_with(broken(fmt::format("{} within {}", what, format_duration(limit))));
}

void Connection::Impl::start(Handlers handlers) {
  check(handlers.on_message && handlers.on_closed, "a connection needs its handlers");
  handlers_ = std::move(handlers);
  set_paused(false);
}

void Connection::Impl::disown() {
  owned_ = false;
  if (phase_ == Phase::kOpen) {
    write_queue();
    shut();
  } else if (phase_ != Phase::kLinger) {
    shut();
  }
  forget();
}

// The Impl goes with the last of those that know it.
void Connection::Impl::forget() {
  if (!owned_ && handles_ == 0) delete this;
}

void Connection::Impl::shut() {
  if (phase_ == Phase::kClosed) return;
  if (phase_ != Phase::kHandshake && tls_ && !write_ended_) {
    tls_->say_goodbye();
    write_queue();
  }
  phase_ = Phase::kClosed;
  deadline_.reset();
  const auto closed = [](uv_handle_t* handle) {
    auto* impl = static_cast<Impl*>(handle->data);
    --impl->handles_;
    impl->forget();
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), closed);
  socket_.close();
  companion_.reset();
  out_.clear();
}

void Connection::Impl::fail_with(const Error& error) {
  const Phase was = phase_;
  shut();
  if (was == Phase::kHandshake) {
    ready_(tl::unexpected(error));
  } else if (was != Phase::kLinger && handlers_.on_closed) {
    handlers_.on_closed(error.message);
  }
}

void Connection::Impl::doom(std::string reason) {
  if (phase_ != Phase::kOpen) return;
  phase_ = Phase::kDoomed;
  doom_ = std::move(reason);
  at_turn_end();
}

// --- the loop ---

void Connection::Impl::watch() {
  if (phase_ == Phase::kClosed) return;
  const bool reading = phase_ == Phase::kHandshake || phase_ == Phase::kLinger ||
                       (phase_ == Phase::kOpen && !paused_);
  const int events = (reading ? UV_READABLE : 0) | (write_blocked_ ? UV_WRITABLE : 0);
  if (events == watched_) return;
  watched_ = events;
  uv_poll_start(&poll_, events, [](uv_poll_t* poll, int status, int got) {
    auto* impl = static_cast<Impl*>(poll->data);
    // An error stops the watching; what was received before it is still there to be read.
    if (status < 0) impl->watched_ = 0;
    impl->on_poll(status < 0 ? UV_READABLE | UV_WRITABLE : got);
  });
}

void Connection::Impl::at_turn_end() {
  if (phase_ == Phase::kClosed || uv_is_active(reinterpret_cast<uv_handle_t*>(&idle_)) != 0) return;
  uv_idle_start(&idle_, [](uv_idle_t* idle) { static_cast<Impl*>(idle->data)->on_turn_end(); });
}

void Connection::Impl::on_poll(int events) {
  if ((events & UV_WRITABLE) != 0 && write_blocked_) {
    write_blocked_ = false;
    flush();
  }
  if ((events & UV_READABLE) != 0) read_some();
  watch();
}

void Connection::Impl::on_turn_end() {
  uv_idle_stop(&idle_);
  if (phase_ == Phase::kDoomed) {
    fail_with(broken(doom_));
    return;
  }
  if (phase_ == Phase::kOpen && deliver()) in_.keep();
  flush();
  watch();
}

// --- reading ---

// True when bytes came.
bool Connection::Impl::read_some() {
  const bool wanted = phase_ == Phase::kHandshake || (phase_ == Phase::kOpen && !paused_);
  if (phase_ != Phase::kLinger && !wanted) return false;
  const bool plain = phase_ != Phase::kLinger && !tls_;
  const std::span<char> space = plain ? in_.space(plain_scratch()) : cipher_scratch();
  const ssize_t n = receive_some(socket_.get(), space, MSG_DONTWAIT);
  if (n > 0) {
    take(space.first(static_cast<std::size_t>(n)));
  } else if (n == 0) {
    input_ended("the peer closed the connection");
  } else if (!would_block(errno)) {
    input_ended("the connection broke: " + error_text(errno));
  }
  return n > 0;
}

// What was read, from where read_some() had it written.
void Connection::Impl::take(std::span<const char> bytes) {
  if (phase_ == Phase::kLinger) return;  // nobody wants it any more
  if (tls_) {
    tls_->received({bytes.data(), bytes.size()});
    if (phase_ != Phase::kHandshake || shake_hands()) decrypt_all();
  } else {
    in_.commit(bytes.size());
    if (deliver()) in_.keep();
  }
}

// True when the connection is open.
bool Connection::Impl::shake_hands() {
  const auto done = tls_->handshake();
  if (!done) {
    write_queue();  // tells the peer
    fail_with(done.error());
    return false;
  }
  at_turn_end();
  if (!*done) return false;
  phase_ = Phase::kOpen;
  const Ready ready = std::move(ready_);
  ready({});
  return phase_ == Phase::kOpen;
}

// Everything, also when the owner has paused: what the engine was given may not wait in the
// scratch.
void Connection::Impl::decrypt_all() {
  while (phase_ == Phase::kOpen) {
    const std::span<char> space = in_.space(plain_scratch());
    const auto n = tls_->read(space);
    if (!n) {
      input_ended(n.error().message);
      return;
    }
    if (*n == 0) break;
    in_.commit(*n);
    if (!deliver()) return;
  }
  in_.keep();
  if (!tls_->to_send().empty()) at_turn_end();
}

bool Connection::Impl::deliver() {
  while (phase_ == Phase::kOpen && !paused_) {
    const auto message = in_.next();
    if (!message) {
      fail_with(broken("the peer does not speak the protocol: " + message.error().message));
      return false;
    }
    if (!*message) break;
    if (deadline_) deadline_.reset();
    handlers_.on_message(**message);
  }
  return phase_ == Phase::kOpen;
}

void Connection::Impl::input_ended(const std::string& how) {
  if (phase_ == Phase::kOpen && !deliver()) return;
  // Paused while the last messages were given out: the end is seen again after the rest of them.
  if (phase_ == Phase::kOpen && paused_) return;
  fail_with(broken(how + in_.truncation()));
}

// --- writing ---

void Connection::Impl::send_bytes(std::string_view message) {
  if (phase_ == Phase::kOpen && !write_broken_) queued(append_message(out_, message));
}

void Connection::Impl::send(const google::protobuf::MessageLite& message) {
  if (phase_ == Phase::kOpen && !write_broken_) queued(append_message(out_, message));
}

void Connection::Impl::queued(const Result<void>& appended) {
  if (!appended) {
    doom("it cannot be sent: " + appended.error().message);
    return;
  }
  // A peer that reads may be sent any amount in one turn: only what the kernel does not take
  // counts.
  if (queued_bytes() > kMaxQueuedBytes) write_queue();
  if (queued_bytes() > kMaxQueuedBytes) {
    doom(fmt::format("the peer does not read: {} bytes wait to be sent, the limit is {}",
                     queued_bytes(), kMaxQueuedBytes));
  }
  at_turn_end();
}

std::size_t Connection::Impl::queued_bytes() const {
  return out_.size() + (tls_ ? tls_->to_send().size() : 0);
}

// What goes to the kernel next: the queue itself, or a part of it that is encrypted as it is
// needed.
Buffer& Connection::Impl::bytes_to_write() {
  if (!tls_) return out_;
  if (tls_->to_send().empty() && !out_.empty() && phase_ != Phase::kHandshake) {
    const std::string_view part = out_.view().substr(0, kEncryptAtOnceBytes);
    if (!tls_->write(part)) write_broken_ = true;
    out_.consume(part.size());
  }
  return tls_->to_send();
}

void Connection::Impl::write_queue() {
  while (!write_blocked_ && !write_broken_) {
    Buffer& bytes = bytes_to_write();
    if (bytes.empty()) return;
    const ssize_t n = send_some(socket_.get(), bytes.view());
    if (n >= 0) {
      bytes.consume(static_cast<std::size_t>(n));
    } else if (would_block(errno)) {
      write_blocked_ = true;
    } else {
      write_broken_ = true;
    }
  }
  if (!write_broken_) return;
  out_.clear();
  if (tls_) tls_->to_send().clear();
}

void Connection::Impl::flush() {
  if (phase_ == Phase::kClosed) return;
  const bool any = queued_bytes() > 0;
  write_queue();
  if (phase_ == Phase::kLinger) {
    finish_linger();
  } else if (any && !write_broken_ && queued_bytes() == 0 && phase_ == Phase::kOpen) {
    if (handlers_.on_drained) handlers_.on_drained();
  }
}

void Connection::Impl::close_after_flush() {
  if (phase_ != Phase::kOpen) {
    shut();
    return;
  }
  phase_ = Phase::kLinger;
  deadline_ = std::make_unique<Timer>(poll_.loop, kLingerLimit, [this] { shut(); });
  watch();
  at_turn_end();
}

// When all is written the peer is told, and given time to read: closing at once would, over TCP,
// take from it what it has not read yet.
void Connection::Impl::finish_linger() {
  if (write_broken_) {
    shut();
    return;
  }
  if (write_ended_ || queued_bytes() > 0) return;
  write_ended_ = true;
  if (tls_) {
    tls_->say_goodbye();
    write_queue();
  }
  ::shutdown(socket_.get(), SHUT_WR);
}

// --- the rest ---

void Connection::Impl::set_paused(bool paused) {
  paused_ = paused;
  if (!paused && in_.pending_bytes() > 0) at_turn_end();
  watch();
}

std::string Connection::Impl::peer() const {
  if (!peer_.credentials) return peer_.address;
  return fmt::format("uid {} pid {}", peer_.credentials->uid, peer_.credentials->pid);
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() { impl_.release()->disown(); }
void Connection::start(Handlers handlers) { impl_->start(std::move(handlers)); }
void Connection::send(const google::protobuf::MessageLite& message) { impl_->send(message); }
void Connection::send_bytes(std::string_view message) { impl_->send_bytes(message); }
std::size_t Connection::queued_bytes() const { return impl_->queued_bytes(); }
void Connection::pause_reading() { impl_->set_paused(true); }
void Connection::resume_reading() { impl_->set_paused(false); }
void Connection::close_after_flush() { impl_->close_after_flush(); }
std::optional<PeerCredentials> Connection::credentials() const { return impl_->credentials(); }
std::string Connection::peer() const { return impl_->peer(); }

}  // namespace jobq::net
