// SPDX-License-Identifier: Apache-2.0
// Words and colours of values.
#include "cmd/phrases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/check.h"
#include "sched/signals.h"

namespace jobq::cmd {

Colour colour_of(sched::JobState state) {
  switch (state) {
    case sched::JobState::kQueued:
    case sched::JobState::kWaitingResources: return Colour::kYellow;
    case sched::JobState::kHeld: return Colour::kMagenta;
    case sched::JobState::kProcessing: return Colour::kGreen;
    case sched::JobState::kProcessingWaits: return Colour::kYellow;
    case sched::JobState::kCleaningUp: return Colour::kBlue;
    case sched::JobState::kDone: return Colour::kNone;
    case sched::JobState::kError: return Colour::kRed;
    case sched::JobState::kCancelled: return Colour::kGrey;
  }
  unreachable("job state out of range");
}

Colour colour_of(sched::StepState state) {
  switch (state) {
    case sched::StepState::kPending:
    case sched::StepState::kSkipped:
    case sched::StepState::kCancelled: return Colour::kGrey;
    case sched::StepState::kWaiting: return Colour::kYellow;
    case sched::StepState::kStarting:
    case sched::StepState::kRunning: return Colour::kGreen;
    case sched::StepState::kEnding: return Colour::kBlue;
    case sched::StepState::kSucceeded: return Colour::kNone;
    case sched::StepState::kFailed: return Colour::kRed;
  }
  unreachable("step state out of range");
}

std::string elapsed(Millis length) {
  const std::int64_t total = std::max<std::int64_t>(length.count, 0) / 1000;
  const std::int64_t days = total / 86400;
  const std::int64_t hours = total / 3600 % 24;
  const std::int64_t minutes = total / 60 % 60;
  const std::int64_t secs = total % 60;
  if (days > 0) return fmt::format("{}d{:02}h", days, hours);
  if (hours > 0) return fmt::format("{}h{:02}m", hours, minutes);
  if (minutes > 0) return fmt::format("{}m{:02}s", minutes, secs);
  return fmt::format("{}s", secs);
}

std::string about(Bytes size) {
  constexpr std::string_view kUnits = "BKMGTPE";
  double amount = static_cast<double>(size.count);
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  const bool whole =
      unit == 0 || amount >= 100 || amount == static_cast<double>(static_cast<int>(amount));
  return fmt::format("{:.{}f}{}", amount, whole ? 0 : 1, kUnits[unit]);
}

std::string at_local(Time time, Time now) { return time ? format_local(time, now) : "-"; }

std::string phrase_of(const sched::TaskEnd& end) {
  switch (end.how) {
    case sched::TaskEnd::How::kExited: return fmt::format("exit code {}", end.exit_code);
    case sched::TaskEnd::How::kSignalled: return "signal " + sched::number_and_name(end.signal);
    case sched::TaskEnd::How::kNotStarted: return fmt::format("not started: {}", end.reason);
    case sched::TaskEnd::How::kLost: return fmt::format("lost: {}", end.reason);
    case sched::TaskEnd::How::kMemory:
    case sched::TaskEnd::How::kLimit:
    case sched::TaskEnd::How::kBuiltIn: return end.reason;
  }
  unreachable("end of a task out of range");
}

std::string points(double number) {
  const double tenths = std::round(number * 10);
  if (std::fmod(tenths, 10) != 0) return fmt::format("{:.1f}", tenths / 10);
  return fmt::format("{:.0f}", tenths / 10 + 0.0);  // and no "-0"
}

std::string counted(std::size_t number, const std::string& noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace jobq::cmd
