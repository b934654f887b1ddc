// SPDX-License-Identifier: Apache-2.0
// Timers, wakers and ends of turns over libuv.
#include "controller/loop_handles.h"

#include <uv.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace jobq::controller {
namespace {

template <class Uv>
uv_handle_t* as_handle(Uv* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace

struct Timer::Handle {
  uv_timer_t uv{};
  std::function<void()> due;

  static void fire(uv_timer_t* timer) {
    // The callback may destroy the owner and with it the function that runs: run a copy.
    const auto due = static_cast<Handle*>(timer->data)->due;
    if (due) due();
  }
};

Timer::Timer(uv_loop_s* loop, std::function<void()> due) : handle_(new Handle) {
  handle_->due = std::move(due);
  check(uv_timer_init(loop, &handle_->uv) == 0, "a timer can always be made");
  handle_->uv.data = handle_;
}

Timer::~Timer() {
  handle_->due = nullptr;
  uv_close(as_handle(&handle_->uv),
           [](uv_handle_t* handle) { delete static_cast<Handle*>(handle->data); });
}

void Timer::start(Millis delay) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(delay.count, 0));
  uv_update_time(handle_->uv.loop);
  uv_timer_start(&handle_->uv, &Handle::fire, ms, 0);
}

void Timer::repeat(Millis interval) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(interval.count, 1));
  uv_timer_start(&handle_->uv, &Handle::fire, ms, ms);
}

void Timer::stop() { uv_timer_stop(&handle_->uv); }

struct Waker::Handle {
  uv_async_t uv{};
  std::function<void()> woken;

  static void fire(uv_async_t* async) {
    const auto woken = static_cast<Handle*>(async->data)->woken;
    if (woken) woken();
  }
};

Waker::Waker(uv_loop_s* loop, std::function<void()> woken) : handle_(new Handle) {
  handle_->woken = std::move(woken);
  check(uv_async_init(loop, &handle_->uv, &Handle::fire) == 0, "a waker can always be made");
  handle_->uv.data = handle_;
}

Waker::~Waker() {
  handle_->woken = nullptr;
  uv_close(as_handle(&handle_->uv),
           [](uv_handle_t* handle) { delete static_cast<Handle*>(handle->data); });
}

void Waker::wake() { uv_async_send(&handle_->uv); }

// The check handle runs right after input was read. The idle handle beside it does nothing but keep
// the loop from sleeping when the turn was asked for outside of input (a timer, start-up).
struct TurnEnd::Handle {
  uv_check_t check{};
  uv_idle_t idle{};
  bool asked = false;
  int open = 2;
  std::function<void()> at_end;

  static void fire(uv_check_t* handle) {
    auto* self = static_cast<Handle*>(handle->data);
    if (!self->asked) return;
    self->asked = false;
    uv_idle_stop(&self->idle);
    const auto at_end = self->at_end;
    if (at_end) at_end();
  }
  static void closed(uv_handle_t* handle) {
    auto* self = static_cast<Handle*>(handle->data);
    if (--self->open == 0) delete self;
  }
};

TurnEnd::TurnEnd(uv_loop_s* loop, std::function<void()> at_end) : handle_(new Handle) {
  handle_->at_end = std::move(at_end);
  check(uv_check_init(loop, &handle_->check) == 0, "a check handle can always be made");
  check(uv_idle_init(loop, &handle_->idle) == 0, "an idle handle can always be made");
  handle_->check.data = handle_;
  handle_->idle.data = handle_;
  uv_check_start(&handle_->check, &Handle::fire);
}

TurnEnd::~TurnEnd() {
  handle_->at_end = nullptr;
  uv_close(as_handle(&handle_->check), &Handle::closed);
  uv_close(as_handle(&handle_->idle), &Handle::closed);
}

void TurnEnd::ask() {
  if (handle_->asked) return;
  handle_->asked = true;
  uv_idle_start(&handle_->idle, [](uv_idle_t*) {});
}

}  // namespace jobq::controller
