// SPDX-License-Identifier: Apache-2.0
// libuv's handles as owned values: a timer, a wake-up from other threads, the end of a turn of the
// loop.
//
// libuv closes handles asynchronously; each of these keeps its handle in memory of its own that
// outlives it until the loop has closed it. Callbacks run on the loop's thread and never after the
// owner is gone.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

struct uv_loop_s;

namespace jobq::controller {

class Timer {
 public:
  Timer(uv_loop_s* loop, std::function<void()> due);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Once, after `delay` (at least 0); starting again moves it.
  void start(Millis delay);
  void repeat(Millis interval);
  void stop();

 private:
  struct Handle;
  Handle* handle_;
};

// wake() may be called from any thread, also after the owner is gone: keep it by shared_ptr.
class Waker {
 public:
  Waker(uv_loop_s* loop, std::function<void()> woken);
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  void wake();

 private:
  struct Handle;
  Handle* handle_;
};

// Calls back once after the input of this turn of the loop was read, when it was asked for; the
// loop does not sleep before.
class TurnEnd {
 public:
  TurnEnd(uv_loop_s* loop, std::function<void()> at_end);
  ~TurnEnd();
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;
  void ask();

 private:
  struct Handle;
  Handle* handle_;
};

}  // namespace jobq::controller
