// SPDX-License-Identifier: Apache-2.0
// Reading and writing of limits.
#include "sched/resource_limits.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "base/bytes.h"

namespace jobq::sched {
namespace {

constexpr std::string_view kUnlimitedWord = "unlimited";

std::optional<std::uint64_t> parse_value(std::string_view text) {
  if (text == kUnlimitedWord) return kUnlimited;
  const auto number = parse_bytes(text);
  return number ? std::optional(number->count) : std::nullopt;
}

std::string value_text(std::uint64_t value) {
  return value == kUnlimited ? std::string(kUnlimitedWord) : fmt::to_string(value);
}

}  // namespace

std::span<const std::string_view> limit_names() {
  static constexpr std::array<std::string_view, 15> kNames{
      "as",     "core",  "cpu", "data",   "fsize", "memlock",    "msgqueue", "nice",
      "nofile", "nproc", "rss", "rtprio", "stack", "sigpending", "processes"};
  return kNames;
}

Result<ResourceLimit> parse_limit_value(std::string name, std::string_view value) {
  const std::size_t colon = value.find(':');
  const auto soft = parse_value(value.substr(0, colon));
  const auto hard = colon == std::string_view::npos ? soft : parse_value(value.substr(colon + 1));
  if (!soft || !hard) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is no limit; expected a number, a size such as 8G, 'unlimited', "
                            "or two of them as SOFT:HARD",
                            value));
  }
  if (*soft > *hard) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}': the soft limit is above the hard one", value));
  }
  return ResourceLimit{std::move(name), *soft, *hard};
}

Result<ResourceLimit> parse_resource_limit(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is no limit; expected NAME=VALUE, such as nofile=4096", text));
  }
  return parse_limit_value(std::string(text.substr(0, equals)), text.substr(equals + 1));
}

std::string to_string(const ResourceLimit& limit) {
  if (limit.soft == limit.hard) return fmt::format("{}={}", limit.name, value_text(limit.soft));
  return fmt::format("{}={}:{}", limit.name, value_text(limit.soft), value_text(limit.hard));
}

Result<std::uint32_t> parse_umask(std::string_view text) {
  std::uint32_t umask = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, umask, 8);
  if (error == std::errc() && stop == end && umask <= kMostUmask) return umask;
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is no umask; expected octal digits, 0 to 777, such as 027", text));
}

std::string umask_text(std::uint32_t umask) { return fmt::format("{:03o}", umask); }

}  // namespace jobq::sched
