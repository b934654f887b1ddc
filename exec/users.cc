// SPDX-License-Identifier: Apache-2.0
// Asking the name service.
#include "exec/users.h"

#include <grp.h>
#include <pwd.h>

#include <cerrno>

#include "base/time.h"

namespace jobq::exec {
namespace {

constexpr std::int64_t kGoodForNs = 60'000'000'000;
constexpr int kMostGroups = 65536;  // of the kernel

std::vector<gid_t> groups_of(const std::string& name, gid_t gid) {
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  while (getgrouplist(name.c_str(), gid, groups.data(), &count) < 0 && count < kMostGroups) {
    groups.resize(static_cast<std::size_t>(count) * 2);
    count = static_cast<int>(groups.size());
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

User look_up(uid_t uid, gid_t gid) {
  std::vector<char> texts(4096);
  passwd entry = {};
  passwd* found = nullptr;
  while (getpwuid_r(uid, &entry, texts.data(), texts.size(), &found) == ERANGE) {
    texts.resize(texts.size() * 2);
  }
  if (found == nullptr) return {std::to_string(uid), "/", "/bin/sh", {gid}};
  User user{found->pw_name, found->pw_dir, found->pw_shell, {}};
  user.groups = groups_of(user.name, gid);
  if (user.home.empty()) user.home = "/";
  if (user.shell.empty()) user.shell = "/bin/sh";
  return user;
}

}  // namespace

const User& Users::find(uid_t uid, gid_t gid) {
  const std::int64_t now_ns = steady_now_ns();
  Known& known = known_[{uid, gid}];
  if (known.at_ns == 0 || now_ns - known.at_ns > kGoodForNs) known = {look_up(uid, gid), now_ns};
  return known.user;
}

}  // namespace jobq::exec
