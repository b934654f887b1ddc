// SPDX-License-Identifier: Apache-2.0
// Reading and writing of sizes.
#include "base/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace jobq {
namespace {

constexpr std::string_view kUnits = "KMGTP";
constexpr std::uint64_t kLargest = (1ULL << 63U) - 1;

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

// Digits without a point: exact, where a double is not.
std::optional<std::uint64_t> parse_whole(std::string_view digits, int power) {
  std::uint64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc{} || rest != end || number > kLargest >> (10 * power)) return std::nullopt;
  return number << (10 * power);
}

std::optional<std::uint64_t> parse_fraction(std::string_view digits, int power) {
  double number = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, number, std::chars_format::fixed);
  const double value = std::round(std::ldexp(number, 10 * power));
  if (error != std::errc{} || rest != end || !(value < 0x1p63)) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

}  // namespace

Result<Bytes> parse_bytes(std::string_view text) {
  const std::size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view digits = text.substr(0, length);
  const int power = unit_power(text.substr(length));
  if (power < 0) return tl::unexpected(bad_size(text));
  const bool whole = digits.find('.') == std::string_view::npos;
  const auto count = whole ? parse_whole(digits, power) : parse_fraction(digits, power);
  if (!count) return tl::unexpected(bad_size(text));
  return Bytes{*count};
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
