// SPDX-License-Identifier: Apache-2.0
// Identities for the file system. The calls are raw: glibc's setgroups() would change every thread
// of the process.
//
// The kernel takes the capabilities of files away with the user (capabilities(7), "Effect of user
// ID changes"); all others would stay: to look into processes, to write past quotas. None is in
// effect while the identity is borrowed.
#include "exec/borrowed_identity.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/check.h"

namespace jobq::exec {

using Capabilities = BorrowedIdentity::Capabilities;

namespace {

bool set_groups(const std::vector<gid_t>& groups) {
  return syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
}

__user_cap_header_struct of_this_thread() { return {_LINUX_CAPABILITY_VERSION_3, 0}; }

Capabilities capabilities() {
  __user_cap_header_struct header = of_this_thread();
  std::array<__user_cap_data_struct, 2> data = {};
  check(syscall(SYS_capget, &header, data.data()) == 0, "a thread knows its capabilities");
  return {data[0].effective, data[0].permitted, data[0].inheritable,
          data[1].effective, data[1].permitted, data[1].inheritable};
}

bool set_capabilities(const Capabilities& all) {
  __user_cap_header_struct header = of_this_thread();
  const std::array<__user_cap_data_struct, 2> data = {
      {{all[0], all[1], all[2]}, {all[3], all[4], all[5]}}};
  return syscall(SYS_capset, &header, data.data()) == 0;
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
  own_capabilities_ = capabilities();
  const bool has_groups = set_groups(groups);
  setfsgid(gid);
  setfsuid(uid);
  check(has_groups && is_fs_group(gid) && is_fs_user(uid), "root may look with a user's eyes");
  Capabilities none = own_capabilities_;
  none[0] = none[3] = 0;
  check(set_capabilities(none), "capabilities can be put aside");
}

BorrowedIdentity::~BorrowedIdentity() {
  if (!borrowed_) return;
  const int error = errno;
  check(set_capabilities(own_capabilities_), "capabilities that were put aside come back");
  setfsuid(geteuid());
  setfsgid(getegid());
  const bool has_groups = set_groups(own_groups_);
  check(has_groups && is_fs_user(geteuid()) && is_fs_group(getegid()), "one's own identity");
  errno = error;
}

}  // namespace jobq::exec
