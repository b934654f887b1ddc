// SPDX-License-Identifier: Apache-2.0
// Connecting to a Unix socket on a loop.
#include <uv.h>

#include <cerrno>
#include <utility>

#include "net/client.h"
#include "net/connection_impl.h"
#include "net/socket.h"
#include "net/timer.h"

namespace jobq::net {
namespace {

constexpr Millis kRetry{20};
constexpr Millis kRetryLimit = seconds(10);

class UnixAttempt final : public Connecting {
 public:
  UnixAttempt(uv_loop_t* loop, std::string path, OnConnected done)
      : loop_(loop), path_(std::move(path)), done_(std::move(done)) {
    try_after(Millis{0});
  }

 private:
  void try_after(Millis wait) {
    timer_ = std::make_unique<Timer>(loop_, wait, [this] { try_now(); });
  }

  void try_now() {
    const auto address = unix_address(path_);
    if (!address) {
      finish(tl::unexpected(address.error()));
      return;
    }
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket && ::connect(socket.get(), address->get(), address->length) == 0) {
      Connection::Impl::Peer peer{peer_credentials(socket.get()), path_};
      finish(Connection::Impl::make(loop_, std::move(socket), std::move(peer)));
    } else if (errno == EAGAIN && waited_ < kRetryLimit) {
      // The queue of those who wait to be accepted is full; the kernel does not say when it is not.
      waited_ = waited_ + kRetry;
      try_after(kRetry);
    } else {
      finish(tl::unexpected(unix_connect_error(path_, errno)));
    }
  }

  // The last thing that is done: the callback may destroy this.
  void finish(Result<std::unique_ptr<Connection>> result) {
    const OnConnected done = std::move(done_);
    done(std::move(result));
  }

  uv_loop_t* loop_;
  std::string path_;
  OnConnected done_;
  Millis waited_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace

std::unique_ptr<Connecting> connect_unix(uv_loop_s* loop, const std::string& path,
                                         OnConnected done) {
  return std::make_unique<UnixAttempt>(loop, path, std::move(done));
}

}  // namespace jobq::net
