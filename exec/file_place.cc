// SPDX-License-Identifier: Apache-2.0
// Paths of file orders.
#include "exec/file_place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "exec/error_text.h"

namespace jobq::exec {
namespace {

constexpr unsigned kDirectoryMode = 0755;

std::string without_slashes_behind(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// In an area every path begins at its directory.
std::string below(const std::string& path) {
  const std::size_t begin = path.find_first_not_of('/');
  return begin == std::string::npos ? "." : path.substr(begin);
}

int open_beneath(const std::string& root, const std::string& path, int flags) {
  const Descriptor top(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) return -1;
  open_how how = {};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const std::string inside = below(path);
  return static_cast<int>(syscall(SYS_openat2, top.get(), inside.c_str(), &how, sizeof how));
}

// A link such as /proc/PID/cwd leads past directories that are closed to who follows it.
int open_anywhere(const std::string& path, int flags) {
  open_how how = {};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how));
}

int open_one(const wire::FileOrder& order, const std::string& path, int flags) {
  flags |= O_CLOEXEC;
  return order.root().empty() ? open_anywhere(path, flags)
                              : open_beneath(order.root(), path, flags);
}

Result<NamedIn> open_parent_of(const wire::FileOrder& order, const std::string& full) {
  const std::string path = without_slashes_behind(full);
  const std::size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (name.empty() || name == "." || name == "..") {
    return fail(ErrorCode::kUsage, fmt::format("'{}' names no file", full));
  }
  Descriptor directory(open_one(order, parent, O_PATH | O_DIRECTORY));
  if (!directory) return path_error(order, errno);
  return NamedIn{std::move(directory), std::move(name)};
}

}  // namespace

tl::unexpected<Error> path_error(const wire::FileOrder& order, int error) {
  const std::string& path = order.path();
  switch (error) {
    case ENOENT: return fail(ErrorCode::kNotFound, fmt::format("{}: {}", path, error_text(error)));
    case EACCES:
    case EPERM: return fail(ErrorCode::kDenied, fmt::format("{}: {}", path, error_text(error)));
    case EXDEV:
      return fail(ErrorCode::kDenied, fmt::format("{}: it leads out of the storage area", path));
    case ELOOP:
      return fail(
          ErrorCode::kDenied,
          fmt::format("{}: it leads through links in a circle, or through one of /proc that "
                      "is none by its text",
                      path));
    default: return fail(ErrorCode::kRefused, fmt::format("{}: {}", path, error_text(error)));
  }
}

Result<Descriptor> open_path(const wire::FileOrder& order, int flags) {
  Descriptor file(open_one(order, order.path(), flags));
  if (!file) return path_error(order, errno);
  return file;
}

Result<NamedIn> open_parent(const wire::FileOrder& order) {
  return open_parent_of(order, order.path());
}

Result<void> make_path(const wire::FileOrder& order) {
  const std::string path = without_slashes_behind(order.path());
  for (std::size_t end = 0; end != std::string::npos && end < path.size();) {
    end = path.find('/', end + 1);
    const std::string prefix = path.substr(0, end);
    const Descriptor there(open_one(order, prefix, O_PATH | O_DIRECTORY));
    if (there) continue;
    if (errno != ENOENT) return path_error(order, errno);
    const Result<NamedIn> place = open_parent_of(order, prefix);
    if (!place) return tl::unexpected(place.error());
    const bool is_last = end == std::string::npos || end >= path.size();
    const ::mode_t mode = is_last && order.mode() != 0 ? order.mode() : kDirectoryMode;
    const int made = mkdirat(place->directory.get(), place->name.c_str(), mode);
    if (made != 0 && errno != EEXIST) return path_error(order, errno);
  }
  return {};
}

}  // namespace jobq::exec
