// SPDX-License-Identifier: Apache-2.0
// A thread with poll(2) for each proxy.
#include "tests/fault/proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "base/check.h"
#include "tests/fault/clock.h"

namespace jobq::fault {
namespace {

constexpr std::size_t kMostHeld = 1U << 20U;  // of one direction; past it nothing is read

sockaddr_in socket_address(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  check(inet_pton(AF_INET, address.c_str(), &result.sin_addr) == 1, "a loopback address");
  return result;
}

const sockaddr* plain(const sockaddr_in& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

int tcp_socket(int flags = 0) {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  check(file >= 0, "a socket");
  return file;
}

void reset(int file) {
  const linger now{1, 0};
  setsockopt(file, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(file);
}

struct Piece {
  std::int64_t due_ms = 0;
  std::string bytes;
};

// One direction of a connection.
struct Flow {
  int from = -1;
  int to = -1;
  std::deque<Piece> pieces = {};
  std::size_t held = 0;
  bool ended = false;  // the sender said its last
};

struct Pair {
  Flow up;
  Flow down;
};

// False where the flow is over, the connection with it.
bool take(Flow& flow, std::int64_t delay_ms) {
  std::array<char, 1U << 16U> buffer{};
  const ssize_t got = recv(flow.from, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) {
    flow.ended = true;
    return true;
  }
  flow.pieces.push_back({steady_ms() + delay_ms, {buffer.data(), static_cast<std::size_t>(got)}});
  flow.held += static_cast<std::size_t>(got);
  return true;
}

bool give(Flow& flow) {
  while (!flow.pieces.empty() && flow.pieces.front().due_ms <= steady_ms()) {
    Piece& piece = flow.pieces.front();
    const ssize_t sent =
        send(flow.to, piece.bytes.data(), piece.bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    flow.held -= static_cast<std::size_t>(sent);
    piece.bytes.erase(0, static_cast<std::size_t>(sent));
    if (!piece.bytes.empty()) return true;
    flow.pieces.pop_front();
  }
  return !(flow.ended && flow.pieces.empty());
}

}  // namespace

struct Proxy::Impl {
  sockaddr_in target{};
  int listener = -1;
  int wake = -1;
  std::mutex mutex = {};  // of the three below
  Wire wire = {};
  bool resets = false;
  bool over = false;
  std::list<Pair> pairs = {};  // the thread's own
  std::thread thread = {};

  void tell() const {
    const std::uint64_t one = 1;
    check(write(wake, &one, sizeof one) == sizeof one, "an eventfd takes a number");
  }
  void accept_one();
  void drop_all();
  void turn(const Wire& now);
  void sleep_until_needed(const Wire& now);
  void run();
};

void Proxy::Impl::accept_one() {
  const int node = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (node < 0) return;
  const int controller = tcp_socket();
  // On loopback this is answered at once, whether anybody listens or not.
  if (connect(controller, plain(target), sizeof target) != 0) {
    close(controller);
    reset(node);
    return;
  }
  pairs.push_back({{node, controller}, {controller, node}});
}

void Proxy::Impl::drop_all() {
  for (const Pair& pair : pairs) {
    reset(pair.up.from);
    reset(pair.up.to);
  }
  pairs.clear();
}

void Proxy::Impl::turn(const Wire& now) {
  for (auto at = pairs.begin(); at != pairs.end();) {
    bool lives = true;
    for (auto [flow, open] : {std::pair{&at->up, now.up}, std::pair{&at->down, now.down}}) {
      if (!open) continue;
      if (!flow->ended && flow->held < kMostHeld) lives = lives && take(*flow, now.delay_ms);
      lives = lives && give(*flow);
    }
    if (lives) {
      ++at;
      continue;
    }
    close(at->up.from);
    close(at->up.to);
    at = pairs.erase(at);
  }
}

void Proxy::Impl::sleep_until_needed(const Wire& now) {
  std::vector<pollfd> wanted = {{wake, POLLIN, 0}};
  if (now.up && now.down) wanted.push_back({listener, POLLIN, 0});
  std::int64_t next_ms = steady_ms() + 1000;
  for (const Pair& pair : pairs) {
    for (auto [flow, open] : {std::pair{&pair.up, now.up}, std::pair{&pair.down, now.down}}) {
      if (!open) continue;
      if (!flow->ended && flow->held < kMostHeld) wanted.push_back({flow->from, POLLIN, 0});
      if (flow->pieces.empty()) continue;
      if (flow->pieces.front().due_ms <= steady_ms())
        wanted.push_back({flow->to, POLLOUT, 0});
      else
        next_ms = std::min(next_ms, flow->pieces.front().due_ms);
    }
  }
  const std::int64_t pause = std::max<std::int64_t>(next_ms - steady_ms(), 0);
  poll(wanted.data(), wanted.size(), static_cast<int>(pause));
  if ((wanted[0].revents & POLLIN) != 0) {
    std::uint64_t count = 0;
    check(read(wake, &count, sizeof count) == sizeof count, "an eventfd gives its number");
  }
  if (wanted.size() > 1 && wanted[1].fd == listener && (wanted[1].revents & POLLIN) != 0) {
    accept_one();
  }
}

void Proxy::Impl::run() {
  for (;;) {
    Wire now;
    {
      const std::lock_guard lock(mutex);
      if (over) break;
      now = wire;
      if (resets || now.refuses) drop_all();
      resets = false;
    }
    turn(now);
    sleep_until_needed(now);
  }
  drop_all();
}

Proxy::Proxy(const std::string& address, std::uint16_t port, std::uint16_t target_port)
    : impl_(std::make_unique<Impl>()) {
  impl_->target = socket_address(address, target_port);
  impl_->listener = tcp_socket(SOCK_NONBLOCK);
  const int yes = 1;
  setsockopt(impl_->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in here = socket_address(address, port);
  check(bind(impl_->listener, plain(here), sizeof here) == 0, "the proxy's address is free");
  check(listen(impl_->listener, SOMAXCONN) == 0, "a socket that listens");
  impl_->wake = eventfd(0, EFD_CLOEXEC);
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

Proxy::~Proxy() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->over = true;
  }
  impl_->tell();
  impl_->thread.join();
  close(impl_->listener);
  close(impl_->wake);
}

void Proxy::set(const Wire& wire) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->wire = wire;
  }
  impl_->tell();
}

void Proxy::reset_connections() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->resets = true;
  }
  impl_->tell();
}

}  // namespace jobq::fault
