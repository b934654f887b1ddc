// SPDX-License-Identifier: Apache-2.0
// Looking at files with a user's rights, for a moment and on this thread alone. Where this process
// is not root it keeps its own.
#pragma once

#include <sys/types.h>

#include <vector>

namespace jobq::exec {

class BorrowedIdentity {
 public:
  BorrowedIdentity(uid_t uid, gid_t gid, const std::vector<gid_t>& groups);
  ~BorrowedIdentity();  // aborts where the own identity does not come back
  BorrowedIdentity(const BorrowedIdentity&) = delete;
  BorrowedIdentity& operator=(const BorrowedIdentity&) = delete;

 private:
  bool borrowed_ = false;
  std::vector<gid_t> own_groups_;
};

}  // namespace jobq::exec
