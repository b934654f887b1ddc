// SPDX-License-Identifier: Apache-2.0
// One-shot timers on libuv.
#include "net/timer.h"

#include <uv.h>

#include <algorithm>

namespace jobq::net {

struct Timer::Handle {
  uv_timer_t timer{};
  std::function<void()> call;

  static Handle* of(void* handle) {
    return static_cast<Handle*>(static_cast<uv_handle_t*>(handle)->data);
  }
};

Timer::Timer(uv_loop_s* loop, Millis after, std::function<void()> call)
    : handle_(new Handle{{}, std::move(call)}) {
  uv_timer_init(loop, &handle_->timer);
  handle_->timer.data = handle_;
  // The loop's time stands still while a callback runs; a limit counts from now.
  uv_update_time(loop);
  const auto due = static_cast<std::uint64_t>(std::max<std::int64_t>(after.count, 0));
  uv_timer_start(
      &handle_->timer, [](uv_timer_t* timer) { Handle::of(timer)->call(); }, due, 0);
}

Timer::~Timer() {
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->timer),
           [](uv_handle_t* handle) { delete Handle::of(handle); });
}

}  // namespace jobq::net
