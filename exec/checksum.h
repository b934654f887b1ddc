// SPDX-License-Identifier: Apache-2.0
// What frames in files are made of: numbers in little-endian order, and checksums.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace jobq::exec {

// CRC-32 as in IEEE 802.3 and zlib, of what gave `before` and these bytes behind it.
std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0);

template <std::unsigned_integral T>
void put(std::string& out, T number) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>((number >> (8 * i)) & 0xffU);
}

// The first bytes must be there.
template <std::unsigned_integral T>
T get(std::string_view bytes) {
  T number = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    number |= static_cast<T>(static_cast<T>(static_cast<unsigned char>(bytes[i])) << (8 * i));
  }
  return number;
}

}  // namespace jobq::exec
