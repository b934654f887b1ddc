// SPDX-License-Identifier: Apache-2.0
// Connecting over TCP on a loop: the name's addresses one after another, then the TLS handshake,
// all within one limit.
#include <fmt/format.h>
#include <netdb.h>
#include <uv.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "net/client.h"
#include "net/connection_impl.h"
#include "net/socket.h"
#include "net/timer.h"
#include "net/tls.h"

namespace jobq::net {
namespace {

// Calls once when a socket can be written: it is connected, or it failed to be.
class WritableWatch {
 public:
  WritableWatch(uv_loop_t* loop, int fd, std::function<void()> call)
      : handle_(new Handle{{}, std::move(call)}) {
    if (uv_poll_init(loop, &handle_->poll, fd) < 0) {
      delete std::exchange(handle_, nullptr);  // the limit of the attempt ends it
      return;
    }
    handle_->poll.data = handle_;
    uv_poll_start(&handle_->poll, UV_WRITABLE,
                  [](uv_poll_t* poll, int, int) { static_cast<Handle*>(poll->data)->call(); });
  }
  ~WritableWatch() {
    if (handle_ == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_->poll),
             [](uv_handle_t* handle) { delete static_cast<Handle*>(handle->data); });
  }
  WritableWatch(const WritableWatch&) = delete;
  WritableWatch& operator=(const WritableWatch&) = delete;

 private:
  struct Handle {
    uv_poll_t poll;
    std::function<void()> call;
  };
  Handle* handle_;
};

// Asks for the addresses of a name on libuv's pool of threads.
class Lookup {
 public:
  using OnFound = std::function<void(Result<std::vector<SocketAddress>>)>;

  Lookup(TcpAddress address, OnFound done) : address_(std::move(address)), done_(std::move(done)) {}
  ~Lookup() {
    if (request_ == nullptr) return;
    request_->data = nullptr;  // a lookup that runs cannot be stopped: it ends unheard
    uv_cancel(reinterpret_cast<uv_req_t*>(request_));
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  void start(uv_loop_t* loop) {
    request_ = new uv_getaddrinfo_t{};
    request_->data = this;
    const addrinfo hints = hints_for(Resolve::kNames);
    const std::string port = std::to_string(address_.port);
    const auto found = [](uv_getaddrinfo_t* request, int status, addrinfo* list) {
      auto* lookup = static_cast<Lookup*>(request->data);
      delete request;
      if (lookup != nullptr) lookup->end(status, list);
      uv_freeaddrinfo(list);
    };
    const int error =
        uv_getaddrinfo(loop, request_, found, address_.host.c_str(), port.c_str(), &hints);
    if (error == 0) return;
    delete request_;
    end(error, nullptr);
  }

 private:
  // The last thing that is done: the callback may destroy this.
  void end(int status, const addrinfo* list) {
    request_ = nullptr;
    const OnFound done = std::move(done_);
    if (status == 0) {
      done(to_list(list));
    } else {
      done(tl::unexpected(unknown_host(address_, uv_strerror(status))));
    }
  }

  TcpAddress address_;
  OnFound done_;
  uv_getaddrinfo_t* request_ = nullptr;  // libuv's until it has called back
};

class TcpAttempt final : public Connecting {
 public:
  TcpAttempt(uv_loop_t* loop, TcpAddress address, ClusterKey key, Millis limit, OnConnected done)
      : loop_(loop), address_(std::move(address)), key_(std::move(key)), done_(std::move(done)) {
    start_ = std::make_unique<Timer>(loop, Millis{0}, [this] { begin(); });
    limit_ = std::make_unique<Timer>(loop, limit, [this, limit] {
      finish(
          fail(ErrorCode::kUnreachable, fmt::format("no controller answers at {} within {}",
                                                    to_string(address_), format_duration(limit))));
    });
  }

 private:
  void begin() {
    auto tls = TlsContext::make(TlsSide::kClient, key_);
    if (!tls) {
      finish(tl::unexpected(tls.error()));
      return;
    }
    tls_ = std::move(*tls);
    places_ = *resolve(address_, Resolve::kNumericOnly);
    if (!places_.empty()) {
      try_next();
      return;
    }
    lookup_ = std::make_unique<Lookup>(address_, [this](Result<std::vector<SocketAddress>> found) {
      if (!found) {
        finish(tl::unexpected(found.error()));
        return;
      }
      places_ = std::move(*found);
      try_next();
    });
    lookup_->start(loop_);
  }

  void try_next() {
    for (; next_ < places_.size(); ++next_) {
      const SocketAddress& place = places_[next_];
      const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
      socket_ = Descriptor(::socket(place.storage.ss_family, type, 0));
      if (socket_ &&
          (::connect(socket_.get(), place.get(), place.length) == 0 || errno == EINPROGRESS)) {
        watch_ = std::make_unique<WritableWatch>(loop_, socket_.get(), [this] { tried(); });
        return;
      }
      last_error_ = errno;
    }
    finish(tl::unexpected(tcp_connect_error(address_, last_error_)));
  }

  void tried() {
    watch_.reset();
    last_error_ = pending_error(socket_.get());
    if (last_error_ != 0) {
      ++next_;
      try_next();
      return;
    }
    tune_tcp(socket_.get());
    auto made = Connection::Impl::make(loop_, std::move(socket_),
                                       {std::nullopt, to_string(to_address(places_[next_]))});
    if (!made) {
      finish(tl::unexpected(made.error()));
      return;
    }
    connection_ = std::move(*made);
    Connection::Impl::of(*connection_)
        .secure(std::make_unique<TlsSession>(tls_),
                [this](const Result<void>& result) { handshake_done(result); });
  }

  void handshake_done(const Result<void>& result) {
    if (result) {
      finish(std::move(connection_));
    } else {
      finish(tl::unexpected(handshake_error(address_, result.error())));
    }
  }

  // The last thing that is done: the callback may destroy this.
  void finish(Result<std::unique_ptr<Connection>> result) {
    limit_.reset();
    const OnConnected done = std::move(done_);
    done(std::move(result));
  }

  uv_loop_t* loop_;
  TcpAddress address_;
  ClusterKey key_;
  OnConnected done_;
  std::unique_ptr<Timer> start_;
  std::unique_ptr<Timer> limit_;
  std::shared_ptr<TlsContext> tls_;
  std::unique_ptr<Lookup> lookup_;
  std::vector<SocketAddress> places_;
  std::size_t next_ = 0;
  int last_error_ = 0;
  Descriptor socket_;
  std::unique_ptr<WritableWatch> watch_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

std::unique_ptr<Connecting> connect_tcp(uv_loop_s* loop, const TcpAddress& address,
                                        const ClusterKey& key, Millis limit, OnConnected done) {
  return std::make_unique<TcpAttempt>(loop, address, key, limit, std::move(done));
}

}  // namespace jobq::net
