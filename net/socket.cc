// SPDX-License-Identifier: Apache-2.0
// What both families of sockets share.
#include "net/socket.h"

#include <unistd.h>

#include <system_error>

namespace jobq::net {

void Descriptor::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string error_text(int error) { return std::generic_category().message(error); }

ssize_t receive_some(int fd, std::span<char> space, int flags) {
  ssize_t n = 0;
  do {
    n = ::recv(fd, space.data(), space.size(), flags);
  } while (n < 0 && errno == EINTR);
  return n;
}

ssize_t send_some(int fd, std::string_view bytes) {
  ssize_t n = 0;
  do {
    n = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  return n;
}

}  // namespace jobq::net
