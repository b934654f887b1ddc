// SPDX-License-Identifier: Apache-2.0
// Sockets as the kernel gives them: descriptors that close themselves, the two families' ways to
// listen and to connect, and what users are told when that fails.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/connection.h"
#include "net/endpoint.h"

struct addrinfo;

namespace jobq::net {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

// "Connection refused", for errno values.
std::string error_text(int error);

// recv() and send() without the interruptions; send() never waits and never raises SIGPIPE.
ssize_t receive_some(int fd, std::span<char> space, int flags);
ssize_t send_some(int fd, std::string_view bytes);
inline bool would_block(int error) { return error == EAGAIN; }

// A socket address of either family.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// --- Unix sockets (unix_socket.cc) ---

// Refuses a path that the kernel has no room for.
Result<SocketAddress> unix_address(const std::string& path);

// A socket that listens at the path with that mode, non-blocking. See Server::listen_unix.
Result<Descriptor> listen_at(const std::string& path, std::uint32_t mode);

// Why connect() to the path failed, and what to do.
Error unix_connect_error(const std::string& path, int error);

std::optional<PeerCredentials> peer_credentials(int fd);

// --- TCP (tcp_socket.cc) ---

enum class Resolve {
  kNumericOnly,  // never blocks; no addresses for names
  kNames,        // to connect to
  kPassive,      // to listen on
};
addrinfo hints_for(Resolve how);
std::vector<SocketAddress> to_list(const addrinfo* first);
Result<std::vector<SocketAddress>> resolve(const TcpAddress& address, Resolve how);

// Listens on the first of the addresses that can be bound, non-blocking.
Result<Descriptor> listen_tcp(const TcpAddress& address);

TcpAddress local_address(int fd);
TcpAddress to_address(const SocketAddress& address);

// Small messages leave at once; a peer that is gone is noticed.
void tune_tcp(int fd);

// What became of connect() on a socket that did not block: 0, or an errno.
int pending_error(int fd);
void set_blocking(int fd);

Error unknown_host(const TcpAddress& address, std::string_view why);
Error tcp_connect_error(const TcpAddress& address, int error);
// `why` completes "no TLS connection with HOST:PORT: ".
Error handshake_error(const TcpAddress& address, const Error& why);

}  // namespace jobq::net
