// SPDX-License-Identifier: Apache-2.0
// Conditions of a job on other jobs, as a ticket writes them: "41", "41.error", "nightly.ended+5m".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "sched/state.h"

namespace jobq::sched {

struct JobCondition {
  enum class On : std::uint8_t {
    kDone,     // it ended with success
    kError,    // it ended in error; one that was cancelled did not
    kEnded,    // it ended, however
    kStarted,  // it started, or has started
  };
  std::string job;  // its number, or its name: the newest of this user in the queue
  On on = On::kDone;
  Millis delay;  // from then on, 0 to kLongestFollowDelay
  bool operator==(const JobCondition&) const = default;
};
inline constexpr std::size_t kMostJobConditions = 1000;  // of a job
inline constexpr Millis kLongestFollowDelay = seconds(std::int64_t{365} * 86400);

std::string_view to_string(JobCondition::On on);  // "done", "error", "ended", "started"
std::string to_string(const JobCondition& condition);
// An error says what was expected.
Result<JobCondition> parse_job_condition(std::string_view text);
// Of a wait step, which waits for the end of jobs, whatever it is: a number or a name.
Result<void> check_waited_for(std::string_view word);
// "41" -> 41; 0 where the text is no number of a job, and so a name.
JobNumber number_in(std::string_view text);

// What is known of a job that has ended, or that runs.
struct JobFact {
  JobNumber job;
  Time started;  // 0: it has not
  Time ended;    // 0: it has not
  Outcome outcome = Outcome::kNone;
  std::string reason;
  bool operator==(const JobFact&) const = default;
};

}  // namespace jobq::sched
