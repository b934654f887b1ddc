// SPDX-License-Identifier: Apache-2.0
// A disk that fails on demand, as SQLite sees it: the default VFS with failures put in.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>

namespace jobq::store {

// Registered as SQLite's default as long as it lives. One at a time.
class FailingVfs {
 public:
  FailingVfs();
  ~FailingVfs();
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;

  // The nth write, sync or truncation from now (1: the next) fails with SQLite's `code`; what
  // follows it works again, or fails as well when `stays`. Half of what a failed write was to write
  // is written.
  void fail_at(int nth, int code, bool stays);
  void heal();
  // Has a call failed since fail_at()?
  bool has_failed() const;
};

}  // namespace jobq::store
