// SPDX-License-Identifier: Apache-2.0
// IPv4 and TCP headers.
#include "tests/fault/packet.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

#include <cstring>

#include "base/check.h"

namespace jobq::fault {
namespace {

struct Headers {
  iphdr ip = {};
  tcphdr tcp = {};
  std::uint32_t data_bytes = 0;
};

std::optional<Headers> headers_of(const std::string& packet) {
  Headers headers;
  if (packet.size() < sizeof headers.ip) return std::nullopt;
  std::memcpy(&headers.ip, packet.data(), sizeof headers.ip);
  const std::size_t ip_bytes = headers.ip.ihl * std::size_t{4};
  if (headers.ip.version != 4 || headers.ip.protocol != IPPROTO_TCP) return std::nullopt;
  if (packet.size() < ip_bytes + sizeof headers.tcp) return std::nullopt;
  std::memcpy(&headers.tcp, packet.data() + ip_bytes, sizeof headers.tcp);
  const std::size_t all_bytes = ip_bytes + headers.tcp.doff * std::size_t{4};
  if (packet.size() < all_bytes) return std::nullopt;
  headers.data_bytes = static_cast<std::uint32_t>(packet.size() - all_bytes);
  return headers;
}

// The Internet checksum (RFC 1071) of an even number of bytes.
std::uint16_t checksum(const std::string& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    sum += word;
  }
  while (sum > 0xFFFFU) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

template <class T>
std::string bytes_of(const T& value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// What TCP's checksum counts besides the segment.
struct PseudoHeader {
  std::uint32_t from;
  std::uint32_t to;
  std::uint16_t protocol;
  std::uint16_t bytes;
};

}  // namespace

std::optional<Segment> segment_of(const std::string& packet) {
  const auto headers = headers_of(packet);
  if (!headers) return std::nullopt;
  const tcphdr& tcp = headers->tcp;
  return Segment{ntohs(tcp.source), ntohs(tcp.dest), tcp.syn == 1 && tcp.ack == 0, tcp.rst == 1};
}

std::string reset_for(const std::string& packet) {
  const auto asked = headers_of(packet);
  check(asked.has_value(), "a TCP segment");
  tcphdr tcp{};
  tcp.source = asked->tcp.dest;
  tcp.dest = asked->tcp.source;
  tcp.doff = sizeof tcp / 4;
  tcp.rst = 1;
  if (asked->tcp.ack == 1) {
    tcp.seq = asked->tcp.ack_seq;
  } else {
    tcp.ack = 1;
    tcp.ack_seq = htonl(ntohl(asked->tcp.seq) + asked->data_bytes + asked->tcp.syn);
  }
  iphdr ip{};
  ip.version = 4;
  ip.ihl = sizeof ip / 4;
  ip.tot_len = htons(sizeof ip + sizeof tcp);
  ip.ttl = 64;
  ip.protocol = IPPROTO_TCP;
  ip.saddr = asked->ip.daddr;
  ip.daddr = asked->ip.saddr;
  ip.check = checksum(bytes_of(ip));
  const PseudoHeader pseudo{ip.saddr, ip.daddr, htons(IPPROTO_TCP), htons(sizeof tcp)};
  tcp.check = checksum(bytes_of(pseudo) + bytes_of(tcp));
  return bytes_of(ip) + bytes_of(tcp);
}

}  // namespace jobq::fault
