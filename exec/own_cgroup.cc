// SPDX-License-Identifier: Apache-2.0
// Where this process's own cgroup v2 is mounted: reading /proc/self/mountinfo and
// /proc/self/cgroup.
#include <sstream>

#include "exec/cgroups.h"

namespace jobq::exec {
namespace {

struct Mount {
  std::string root;   // the part of the hierarchy that is mounted
  std::string point;  // where
};

// Fields: id, parent, device, root, mount point, options, optional ones, "-", type, ...
bool read_mount(const std::string& line, Mount& mount) {
  std::istringstream words(line);
  std::string word;
  words >> word >> word >> word >> mount.root >> mount.point;
  while (words >> word && word != "-") {
  }
  return (words >> word) && word == "cgroup2";
}

// The path of "0::/path".
std::string membership(std::string_view memberships) {
  std::istringstream lines{std::string(memberships)};
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return {};
}

bool is_below(const std::string& path, const std::string& root) {
  return root == "/" || path == root || path.starts_with(root + "/");
}

}  // namespace

std::string own_cgroup(std::string_view mountinfo, std::string_view memberships) {
  const std::string path = membership(memberships);
  if (path.empty()) return {};
  std::istringstream lines{std::string(mountinfo)};
  std::string line;
  Mount mount;
  while (std::getline(lines, line)) {
    if (!read_mount(line, mount) || !is_below(path, mount.root)) continue;
    const std::string below = mount.root == "/" ? path : path.substr(mount.root.size());
    return below == "/" ? mount.point : mount.point + below;
  }
  return {};
}

}  // namespace jobq::exec
