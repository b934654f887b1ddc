// SPDX-License-Identifier: Apache-2.0
// Directories from within.
#include "exec/file_removal.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "exec/file_place.h"
#include "exec/files.h"

namespace jobq::exec {
namespace {

constexpr std::size_t kDeepest = 250;  // directories within directories; each holds a descriptor

// 0, or what the system said.
int remove_named(int parent, const std::string& name, std::size_t depth);

int remove_inside(int directory, std::size_t depth) {
  const std::unique_ptr<DIR, int (*)(DIR*)> all(fdopendir(dup(directory)), &closedir);
  if (!all) return errno;
  std::vector<std::string> names;
  while (const dirent* entry = readdir(all.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  for (const std::string& name : names) {
    if (const int error = remove_named(directory, name, depth + 1); error != 0) return error;
  }
  return 0;
}

int remove_named(int parent, const std::string& name, std::size_t depth) {
  if (depth > kDeepest) return ELOOP;
  if (unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return errno;
  const Descriptor inside(
      openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inside) return errno == ENOTDIR ? EPERM : errno;
  if (const int error = remove_inside(inside.get(), depth); error != 0) return error;
  return unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

}  // namespace

Result<void> remove_path(const wire::FileOrder& order) {
  if (order.root().empty()) {
    return fail(ErrorCode::kDenied,
                fmt::format("{}: it lies in no storage area, and is not removed", order.path()));
  }
  const Result<NamedIn> place = open_parent(order);
  if (!place && place.error().code == ErrorCode::kNotFound) return {};
  if (!place) return tl::unexpected(place.error());
  const int error = remove_named(place->directory.get(), place->name, 0);
  if (error != 0) return path_error(order, error);
  return {};
}

}  // namespace jobq::exec
