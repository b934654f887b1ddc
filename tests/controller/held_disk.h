// SPDX-License-Identifier: Apache-2.0
// A disk whose syncs can be held back, as SQLite sees it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "tests/store/wrapped_vfs.h"

namespace jobq::controller {

// SQLite's default as long as it lives; nothing of it may be open at its end. One at a time.
class HeldDisk {
 public:
  void hold() { set_held(true); }
  void let_go() { set_held(false); }
  // Until a sync stands at the gate; false: none came.
  bool wait_for_one(std::chrono::seconds limit);

 private:
  void set_held(bool now);
  void wait_at_the_gate();

  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int waiting_ = 0;
  store::WrappedVfs vfs_{{{}, {}, [this](const auto& real) {
                            wait_at_the_gate();
                            return real();
                          }}};
};

}  // namespace jobq::controller
