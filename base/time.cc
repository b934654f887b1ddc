// SPDX-License-Identifier: Apache-2.0
// Clocks, and the forms in which times and durations are read and written.
#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

namespace jobq {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kLongest = 36500 * kDay;  // a hundred years is beyond any limit

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 6> kUnits{
    {{"w", 7 * kDay}, {"d", kDay}, {"h", kHour}, {"m", kMinute}, {"s", kSecond}, {"ms", 1}}};

Error bad_duration(std::string_view text) {
  return Error{
      ErrorCode::kUsage,
      fmt::format("'{}' is not a duration; write 90s, 5m, 2h, 1h30m, HH:MM:SS or D-HH:MM", text)};
}

// Takes digits from the front of text.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0 || text.front() == '-') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return value;
}

std::optional<std::int64_t> take_unit(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && (text[length] < '0' || text[length] > '9')) ++length;
  const std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.ms;
  }
  return std::nullopt;
}

// "1h30m", "90s", "90".
std::optional<std::int64_t> parse_units(std::string_view text) {
  std::int64_t total = 0;
  bool first = true;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    std::int64_t unit = kSecond;
    if (!text.empty() || !first) {
      const auto named = take_unit(text);
      if (!named) return std::nullopt;
      unit = *named;
    }
    if (*number > kLongest / unit) return std::nullopt;
    total += *number * unit;
    if (total > kLongest) return std::nullopt;
    first = false;
  }
  return first ? std::nullopt : std::optional(total);
}

// "[D-]HH:MM[:SS]"; two fields are minutes and seconds without days, hours and minutes with them.
std::optional<std::int64_t> parse_clock(std::string_view text) {
  std::int64_t days = 0;
  const auto dash = text.find('-');
  if (dash != std::string_view::npos) {
    const auto number = take_number(text);
    if (!number || text.empty() || text.front() != '-') return std::nullopt;
    days = *number;
    text.remove_prefix(1);
  }
  std::array<std::int64_t, 3> fields{};
  std::size_t count = 0;
  while (count < fields.size() && !text.empty()) {
    const auto number = take_number(text);
    if (!number || (count > 0 && *number > 59)) return std::nullopt;
    fields[count++] = *number;
    if (text.empty()) break;
    if (text.front() != ':') return std::nullopt;
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
  }
  if (!text.empty() || count < 2 || days > 36500 || fields[0] > 876000) return std::nullopt;
  const bool hours_first = count == 3 || dash != std::string_view::npos;
  const std::int64_t clock = hours_first
                                 ? fields[0] * kHour + fields[1] * kMinute + fields[2] * kSecond
                                 : fields[0] * kMinute + fields[1] * kSecond;
  return days * kDay + clock;
}

// The rest of a division that rounds down, also before 1970.
std::int64_t ms_within_second(Time t) { return (t.ms % kSecond + kSecond) % kSecond; }

std::tm broken_down(Time t, bool local) {
  const auto seconds = static_cast<std::time_t>((t.ms - ms_within_second(t)) / kSecond);
  std::tm out{};
  if (local) {
    localtime_r(&seconds, &out);
  } else {
    gmtime_r(&seconds, &out);
  }
  return out;
}

// Exactly `digits` digits at the front of text.
std::optional<int> take_fixed(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, std::string_view allowed) {
  if (text.empty() || allowed.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// A fraction ".123456" in milliseconds; digits past the third are dropped.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take_char(text, ".")) return 0;
  std::int64_t ms = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 3) ms = ms * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 3; ++digits) ms *= 10;
  return ms;
}

// "Z" or "+02:00", in milliseconds east of UTC.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (take_char(text, "Zz")) return 0;
  if (text.empty()) return std::nullopt;
  const bool west = text.front() == '-';
  if (!take_char(text, "+-")) return std::nullopt;
  const auto hours = take_fixed(text, 2);
  if (!hours || !take_char(text, ":")) return std::nullopt;
  const auto minutes = take_fixed(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t offset = *hours * kHour + *minutes * kMinute;
  return west ? -offset : offset;
}

int days_of(int month, int year) {
  static constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

std::optional<Time> parse_timestamp(std::string_view text) {
  std::tm at{};
  const auto year = take_fixed(text, 4);
  if (!year || !take_char(text, "-")) return std::nullopt;
  const auto month = take_fixed(text, 2);
  if (!month || !take_char(text, "-")) return std::nullopt;
  const auto day = take_fixed(text, 2);
  if (!day || !take_char(text, "Tt ")) return std::nullopt;
  const auto hour = take_fixed(text, 2);
  if (!hour || !take_char(text, ":")) return std::nullopt;
  const auto minute = take_fixed(text, 2);
  if (!minute || !take_char(text, ":")) return std::nullopt;
  const auto second = take_fixed(text, 2);
  if (!second || *month < 1 || *month > 12) return std::nullopt;
  if (*day < 1 || *day > days_of(*month, *year)) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto fraction = take_fraction(text);
  const auto zone = take_zone(text);
  if (!fraction || !zone || !text.empty()) return std::nullopt;
  at.tm_year = *year - 1900;
  at.tm_mon = *month - 1;
  at.tm_mday = *day;
  at.tm_hour = *hour;
  at.tm_min = *minute;
  at.tm_sec = *second;
  return Time{std::int64_t{timegm(&at)} * kSecond + *fraction - *zone};
}

}  // namespace

Time wall_now() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Time{duration_cast<milliseconds>(since).count()};
}

std::int64_t steady_now_ns() {
  using std::chrono::duration_cast;
  using std::chrono::nanoseconds;
  return duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string format_rfc3339(Time t) {
  const std::tm at = broken_down(t, false);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", at.tm_year + 1900, at.tm_mon + 1,
                     at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec, ms_within_second(t));
}

Result<Time> parse_rfc3339(std::string_view text) {
  if (const auto parsed = parse_timestamp(text)) return *parsed;
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is not a time; write 2026-11-21T20:05:00Z", text));
}

std::string format_local(Time t, Time now) {
  static constexpr std::array<std::string_view, 12> kMonths{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm at = broken_down(t, true);
  const std::tm today = broken_down(now, true);
  if (at.tm_year != today.tm_year) {
    return fmt::format("{:04}-{:02}-{:02}", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday);
  }
  if (at.tm_yday != today.tm_yday) {
    return fmt::format("{} {:2} {:02}:{:02}", kMonths[static_cast<std::size_t>(at.tm_mon)],
                       at.tm_mday, at.tm_hour, at.tm_min);
  }
  return fmt::format("{:02}:{:02}:{:02}", at.tm_hour, at.tm_min, at.tm_sec);
}

Result<Millis> parse_duration(std::string_view text) {
  const bool clock = text.find(':') != std::string_view::npos;
  const auto ms = clock ? parse_clock(text) : parse_units(text);
  if (!ms) return tl::unexpected(bad_duration(text));
  return Millis{*ms};
}

std::string format_duration(Millis d) {
  if (d.count < 0) return "-" + format_duration(Millis{-d.count});
  if (d.count == 0) return "0s";
  std::string text;
  std::int64_t rest = d.count;
  for (const Unit& unit : kUnits) {
    if (unit.name == "w" || rest < unit.ms) continue;
    text += fmt::format("{}{}", rest / unit.ms, unit.name);
    rest %= unit.ms;
  }
  return text;
}

}  // namespace jobq
