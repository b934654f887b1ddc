// SPDX-License-Identifier: Apache-2.0
// The datagrams of sd_notify(3).
#include "cmd/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "cmd/paths.h"

namespace jobq::cmd {
namespace {

void send_state(const std::string& state) {
  std::string path = environment("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) return;
  if (path.front() == '@') path.front() = '\0';  // an abstract name
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
           size);
  ::close(socket);
}

}  // namespace

void notify_ready() { send_state("READY=1\nMAINPID=" + std::to_string(::getpid())); }
void notify_stopping() { send_state("STOPPING=1"); }

}  // namespace jobq::cmd
