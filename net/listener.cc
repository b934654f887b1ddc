// SPDX-License-Identifier: Apache-2.0
// The accept loop.
#include "net/listener.h"

#include <fmt/format.h>
#include <uv.h>

#include <cerrno>

#include "base/log.h"
#include "net/timer.h"

namespace jobq::net {
namespace {

constexpr int kAcceptsAtOnce = 64;  // then the others on the loop have their turn
constexpr Millis kPause{200};

// What concerns one connection that was about to come, not the listening socket (accept(2)).
bool concerns_one(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH: return true;
    default: return false;
  }
}

}  // namespace

struct Listener::Watch {
  uv_poll_t poll{};
  Descriptor socket;
  std::string name;
  OnAccept on_accept;
  std::unique_ptr<Timer> pause;
  bool complained = false;  // since the last connection that was accepted

  static Watch* of(void* handle) {
    return static_cast<Watch*>(static_cast<uv_handle_t*>(handle)->data);
  }
  bool open() const { return static_cast<bool>(socket); }

  void watch() {
    uv_poll_start(&poll, UV_READABLE,
                  [](uv_poll_t* handle, int, int) { of(handle)->accept_all(); });
  }

  void accept_all() {
    for (int i = 0; i < kAcceptsAtOnce && open() && accept_one(); ++i) {
    }
  }

  // False when there is nothing more to accept now.
  bool accept_one() {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    Descriptor accepted(
        ::accept4(socket.get(), peer.get(), &peer.length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (accepted) {
      complained = false;
      on_accept(std::move(accepted), peer);
      return true;
    }
    if (concerns_one(errno)) return true;
    if (!would_block(errno)) wait_a_moment(errno);
    return false;
  }

  // Those who connect wait in the kernel's queue meanwhile.
  void wait_a_moment(int error) {
    if (!complained) {
      log::error("cannot accept connections on {}: {}; trying again every {}", name,
                 error_text(error), format_duration(kPause));
    }
    complained = true;
    uv_poll_stop(&poll);
    pause = std::make_unique<Timer>(poll.loop, kPause, [this] {
      pause.reset();
      watch();
    });
  }
};

Result<std::unique_ptr<Listener>> Listener::make(uv_loop_s* loop, Descriptor socket,
                                                 std::string name, OnAccept on_accept) {
  auto watch = std::make_unique<Watch>();
  watch->socket = std::move(socket);
  watch->name = std::move(name);
  watch->on_accept = std::move(on_accept);
  if (const int error = uv_poll_init(loop, &watch->poll, watch->socket.get()); error < 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("cannot watch {}: {}", watch->name, uv_strerror(error)));
  }
  watch->poll.data = watch.get();
  watch->watch();
  return std::unique_ptr<Listener>(new Listener(std::move(watch)));
}

Listener::Listener(std::unique_ptr<Watch> watch) : watch_(watch.release()) {}

int Listener::descriptor() const { return watch_->socket.get(); }

Listener::~Listener() {
  watch_->pause.reset();
  uv_close(reinterpret_cast<uv_handle_t*>(&watch_->poll),
           [](uv_handle_t* handle) { delete Watch::of(handle); });
  watch_->socket.close();
}

}  // namespace jobq::net
