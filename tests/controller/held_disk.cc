// SPDX-License-Identifier: Apache-2.0
// Syncs come from the thread of the journal, the gate is moved by the test's.
#include "tests/controller/held_disk.h"

namespace jobq::controller {

bool HeldDisk::wait_for_one(std::chrono::seconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return waiting_ > 0; });
}

void HeldDisk::set_held(bool now) {
  const std::lock_guard lock(mutex_);
  held_ = now;
  changed_.notify_all();
}

void HeldDisk::wait_at_the_gate() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !held_; });
  --waiting_;
}

}  // namespace jobq::controller
