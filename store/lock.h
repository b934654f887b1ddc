// SPDX-License-Identifier: Apache-2.0
// The lock that keeps a second controller out of a state directory: flock(2) on DIRECTORY/lock. The
// kernel gives it back when its process ends, however it ends; the pid in the file is only for the
// message.
#pragma once

#include <string>

#include "base/result.h"

namespace jobq::store {

class DirectoryLock {
 public:
  // kRefused, naming the process, when somebody has it.
  static Result<DirectoryLock> take(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;

  // Has any process (this one too) the lock?
  static bool is_taken(const std::string& directory);

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace jobq::store
