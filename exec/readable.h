// SPDX-License-Identifier: Apache-2.0
// Calls, with the descriptor, while there is something to read from it, on a loop; never after it
// is destroyed, which may be inside the call.
#pragma once

#include <functional>

#include "exec/files.h"

struct uv_loop_s;

namespace jobq::exec {

class Readable {
 public:
  Readable(uv_loop_s* loop, Descriptor from, std::function<void(int)> call);
  ~Readable();
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;

  int descriptor() const;

 private:
  struct Watch;
  Watch* watch_;  // libuv's until it has closed it
};

}  // namespace jobq::exec
