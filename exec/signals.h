// SPDX-License-Identifier: Apache-2.0
// Signals of this process on a loop, one at a time. They are blocked, and taken from a descriptor:
// what is not taken yet stays with the process, also when it executes another program.
#pragma once

#include <functional>
#include <initializer_list>

#include "exec/readable.h"

namespace jobq::exec {

class Signals {
 public:
  Signals(uv_loop_s* loop, std::initializer_list<int> numbers, std::function<void(int)> call);

 private:
  Readable signals_;
};

}  // namespace jobq::exec
