// SPDX-License-Identifier: Apache-2.0
// The connection of a command: plain calls on one descriptor.
//
// The descriptor is left blocking. A receive without a limit is one system call; everything else
// waits in poll(2). While a message does not fit into the socket, what arrives is read and kept, so
// that two peers that both write much do not wait for each other.
#include <fmt/format.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/time.h"
#include "net/client.h"
#include "net/framing.h"
#include "net/socket.h"
#include "net/tls.h"

namespace jobq::net {
namespace {

constexpr std::int64_t kUnixConnectSeconds = 10;

// The moment at which a limit has passed; none: never.
class Deadline {
 public:
  explicit Deadline(std::optional<Millis> limit) {
    if (limit) at_ns_ = steady_now_ns() + limit->count * kNsPerMs;
  }
  // For poll(2): rounded up, so that the last wait is not a busy one.
  int left_ms() const {
    if (!at_ns_) return -1;
    const std::int64_t left = (*at_ns_ - steady_now_ns() + kNsPerMs - 1) / kNsPerMs;
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
  }
  bool never() const { return !at_ns_; }

 private:
  std::optional<std::int64_t> at_ns_;
};

// What is there of the events within the time; 0 when it passes.
short wait_for(int fd, short events, const Deadline& deadline) {
  pollfd entry{fd, events, 0};
  int n = 0;
  do {
    n = ::poll(&entry, 1, deadline.left_ms());
  } while (n < 0 && errno == EINTR);
  return n > 0 ? entry.revents : short{0};
}

class Client final : public BlockingClient {
 public:
  explicit Client(Descriptor socket) : socket_(std::move(socket)) {}

  Result<void> shake_hands(std::unique_ptr<TlsSession> tls, const Deadline& deadline);

  Result<void> send(const google::protobuf::MessageLite& message) override;
  Result<std::string_view> receive(std::optional<Millis> limit) override;
  int descriptor() const override { return socket_.get(); }
  bool has_buffered() const override { return in_.ready(); }

 private:
  enum class Got { kBytes, kNothing, kEnd };

  Got read_once(int flags);
  Got decrypt_all();
  Result<void> write_all(Buffer& bytes);
  Result<void> lost(int error);
  std::string ending() const { return "the controller closed the connection" + in_.truncation(); }
  std::span<char> scratch(std::size_t which);

  Descriptor socket_;
  std::unique_ptr<TlsSession> tls_;
  Deframer in_;
  Buffer out_;
  std::array<std::unique_ptr<char[]>, 2> scratch_;  // as they come; decrypted
};

std::span<char> Client::scratch(std::size_t which) {
  if (!scratch_[which]) scratch_[which] = std::make_unique_for_overwrite<char[]>(kReadBytes);
  return {scratch_[which].get(), kReadBytes};
}

Client::Got Client::read_once(int flags) {
  const std::span<char> space = tls_ ? scratch(1) : in_.space(scratch(0));
  const ssize_t n = receive_some(socket_.get(), space, flags);
  if (n < 0 && would_block(errno)) return Got::kNothing;
  if (n <= 0) return Got::kEnd;
  const auto count = static_cast<std::size_t>(n);
  if (tls_) {
    tls_->received({space.data(), count});
    return decrypt_all();
  }
  in_.commit(count);
  return Got::kBytes;
}

Client::Got Client::decrypt_all() {
  for (;;) {
    const auto n = tls_->read(in_.space(scratch(0)));
    if (!n) return in_.ready() ? Got::kBytes : Got::kEnd;
    if (*n == 0) return Got::kBytes;
    in_.commit(*n);
  }
}

Result<void> Client::send(const google::protobuf::MessageLite& message) {
  if (auto appended = append_message(out_, message); !appended) return appended;
  if (!tls_) return write_all(out_);
  if (auto encrypted = tls_->write(out_.view()); !encrypted) return encrypted;
  out_.clear();
  return write_all(tls_->to_send());
}

Result<void> Client::write_all(Buffer& bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send_some(socket_.get(), bytes.view());
    if (n >= 0) {
      bytes.consume(static_cast<std::size_t>(n));
    } else if (would_block(errno)) {
      const short there = wait_for(socket_.get(), POLLIN | POLLOUT, Deadline(std::nullopt));
      if ((there & POLLIN) != 0 && read_once(MSG_DONTWAIT) == Got::kEnd) return lost(EPIPE);
    } else {
      const int error = errno;
      bytes.clear();
      return lost(error);
    }
  }
  return {};
}

// The peer takes nothing more. Its last words may be there to be read.
Result<void> Client::lost(int error) {
  if (has_buffered() || (read_once(MSG_DONTWAIT) == Got::kBytes && has_buffered())) return {};
  if (error == EPIPE || error == ECONNRESET) return fail(ErrorCode::kUnreachable, ending());
  return fail(ErrorCode::kUnreachable, "the connection broke: " + error_text(error));
}

Result<std::string_view> Client::receive(std::optional<Millis> limit) {
  const Deadline deadline(limit);
  for (;;) {
    const auto message = in_.next();
    if (!message) {
      return fail(ErrorCode::kInternal,
                  "the peer does not speak the protocol: " + message.error().message);
    }
    if (*message) return **message;
    const Got got = read_once(deadline.never() ? 0 : MSG_DONTWAIT);
    if (got == Got::kEnd) return fail(ErrorCode::kUnreachable, ending());
    if (got == Got::kBytes) continue;
    if (wait_for(socket_.get(), POLLIN, deadline) == 0) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("no answer within {}", format_duration(*limit)));
    }
  }
}

Result<void> Client::shake_hands(std::unique_ptr<TlsSession> tls, const Deadline& deadline) {
  for (;;) {
    const auto done = tls->handshake();
    // Also when it failed: the peer should know why.
    if (auto sent = write_all(tls->to_send()); !sent && done) return sent;
    if (!done) return tl::unexpected(done.error());
    if (*done) break;
    if (wait_for(socket_.get(), POLLIN, deadline) == 0) {
      return fail(ErrorCode::kUnreachable, "it does not answer");
    }
    const std::span<char> space = scratch(1);
    const ssize_t n = receive_some(socket_.get(), space, MSG_DONTWAIT);
    if (n == 0) return fail(ErrorCode::kUnreachable, "it closed the connection");
    if (n < 0 && would_block(errno)) continue;
    if (n < 0) return fail(ErrorCode::kUnreachable, error_text(errno));
    tls->received({space.data(), static_cast<std::size_t>(n)});
  }
  tls_ = std::move(tls);
  decrypt_all();  // what came right behind the handshake
  return {};
}

// Connects within the deadline; leaves the socket blocking.
Result<Descriptor> connect_to(const TcpAddress& address, const SocketAddress& place,
                              const Deadline& deadline) {
  Descriptor socket(
      ::socket(place.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return tl::unexpected(tcp_connect_error(address, errno));
  if (::connect(socket.get(), place.get(), place.length) != 0) {
    if (errno != EINPROGRESS) return tl::unexpected(tcp_connect_error(address, errno));
    const bool answered = wait_for(socket.get(), POLLOUT, deadline) != 0;
    const int error = answered ? pending_error(socket.get()) : ETIMEDOUT;
    if (error != 0) return tl::unexpected(tcp_connect_error(address, error));
  }
  set_blocking(socket.get());
  tune_tcp(socket.get());
  return socket;
}

}  // namespace

Result<std::unique_ptr<BlockingClient>> BlockingClient::connect_unix(const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return tl::unexpected(address.error());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // A controller that accepts nothing is waited for so long, not for ever.
  const timeval patience{kUnixConnectSeconds, 0};
  const timeval for_ever{0, 0};
  if (socket) ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  int connected = -1;
  do {
    connected = socket ? ::connect(socket.get(), address->get(), address->length) : -1;
  } while (connected != 0 && errno == EINTR);
  if (connected != 0) return tl::unexpected(unix_connect_error(path, errno));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &for_ever, sizeof for_ever);
  return std::make_unique<Client>(std::move(socket));
}

Result<std::unique_ptr<BlockingClient>> BlockingClient::connect_tcp(const TcpAddress& address,
                                                                    const ClusterKey& key,
                                                                    Millis limit) {
  const Deadline deadline(limit);
  auto tls = TlsContext::make(TlsSide::kClient, key);
  if (!tls) return tl::unexpected(tls.error());
  const auto places = resolve(address, Resolve::kNames);
  if (!places) return tl::unexpected(places.error());
  Result<Descriptor> socket = tl::unexpected(tcp_connect_error(address, EADDRNOTAVAIL));
  for (const SocketAddress& place : *places) {
    socket = connect_to(address, place, deadline);
    if (socket) break;
  }
  if (!socket) return tl::unexpected(socket.error());
  auto client = std::make_unique<Client>(std::move(*socket));
  if (auto done = client->shake_hands(std::make_unique<TlsSession>(*tls), deadline); !done) {
    return tl::unexpected(handshake_error(address, done.error()));
  }
  return client;
}

}  // namespace jobq::net
