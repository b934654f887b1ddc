// SPDX-License-Identifier: Apache-2.0
// A simulated disk as one of SQLite's virtual file systems (see sqlite.org/vfs.html).
#pragma once

#include <sqlite3.h>

#include <string>

#include "sim/disk.h"

namespace jobq::sim {

// Known to SQLite as name(), and as the default, as long as it lives; files of it must be closed by
// then. One connection at a time has a file: locks are granted always.
class DiskVfs {
 public:
  explicit DiskVfs(Disk& disk);
  ~DiskVfs();
  DiskVfs(const DiskVfs&) = delete;
  DiskVfs& operator=(const DiskVfs&) = delete;

  const char* name() const { return name_.c_str(); }

 private:
  std::string name_;
  sqlite3_vfs vfs_{};
};

}  // namespace jobq::sim
