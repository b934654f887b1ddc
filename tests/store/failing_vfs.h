// SPDX-License-Identifier: Apache-2.0
// A disk that fails on demand, as SQLite sees it.
#pragma once

#include <atomic>

#include "tests/store/wrapped_vfs.h"

namespace jobq::store {

// SQLite's default as long as it lives. One at a time.
class FailingVfs {
 public:
  // The nth write, sync or truncation from now (1: the next) fails with SQLite's `code`; what
  // follows it works again, or fails as well when `stays`. Half of what a failed write was to write
  // is written.
  void fail_at(int nth, int code, bool stays);
  void heal();
  // Has a call failed since fail_at()?
  bool has_failed() const;

 private:
  bool fails_now();
  int write(int size, const WrappedVfs::RealWrite& real);

  std::atomic<int> left_{0};  // calls until one fails; 0: none will
  std::atomic<int> failure_{SQLITE_OK};
  std::atomic<bool> failure_stays_{false};
  std::atomic<bool> failed_{false};
  WrappedVfs vfs_{{
      [this](int size, const WrappedVfs::RealWrite& real) { return write(size, real); },
      [this](const auto& real) { return fails_now() ? SQLITE_IOERR_TRUNCATE : real(); },
      [this](const auto& real) { return fails_now() ? SQLITE_IOERR_FSYNC : real(); },
  }};
};

}  // namespace jobq::store
