// SPDX-License-Identifier: Apache-2.0
// A thread with poll(2) for each link.
#include "tests/fault/link.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/check.h"
#include "tests/fault/chance.h"
#include "tests/fault/clock.h"
#include "tests/fault/packet.h"

namespace jobq::fault {
namespace {

// Of a link that frays: how many packets are lost, how many are late and how late at most.
constexpr std::int64_t kLostOneIn = 5;
constexpr std::int64_t kLateOneIn = 3;
constexpr std::int64_t kMostLateMs = 100;

// What waits for its time, in the order of that.
using Late = std::multimap<std::int64_t, std::string>;

struct Direction {
  int from = -1;
  int to = -1;
  Late late = {};
};

// A device takes a packet whole or, when its queue is full, not at all; then it is lost.
void send(int file, const std::string& packet) {
  [[maybe_unused]] const ssize_t sent = write(file, packet.data(), packet.size());
}

}  // namespace

struct Link::Impl {
  int node = -1;
  int controller = -1;
  int wake = -1;  // an eventfd, for the end
  Chance chance = {0, 0};
  std::thread thread = {};
  // Of all below. The thread has it but while it sleeps: when set() returns it is as it was told.
  std::mutex mutex = {};
  Wire wire = {};
  bool over = false;
  Direction up = {};
  Direction down = {};
  std::set<std::uint16_t> known = {};  // connections by the node's port

  bool passes(const Direction& direction, const std::string& packet);
  void take(Direction& direction, bool open);
  void give(Direction& direction, bool open) const;
  void sleep(std::int64_t until_ms) const;
  void run();
};

// What is of no known connection is answered. Of other protocols nothing passes: there is nothing
// that anybody needs.
bool Link::Impl::passes(const Direction& direction, const std::string& packet) {
  const auto segment = segment_of(packet);
  if (!segment) return false;
  const bool goes_up = &direction == &up;
  if (goes_up && segment->opens && !wire.refuses) known.insert(segment->from_port);
  if (known.contains(goes_up ? segment->from_port : segment->to_port)) return true;
  if (!segment->resets) send(direction.from, reset_for(packet));
  return false;
}

// Also where nothing may pass: a device would keep it until the wire is well again.
void Link::Impl::take(Direction& direction, bool open) {
  std::array<char, 1U << 16U> buffer{};
  for (;;) {
    const ssize_t got = read(direction.from, buffer.data(), buffer.size());
    if (got <= 0) return;
    if (!open || (wire.frays && chance.one_in(kLostOneIn))) continue;
    std::string packet(buffer.data(), static_cast<std::size_t>(got));
    if (!passes(direction, packet)) continue;
    const bool is_late = wire.frays && chance.one_in(kLateOneIn);
    const std::int64_t more_ms = is_late ? chance.between(1, kMostLateMs) : 0;
    direction.late.emplace(steady_ms() + wire.delay_ms + more_ms, std::move(packet));
  }
}

void Link::Impl::give(Direction& direction, bool open) const {
  Late& late = direction.late;
  while (!late.empty() && late.begin()->first <= steady_ms()) {
    if (open) send(direction.to, late.begin()->second);
    late.erase(late.begin());
  }
}

void Link::Impl::sleep(std::int64_t until_ms) const {
  std::array<pollfd, 3> wanted = {{{wake, POLLIN, 0}, {node, POLLIN, 0}, {controller, POLLIN, 0}}};
  const std::int64_t pause = std::max<std::int64_t>(until_ms - steady_ms(), 0);
  poll(wanted.data(), wanted.size(), static_cast<int>(pause));
}

void Link::Impl::run() {
  for (;;) {
    std::int64_t next_ms = steady_ms() + 1000;
    {
      const std::lock_guard lock(mutex);
      if (over) return;
      for (const auto& [direction, open] : {std::pair{&up, wire.up}, std::pair{&down, wire.down}}) {
        take(*direction, open);
        give(*direction, open);
        if (!direction->late.empty()) next_ms = std::min(next_ms, direction->late.begin()->first);
      }
    }
    sleep(next_ms);
  }
}

Link::Link(const NetNamespace& node, const std::string& node_address,
           const std::string& controller_address)
    : impl_(std::make_unique<Impl>()) {
  impl_->controller = open_end(controller_address, node_address);
  {
    const Inside inside(node);
    impl_->node = open_end(node_address, controller_address);
  }
  impl_->up = {impl_->node, impl_->controller};
  impl_->down = {impl_->controller, impl_->node};
  impl_->wake = eventfd(0, EFD_CLOEXEC);
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

Link::~Link() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->over = true;
  }
  const std::uint64_t one = 1;
  check(write(impl_->wake, &one, sizeof one) == sizeof one, "an eventfd takes a number");
  impl_->thread.join();
  for (const int file : {impl_->node, impl_->controller, impl_->wake}) close(file);
}

void Link::set(const Wire& wire) {
  const std::lock_guard lock(impl_->mutex);
  impl_->wire = wire;
  if (wire.refuses) impl_->known.clear();
}

void Link::reset_connections() {
  const std::lock_guard lock(impl_->mutex);
  impl_->known.clear();
}

}  // namespace jobq::fault
