// SPDX-License-Identifier: Apache-2.0
// What [recur] in a ticket says: when the ticket fires, and what becomes of times that were missed
// or that come while the run before is not over. See docs/recurring.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace jobq::sched {

// Of nominal times that passed while no controller ran, or while it could not act.
enum class CatchUp : std::uint8_t {
  kNone,  // nothing is run for them
  kOnce,  // the newest is run
  kAll,   // the newest `catchup_max` are
};
// Of a nominal time that comes while a job of the same recurring ticket is not final.
enum class Overlap : std::uint8_t {
  kSkip,     // it is left out
  kQueue,    // it waits for the end of that job; of several that wait the newest
  kAllow,    // it is run beside it
  kReplace,  // that job is cancelled, and it is run
};
inline constexpr std::array<std::string_view, 3> kCatchUpNames = {"none", "once", "all"};
inline constexpr std::array<std::string_view, 4> kOverlapNames = {"skip", "queue", "allow",
                                                                  "replace"};
inline std::string_view to_string(CatchUp it) {
  return kCatchUpNames.at(static_cast<std::size_t>(it));
}
inline std::string_view to_string(Overlap it) {
  return kOverlapNames.at(static_cast<std::size_t>(it));
}

struct Recurrence {
  std::string cron;      // see sched/calendar.h
  bool seconds = false;  // it has a field for them
  std::string zone = "UTC";
  CatchUp catchup = CatchUp::kOnce;
  std::uint32_t catchup_max = 100;
  Overlap overlap = Overlap::kSkip;
  bool operator==(const Recurrence&) const = default;
};

inline constexpr std::uint32_t kMostCatchUp = 1000;
inline constexpr std::size_t kMostFirings = 1000;     // kept of a recurring ticket
inline constexpr std::size_t kMostRecurring = 10000;  // of all users
// Later than this a firing is not late but missed.
inline constexpr Millis kLateFiring = seconds(60);

// What became of a nominal time.
enum class FiringEnd : std::uint8_t {
  kFired,    // it has its job
  kWaiting,  // for the end of the run before
  kSkipped,  // because of the run before, or of a newer one that waits
  kMissed,   // while no controller could act
  kPaused,
  kRefused,  // its job was, as one by jq submit would have been
};
inline constexpr std::array<std::string_view, 6> kFiringEndNames = {"fired",  "waiting", "skipped",
                                                                    "missed", "paused",  "refused"};
inline std::string_view to_string(FiringEnd it) {
  return kFiringEndNames.at(static_cast<std::size_t>(it));
}

}  // namespace jobq::sched
