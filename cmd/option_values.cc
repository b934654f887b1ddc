// SPDX-License-Identifier: Apache-2.0
// The values of options: texts into types, with errors that say what was expected.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "cmd/options.h"
#include "resmgr/needs.h"

namespace jobq::cmd {
namespace {

bool is_whole_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end && !text.empty()) return number;
  if (is_whole_number(text)) {
    return fail(ErrorCode::kUsage, fmt::format("{} is out of range; expected a number of 0 to {}",
                                               text, std::numeric_limits<std::uint32_t>::max()));
  }
  return fail(ErrorCode::kUsage, fmt::format("'{}' is not a number; expected one such as 4", text));
}

// "2026-11-21T20:05:00Z", "2026-11-21" (midnight UTC), or "2h": two hours ago.
Result<Time> parse_moment(const std::string& text) {
  if (Result<Time> time = parse_rfc3339(text)) return time;
  if (text.size() == 10) {
    if (Result<Time> day = parse_rfc3339(text + "T00:00:00Z")) return day;
  }
  // "10:00" would be ten minutes ago, and is meant as ten o'clock.
  const bool like_a_clock = text.find(':') != std::string::npos;
  if (const Result<Millis> ago = parse_duration(text); ago && !like_a_clock) {
    return wall_now() - *ago;
  }
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is not a time; expected 2026-11-21, 2026-11-21T20:05:00Z, or how "
                          "long ago, such as 2h",
                          text));
}

}  // namespace

Taker into(std::string& to) {
  return [&to](const std::string& text) -> Result<void> {
    to = text;
    return {};
  };
}

Taker into(std::optional<std::string>& to) {
  return [&to](const std::string& text) -> Result<void> {
    to = text;
    return {};
  };
}

Taker into(std::optional<Millis>& to) { return parsed_into(to, parse_duration); }
Taker into(std::optional<Bytes>& to) { return parsed_into(to, parse_bytes); }
Taker into(std::optional<std::uint32_t>& to) { return parsed_into(to, parse_number); }
Taker into(std::optional<sched::ArraySpec>& to) { return parsed_into(to, sched::parse_array); }
Taker into(std::optional<Time>& to) { return parsed_into(to, parse_moment); }

Taker into(std::optional<When>& to) {
  return parsed_into(to, [](std::string_view text) { return parse_when(text, wall_now()); });
}

Taker name_into(std::optional<std::string>& to, std::string_view what) {
  return [&to, what](const std::string& text) -> Result<void> {
    if (!resmgr::valid_name(text)) {
      return fail(ErrorCode::kUsage,
                  fmt::format("'{}' is no name of {}; expected letters, digits, '.', '_' and '-'",
                              text, what));
    }
    to = text;
    return {};
  };
}

Taker append_to(std::vector<std::string>& to) {
  return [&to](const std::string& text) -> Result<void> {
    to.push_back(text);
    return {};
  };
}

Taker append_split(std::vector<std::string>& to) {
  return [&to](const std::string& text) -> Result<void> {
    std::string_view rest = text;
    while (true) {
      const std::size_t comma = rest.find(',');
      const std::string_view part = rest.substr(0, comma);
      if (part.empty()) {
        return fail(ErrorCode::kUsage, fmt::format("an empty name in '{}'", text));
      }
      to.emplace_back(part);
      if (comma == std::string_view::npos) return {};
      rest.remove_prefix(comma + 1);
    }
  };
}

}  // namespace jobq::cmd
