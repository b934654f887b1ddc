// SPDX-License-Identifier: Apache-2.0
// The states of jobs and steps, their outcomes, and the words that users see for them.
#pragma once

#include <cstdint>
#include <string_view>

namespace jobq::sched {

// See states(7). HD and BP WR are not stored: they follow from a job's hold and its steps.
enum class JobState : std::uint8_t {
  kQueued,            // QU
  kHeld,              // HD
  kWaitingResources,  // WR
  kProcessing,        // BP
  kProcessingWaits,   // BP WR: every step that could run waits for resources
  kCleaningUp,        // CU
  kDone,              // JD
  kError,             // JE
  kCancelled,         // JC
};
std::string_view code(JobState state);    // "QU", ..., "BP WR", ...
std::string_view phrase(JobState state);  // "queued", "held", ...
constexpr bool is_final(JobState s) { return s >= JobState::kDone; }

enum class Outcome : std::uint8_t { kNone, kSuccess, kFailure, kCancel };
std::string_view to_string(Outcome outcome);  // "", "success", "failure", "cancel"

enum class StepState : std::uint8_t {
  kPending,   // its conditions are open
  kWaiting,   // its needs stand in the resource manager's queue
  kStarting,  // granted; the node was told to start it
  kRunning,   // the node says that it runs
  kEnding,    // the node was told to end it
  kSucceeded,
  kFailed,
  kCancelled,
  kSkipped,  // its conditions can no longer hold, or the job takes no new steps
};
std::string_view to_string(StepState state);  // "pending", "waiting", ...
constexpr bool is_final(StepState s) { return s >= StepState::kSucceeded; }

}  // namespace jobq::sched
