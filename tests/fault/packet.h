// SPDX-License-Identifier: Apache-2.0
// What a link must know of a packet, and the one packet that it makes itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace jobq::fault {

// Of a TCP segment over IPv4.
struct Segment {
  std::uint16_t from_port = 0;
  std::uint16_t to_port = 0;
  bool opens = false;   // a connection: SYN without ACK
  bool resets = false;  // RST
};
std::optional<Segment> segment_of(const std::string& packet);

// What a host answers to a segment of a connection that it does not know (RFC 9293, 3.10.7.1).
std::string reset_for(const std::string& packet);

}  // namespace jobq::fault
