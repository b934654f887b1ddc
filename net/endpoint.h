// SPDX-License-Identifier: Apache-2.0
// Where a server is: a Unix socket, or an address and port with the cluster key that TLS needs.
//
// The cluster key is 32 random bytes in a file (mode 0600, hexadecimal, one line). Both sides prove
// that they have it: it is the external pre-shared key of TLS 1.3, always with ephemeral
// Diffie-Hellman (psk_dhe_ke), so that a key that leaks later does not open recorded traffic. No
// certificates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jobq::net {

inline constexpr std::size_t kClusterKeyBytes = 32;

struct ClusterKey {
  std::string bytes;  // kClusterKeyBytes; never logged
};

// Reads the file; refuses one that others may read (mode & 077: kDenied), with the chmod that mends
// it. kNotFound where there is none, kUsage where it is not a key.
Result<ClusterKey> read_key(const std::string& path);
// Makes the file (0600, fsynced, never over an existing one) with a new random key; reads an
// existing one. Of several processes that make one at once, all end with the same.
Result<ClusterKey> read_or_make_key(const std::string& path);

struct TcpAddress {
  std::string host;  // numeric or a name, without the brackets that "[::1]:7000" needs as text
  std::uint16_t port = 0;
};
// "HOST:PORT"; IPv6 only in brackets. Whether a name exists is not asked here.
Result<TcpAddress> parse_address(std::string_view text);
std::string to_string(const TcpAddress& address);

}  // namespace jobq::net
