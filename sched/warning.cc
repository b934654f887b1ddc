// SPDX-License-Identifier: Apache-2.0
// Reading and writing of warning signals.
#include "sched/warning.h"

#include <fmt/format.h>

#include "sched/signals.h"

namespace jobq::sched {
namespace {

constexpr int kKill = 9;
constexpr int kStop = 19;
constexpr Millis kLongest = seconds(std::int64_t{36500} * 86400);  // as of a time limit

}  // namespace

Result<Warning> parse_warning(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' does not say when; expected a signal and how long before the "
                            "time limit, such as USR1@60 or TERM@2m",
                            text));
  }
  const auto signal = parse_signal(text.substr(0, at));
  if (!signal) return tl::unexpected(signal.error());
  const auto before = parse_duration(text.substr(at + 1));
  if (!before) return tl::unexpected(before.error());
  const Warning warning{*signal, *before};
  if (std::string fault = fault_of(warning); !fault.empty()) {
    return fail(ErrorCode::kUsage, std::move(fault));
  }
  return warning;
}

std::string to_string(const Warning& warning) {
  return name_or_number(warning.signal) + "@" + format_duration(warning.before);
}

std::string fault_of(const Warning& warning) {
  if (warning.signal < 1 || warning.signal > kMostSignal) {
    return fmt::format("expected a signal of 1 to {}, found {}", kMostSignal, warning.signal);
  }
  if (warning.signal == kKill || warning.signal == kStop) {
    return fmt::format("{} cannot be caught, so it warns nobody; expected another signal",
                       name_or_number(warning.signal));
  }
  if (warning.before.count > 0 && warning.before <= kLongest) return {};
  return fmt::format("expected a time before the limit of 1ms to {}, found {}",
                     format_duration(kLongest), format_duration(warning.before));
}

}  // namespace jobq::sched
