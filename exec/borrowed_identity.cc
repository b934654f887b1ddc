// SPDX-License-Identifier: Apache-2.0
// Identities for the file system. The calls are raw: glibc's setgroups() would change every thread
// of the process.
#include "exec/borrowed_identity.h"

#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"

namespace jobq::exec {
namespace {

bool set_groups(const std::vector<gid_t>& groups) {
  return syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
}

// setfsuid answers what was before, and has no other way to say no than to change nothing.
bool is_fs_user(uid_t uid) { return setfsuid(static_cast<uid_t>(-1)) == static_cast<int>(uid); }
bool is_fs_group(gid_t gid) { return setfsgid(static_cast<gid_t>(-1)) == static_cast<int>(gid); }

}  // namespace

BorrowedIdentity::BorrowedIdentity(uid_t uid, gid_t gid, const std::vector<gid_t>& groups) {
  if (geteuid() != 0 || uid == 0) return;
  own_groups_.resize(static_cast<std::size_t>(getgroups(0, nullptr)));
  const int count = getgroups(static_cast<int>(own_groups_.size()), own_groups_.data());
  own_groups_.resize(static_cast<std::size_t>(count));
  borrowed_ = true;
  const bool has_groups = set_groups(groups);
  setfsgid(gid);
  setfsuid(uid);
  check(has_groups && is_fs_group(gid) && is_fs_user(uid), "root may look with a user's eyes");
}

BorrowedIdentity::~BorrowedIdentity() {
  if (!borrowed_) return;
  const int error = errno;
  setfsuid(geteuid());
  setfsgid(getegid());
  const bool has_groups = set_groups(own_groups_);
  check(has_groups && is_fs_user(geteuid()) && is_fs_group(getegid()), "one's own identity");
  errno = error;
}

}  // namespace jobq::exec
