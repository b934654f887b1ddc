// SPDX-License-Identifier: Apache-2.0
// Reading and writing of sizes.
#include "base/bytes.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace jobq {
namespace {

constexpr std::string_view kUnits = "KMGTP";

Error bad_size(std::string_view text) {
  return Error{ErrorCode::kUsage,
               fmt::format("'{}' is not a size; write a number and K, M, G or T, like 8G", text)};
}

// The power of 1024 that a suffix stands for, or -1.
int unit_power(std::string_view suffix) {
  if (suffix.empty() || suffix == "B") return 0;
  const auto unit = kUnits.find(static_cast<char>(suffix[0] & ~0x20));
  if (unit == std::string_view::npos) return -1;
  const std::string_view rest = suffix.substr(1);
  const bool known = rest.empty() || rest == "B" || rest == "iB" || rest == "b";
  return known ? static_cast<int>(unit) + 1 : -1;
}

}  // namespace

Result<Bytes> parse_bytes(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || !(number >= 0)) return tl::unexpected(bad_size(text));
  const int power = unit_power({rest, static_cast<std::size_t>(end - rest)});
  if (power < 0) return tl::unexpected(bad_size(text));
  const double value = std::round(std::ldexp(number, 10 * power));
  if (!(value < 9.2e18)) return tl::unexpected(bad_size(text));
  return Bytes{static_cast<std::uint64_t>(value)};
}

std::string format_bytes(Bytes b) {
  std::uint64_t value = b.count;
  std::size_t unit = 0;
  while (value != 0 && value % 1024 == 0 && unit < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{}", value) : fmt::format("{}{}", value, kUnits[unit - 1]);
}

}  // namespace jobq
