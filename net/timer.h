// SPDX-License-Identifier: Apache-2.0
// One call at one time to come, on a loop. Destroying the timer takes it back, also inside the
// call.
#pragma once

#include <functional>

#include "base/time.h"

struct uv_loop_s;

namespace jobq::net {

class Timer {
 public:
  Timer(uv_loop_s* loop, Millis after, std::function<void()> call);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  struct Handle;
  Handle* handle_;  // libuv's until it has closed it
};

}  // namespace jobq::net
