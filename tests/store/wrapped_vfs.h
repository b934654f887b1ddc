// SPDX-License-Identifier: Apache-2.0
// SQLite's default VFS with something put between SQLite and the disk.
#pragma once

#include <sqlite3.h>

#include <functional>

namespace jobq::store {

// Registered as SQLite's default as long as it lives; nothing of it may be open at its end. One at
// a time.
class WrappedVfs {
 public:
  // `real` does what SQLite asked for, of a write its first bytes. It and the hooks answer with
  // SQLite's codes. Without a hook it is just done.
  using Real = std::function<int()>;
  using RealWrite = std::function<int(int first)>;
  struct Hooks {
    std::function<int(int size, const RealWrite& real)> write;
    std::function<int(const Real& real)> truncate;
    std::function<int(const Real& real)> sync;
  };

  explicit WrappedVfs(Hooks with);
  ~WrappedVfs();
  WrappedVfs(const WrappedVfs&) = delete;
  WrappedVfs& operator=(const WrappedVfs&) = delete;
};

}  // namespace jobq::store
