// SPDX-License-Identifier: Apache-2.0
// The alarm of the lease: a timerfd on the loop.
#include "exec/lease.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace jobq::exec {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

std::int64_t boottime_now_ns() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

Lease::Lease(uv_loop_s* loop, Millis grace, Handlers handlers)
    : loop_(loop),
      grace_(grace),
      handlers_(std::move(handlers)),
      alarm_(loop, Descriptor(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)),
             [this](int timer) { ring(timer); }) {}

void Lease::renew(const pb::Lease& lease) {
  lease_ = lease;
  stage_ = lease.length_ms() > 0 ? Stage::kGood : Stage::kNone;
  wait();
}

Millis Lease::time_to_end() const { return std::min(grace_, Millis{lease_.length_ms() / 2}); }

bool Lease::is_over() const {
  if (stage_ == Stage::kNone) return false;
  return stage_ != Stage::kGood || lease_.until_ns() <= boottime_now_ns();
}

// For what comes next; an alarm of 0 never rings.
void Lease::wait() {
  std::int64_t at_ns = 0;
  if (stage_ == Stage::kGood) at_ns = lease_.until_ns() - time_to_end().count * kNsPerMs;
  if (stage_ == Stage::kEnding) at_ns = lease_.until_ns();
  itimerspec when = {};
  when.it_value = {at_ns / kNsPerSecond, at_ns % kNsPerSecond};
  timerfd_settime(alarm_.descriptor(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void Lease::ring(int timer) {
  std::uint64_t count = 0;
  if (read(timer, &count, sizeof count) != sizeof count) return;
  // Where this process was held up, a newer lease may have arrived that is not read yet.
  look_ = std::make_unique<net::Timer>(loop_, Millis{1}, [this] { look(); });
}

void Lease::look() {
  look_.reset();
  const std::int64_t left_ns = lease_.until_ns() - boottime_now_ns();
  if (stage_ == Stage::kNone || stage_ == Stage::kOver) return;
  if (left_ns <= 0) {
    stage_ = Stage::kOver;
    handlers_.on_over();
  } else if (stage_ == Stage::kGood && left_ns <= time_to_end().count * kNsPerMs) {
    stage_ = Stage::kEnding;
    handlers_.on_ending(Millis{left_ns / kNsPerMs});
  }
  wait();
}

void Lease::hand_over(pb::Handover& to) const {
  *to.mutable_lease() = lease_;
  to.set_lease_over(stage_ == Stage::kOver);
}

void Lease::take_over(const pb::Handover& from) {
  renew(from.lease());
  if (from.lease_over()) stage_ = Stage::kOver;
  wait();
}

}  // namespace jobq::exec
