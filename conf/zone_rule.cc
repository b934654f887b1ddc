// SPDX-License-Identifier: Apache-2.0
// The rule of a zone, as POSIX.1 writes it: "NAME offset [NAME [offset],begin[/time],end[/time]]".
// Offsets are west of UTC there. Times of day may be negative and go up to a week (RFC 8536).
#include <fmt/format.h>

#include <optional>

#include "conf/zone_file.h"

namespace jobq::conf {
namespace {

constexpr std::int32_t kHourSeconds = 3600;
constexpr std::int32_t kMostHours = 167;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Takes parts from the front; what is not there leaves `failed`.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  std::optional<sched::ZoneRule> read() {
    sched::ZoneRule rule;
    name();
    rule.standard_s = -time();
    rule.summer_s = rule.standard_s;
    if (!rest_.empty()) {
      name();
      rule.summer_s = rest_.starts_with(',') ? rule.standard_s + kHourSeconds : -time();
      rule.summer_begins = yearly();
      rule.summer_ends = yearly();
    }
    if (failed_ || !rest_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void need(bool holds) { failed_ = failed_ || !holds; }

  // "CET" or "<+0330>"
  void name() {
    const bool quoted = take('<');
    std::size_t length = 0;
    while (length < rest_.size() && (quoted ? rest_[length] != '>' : is_letter(rest_[length]))) {
      ++length;
    }
    need(length > 0);
    rest_.remove_prefix(length);
    need(!quoted || take('>'));
  }

  std::int32_t number(std::int32_t least, std::int32_t most) {
    std::int32_t value = 0;
    std::size_t digits = 0;
    for (; digits < 3 && digits < rest_.size() && is_digit(rest_[digits]); ++digits) {
      value = value * 10 + (rest_[digits] - '0');
    }
    rest_.remove_prefix(digits);
    need(digits > 0 && value >= least && value <= most);
    return value;
  }

  // "[+-]hh[:mm[:ss]]", in seconds
  std::int32_t time() {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int32_t seconds = number(0, kMostHours) * kHourSeconds;
    if (take(':')) seconds += number(0, 59) * 60;
    if (take(':')) seconds += number(0, 59);
    return negative ? -seconds : seconds;
  }

  // ",M3.5.0/3", ",J60/0", ",59"
  sched::YearlyTime yearly() {
    sched::YearlyTime when;
    need(take(','));
    if (take('M')) {
      when.month = number(1, 12);
      need(take('.'));
      when.week = number(1, 5);
      need(take('.'));
      when.weekday = number(0, 6);
    } else if (take('J')) {
      when.kind = sched::YearlyTime::Kind::kJulianDay;
      when.day = number(1, 365);
    } else {
      when.kind = sched::YearlyTime::Kind::kDayOfYear;
      when.day = number(0, 365);
    }
    when.time_s = take('/') ? time() : 2 * kHourSeconds;
    return when;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

Result<sched::ZoneRule> parse_zone_rule(std::string_view text) {
  if (const auto rule = RuleReader(text).read()) return *rule;
  return fail(ErrorCode::kRefused, fmt::format("its last line is no rule of a zone: '{}'", text));
}

}  // namespace jobq::conf
