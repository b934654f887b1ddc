// SPDX-License-Identifier: Apache-2.0
// A disk whose syncs can be held back, as SQLite sees it: the default VFS with a gate put in.
#pragma once

#include <chrono>

namespace jobq::controller {

// SQLite's default as long as it lives; nothing of it may be open at its end. One at a time.
class HeldDisk {
 public:
  HeldDisk();
  ~HeldDisk();
  HeldDisk(const HeldDisk&) = delete;
  HeldDisk& operator=(const HeldDisk&) = delete;

  void hold();
  void let_go();
  // Until a sync stands at the gate; false: none came.
  bool wait_for_one(std::chrono::seconds limit);
};

}  // namespace jobq::controller
