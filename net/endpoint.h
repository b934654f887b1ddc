// SPDX-License-Identifier: Apache-2.0
// Where a server is: a Unix socket, or an address and port with the cluster key that TLS needs.
//
// The cluster key is 32 random bytes in a file (mode 0600, hexadecimal, one line). Both sides prove that they
// have it: it is the external pre-shared key of TLS 1.3, always with ephemeral Diffie-Hellman (psk_dhe_ke), so
// that a key that leaks later does not open recorded traffic. No certificates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jobq::net {

struct ClusterKey {
  std::string bytes;  // 32
};

// Reads the file; refuses one that others may read (mode & 077), with the chmod that mends it.
Result<ClusterKey> read_key(const std::string& path);
// Makes the file (0600, fsynced, never over an existing one) with a new random key; reads an existing one.
Result<ClusterKey> read_or_make_key(const std::string& path);

struct TcpAddress {
  std::string host;  // numeric or a name; "[::1]:7000" for IPv6
  std::uint16_t port = 0;
};
Result<TcpAddress> parse_address(std::string_view text);  // "ADDR:PORT"
std::string to_string(const TcpAddress& address);

}  // namespace jobq::net
