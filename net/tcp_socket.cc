// SPDX-License-Identifier: Apache-2.0
// TCP sockets: addresses, listening, options.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "net/socket.h"

namespace jobq::net {
namespace {

void set_option(int fd, int level, int name, int value) {
  // What a kernel does not know it does without.
  static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

int flags_of(Resolve how) {
  switch (how) {
    case Resolve::kNumericOnly: return AI_NUMERICHOST | AI_NUMERICSERV;
    case Resolve::kNames: return AI_ADDRCONFIG | AI_NUMERICSERV;
    case Resolve::kPassive: return AI_PASSIVE | AI_NUMERICSERV;
  }
  return 0;
}

// IPv4 that came in over an IPv6 socket is shown as IPv4.
std::string host_text(const sockaddr_in6& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    ::inet_ntop(AF_INET, &address.sin6_addr.s6_addr[12], text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

Result<Descriptor> listen_on(const TcpAddress& address, const SocketAddress& at) {
  Descriptor socket(::socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket) set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (socket && ::bind(socket.get(), at.get(), at.length) == 0 &&
      ::listen(socket.get(), SOMAXCONN) == 0) {
    return socket;
  }
  return fail(ErrorCode::kRefused,
              fmt::format("cannot listen on {}: {}", to_string(address), error_text(errno)));
}

}  // namespace

addrinfo hints_for(Resolve how) {
  addrinfo hints{};
  hints.ai_flags = flags_of(how);
  hints.ai_socktype = SOCK_STREAM;
  return hints;
}

std::vector<SocketAddress> to_list(const addrinfo* first) {
  std::vector<SocketAddress> list;
  for (const addrinfo* info = first; info != nullptr; info = info->ai_next) {
    SocketAddress one;
    std::memcpy(&one.storage, info->ai_addr, info->ai_addrlen);
    one.length = info->ai_addrlen;
    list.push_back(one);
  }
  return list;
}

Result<std::vector<SocketAddress>> resolve(const TcpAddress& address, Resolve how) {
  const addrinfo hints = hints_for(how);
  addrinfo* first = nullptr;
  const std::string port = std::to_string(address.port);
  const int error = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &first);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(first, ::freeaddrinfo);
  if (error == 0) return to_list(first);
  if (how == Resolve::kNumericOnly) return std::vector<SocketAddress>{};
  return tl::unexpected(unknown_host(address, ::gai_strerror(error)));
}

Result<Descriptor> listen_tcp(const TcpAddress& address) {
  const auto places = resolve(address, Resolve::kPassive);
  if (!places) return tl::unexpected(places.error());
  Result<Descriptor> socket = fail(ErrorCode::kRefused, "no address to listen on");
  for (const SocketAddress& place : *places) {
    socket = listen_on(address, place);
    if (socket) break;
  }
  return socket;
}

TcpAddress to_address(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address.storage, sizeof v6);
    return {host_text(v6), ntohs(v6.sin6_port)};
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &address.storage, sizeof v4);
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  return {text.data(), ntohs(v4.sin_port)};
}

TcpAddress local_address(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (::getsockname(fd, address.get(), &address.length) != 0) return {};
  return to_address(address);
}

void tune_tcp(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // A silent peer is gone after 30 + 3 * 10 seconds, one that takes no data after 60.
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
}

int pending_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

void set_blocking(int fd) {
  static_cast<void>(::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK));
}

Error unknown_host(const TcpAddress& address, std::string_view why) {
  return {ErrorCode::kUnreachable,
          fmt::format("the address of {} is not known: {}", address.host, why)};
}

Error tcp_connect_error(const TcpAddress& address, int error) {
  return {ErrorCode::kUnreachable,
          fmt::format("no controller answers at {}: {}", to_string(address), error_text(error))};
}

Error handshake_error(const TcpAddress& address, const Error& why) {
  return {why.code, fmt::format("no TLS connection with {}: {}", to_string(address), why.message)};
}

}  // namespace jobq::net
