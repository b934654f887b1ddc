// SPDX-License-Identifier: Apache-2.0
// Looking at files with a user's rights and no others, for a moment and on this thread alone. Where
// this process is not root it keeps its own.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <vector>

namespace jobq::exec {

class BorrowedIdentity {
 public:
  BorrowedIdentity(uid_t uid, gid_t gid, const std::vector<gid_t>& groups);
  ~BorrowedIdentity();  // aborts where the own identity does not come back
  BorrowedIdentity(const BorrowedIdentity&) = delete;
  BorrowedIdentity& operator=(const BorrowedIdentity&) = delete;

  // Effective, permitted and inheritable ones, of 0 to 31 and of 32 on.
  using Capabilities = std::array<std::uint32_t, 6>;

 private:
  bool borrowed_ = false;
  std::vector<gid_t> own_groups_;
  Capabilities own_capabilities_ = {};
};

}  // namespace jobq::exec
