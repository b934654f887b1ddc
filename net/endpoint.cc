// SPDX-License-Identifier: Apache-2.0
// Reading and writing of TCP addresses.
#include "net/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace jobq::net {
namespace {

Error bad_address(std::string_view text) {
  return {
      ErrorCode::kUsage,
      fmt::format("'{}' is not an address; write HOST:PORT, like node1:7000 or [::1]:7000", text)};
}

// What no name and no number of a host contains.
bool has_odd_character(std::string_view host) {
  return std::any_of(host.begin(), host.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '[' || c == ']' || c == '/';
  });
}

}  // namespace

Result<TcpAddress> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return tl::unexpected(bad_address(text));
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // Without brackets nobody knows which colon begins the port.
  const bool ambiguous = !bracketed && host.find(':') != std::string_view::npos;
  if (host.empty() || ambiguous || has_odd_character(host)) {
    return tl::unexpected(bad_address(text));
  }
  std::uint16_t port = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, port);
  if (error != std::errc{} || rest != end) return tl::unexpected(bad_address(text));
  return TcpAddress{std::string(host), port};
}

std::string to_string(const TcpAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address.host, address.port)
            : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace jobq::net
