// SPDX-License-Identifier: Apache-2.0
// Unix sockets: taking a path over from a process that is gone, and never from one that is not.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "net/socket.h"

namespace jobq::net {
namespace {

constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Held while a path is looked at and taken, so that two processes that find the same stale socket
// do not take it from each other. The directory itself is locked: nothing is left behind. Somebody
// who holds the lock for long (anyone may, who can read the directory) does not stop us.
Result<Descriptor> lock_directory(const std::string& path) {
  const std::string parent = parent_of(path);
  Descriptor directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    return fail(ErrorCode::kRefused, fmt::format("cannot make the socket {}: directory {}: {}",
                                                 path, parent, error_text(errno)));
  }
  for (int tries = 0; tries < 100; ++tries) {
    if (::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) break;
    ::poll(nullptr, 0, 10);
  }
  return directory;
}

Error cannot_listen(const std::string& path, int error) {
  return {ErrorCode::kRefused, fmt::format("cannot listen on {}: {}", path, error_text(error))};
}

// Removes what stands at the path if it is a socket on which nobody answers.
Result<void> remove_stale(const std::string& path, const SocketAddress& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return tl::unexpected(cannot_listen(path, errno));
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(ErrorCode::kRefused,
                fmt::format("cannot listen on {}: it exists and is not a socket", path));
  }
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return tl::unexpected(cannot_listen(path, errno));
  if (::connect(probe.get(), address.get(), address.length) == 0 || errno == EAGAIN) {
    return fail(ErrorCode::kRefused, fmt::format("another process listens on {}", path));
  }
  if (errno != ECONNREFUSED && errno != ENOENT) return tl::unexpected(cannot_listen(path, errno));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return tl::unexpected(cannot_listen(path, errno));
  }
  return {};
}

}  // namespace

Result<SocketAddress> unix_address(const std::string& path) {
  if (path.empty()) return fail(ErrorCode::kUsage, "the path of the socket is empty");
  if (path.size() > kLongestPath) {
    return fail(ErrorCode::kUsage,
                fmt::format("the path of the socket has {} bytes, the system allows {}: {}",
                            path.size(), kLongestPath, path));
  }
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  SocketAddress address;
  std::memcpy(&address.storage, &name, sizeof name);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

Result<Descriptor> listen_at(const std::string& path, std::uint32_t mode) {
  const auto address = unix_address(path);
  if (!address) return tl::unexpected(address.error());
  const auto lock = lock_directory(path);
  if (!lock) return tl::unexpected(lock.error());
  if (auto removed = remove_stale(path, *address); !removed) {
    return tl::unexpected(removed.error());
  }
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return tl::unexpected(cannot_listen(path, errno));
  // The mode of the descriptor is the most that bind() gives: the file is never more open than
  // asked. The umask may have taken from it: chmod() gives that back.
  const auto bits = static_cast<mode_t>(mode);
  if (::fchmod(socket.get(), bits) != 0 ||
      ::bind(socket.get(), address->get(), address->length) != 0) {
    return tl::unexpected(cannot_listen(path, errno));
  }
  if (::chmod(path.c_str(), bits) != 0 || ::listen(socket.get(), SOMAXCONN) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    return tl::unexpected(cannot_listen(path, error));
  }
  return socket;
}

Error unix_connect_error(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
      return {ErrorCode::kUnreachable,
              fmt::format("no controller answers at {}: start one with `jobq up`", path)};
    case EACCES:
    case EPERM:
      return {ErrorCode::kDenied,
              fmt::format("no permission to connect to {}: the modes of the socket and of its "
                          "directories say who may",
                          path)};
    case EAGAIN:
      return {ErrorCode::kUnreachable,
              fmt::format("the controller at {} does not take connections: it is overloaded or "
                          "stopped",
                          path)};
    default:
      return {ErrorCode::kUnreachable,
              fmt::format("cannot connect to {}: {}", path, error_text(error))};
  }
}

std::optional<PeerCredentials> peer_credentials(int fd) {
  ucred who{};
  socklen_t length = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) return std::nullopt;
  return PeerCredentials{who.pid, who.uid, who.gid};
}

}  // namespace jobq::net
