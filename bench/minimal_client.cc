// SPDX-License-Identifier: Apache-2.0
// The least that a command can be: connect to a Unix socket, ask once, read the answer, end. What
// the sequential `jq submit` is measured against (see bench/end_to_end.cc).
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (fd < 0 || connect(fd, generic, sizeof(address)) != 0) return 3;
  std::array<char, 64> message{};
  if (write(fd, message.data(), message.size()) != 64) return 1;
  return read(fd, message.data(), message.size()) > 0 ? 0 : 1;
}
