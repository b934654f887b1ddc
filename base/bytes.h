// SPDX-License-Identifier: Apache-2.0
// Sizes in bytes and how users write them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jobq {

struct Bytes {
  std::uint64_t count = 0;
  constexpr auto operator<=>(const Bytes&) const = default;
};

// "512", "64K", "8G", "1.5T", "8GiB", "8GB": powers of 1024; refuses what overflows 2^63.
Result<Bytes> parse_bytes(std::string_view text);

// The largest unit that keeps the value exact: "8G", "1536M", "1000".
std::string format_bytes(Bytes b);

}  // namespace jobq
