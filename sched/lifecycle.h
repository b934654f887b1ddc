// SPDX-License-Identifier: Apache-2.0
// The lifecycle of steps, and what may be asked of jobs: two tables, each with every cell decided.
//
// A step's state changes in one place (Core::enter), driven by on(). A job has no state of its own
// that changes: shown_state() derives it from the job's hold, its decision and the counts of its
// steps. docs/states.md is made from these tables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sched/state.h"

namespace jobq::sched {

// --- steps --------------------------------------------------------------------------------------

enum class StepInput : std::uint8_t {
  kReady,        // its conditions hold
  kUnreachable,  // its conditions can no longer hold
  kStop,         // the job takes no new steps
  kHeld,         // the job is held: what waits is withdrawn
  kGranted,      // it has what it needs, and a node
  kRefused,      // its request was refused: it closes a circle
  kStarted,      // the node says that it runs
  kRelaunched,   // the node never got it: it is sent again
  kTriedAgain,   // it ended without success, and there will be another attempt
  kEndOrdered,   // a cancel or a time limit ends it
  kSucceeded,    // it ended
  kFailed,
  kCancelled,
  kSentBack,  // a loop goes back: it begins anew
};
inline constexpr std::size_t kStepInputs = 14;
inline constexpr std::size_t kStepStates = 9;
std::string_view to_string(StepInput input);  // "ready", "unreachable", ...

struct StepCell {
  enum class Kind : std::uint8_t {
    kGo,      // enter `next` (also when it is the same state: the entry is done again)
    kIgnore,  // stale or repeated, and legal
    kReject,  // our own bug
  };
  Kind kind = Kind::kReject;
  StepState next = StepState::kPending;
  bool operator==(const StepCell&) const = default;
};

StepCell on(StepState state, StepInput input);

// --- jobs ---------------------------------------------------------------------------------------

enum class JobCommand : std::uint8_t { kHold, kRelease, kCancel, kSignal };
inline constexpr std::size_t kJobCommands = 4;
inline constexpr std::size_t kJobStates = 9;
std::string_view to_string(JobCommand command);  // "hold", "release", "cancel", "signal"

enum class Verdict : std::uint8_t {
  kDo,
  kIgnore,  // it is so already: accepted, nothing changes
  kRefuse,
};
Verdict on(JobState state, JobCommand command);

// How many steps of a job (without cleanup) are in each state.
using StepCounts = std::array<std::uint16_t, kStepStates>;
std::size_t count_of(const StepCounts& counts, StepState state);
std::size_t open_steps(const StepCounts& counts);    // not final
std::size_t active_steps(const StepCounts& counts);  // starting, running or ending

// All that a job's state follows from.
struct JobFacts {
  bool ended = false;
  bool held = false;
  bool to_begin = false;  // its begin is to come, or a condition on another job
  bool started = false;
  bool has_cleanup = false;
  Outcome decided = Outcome::kNone;
  StepCounts counts{};
};
JobState shown_state(const JobFacts& facts);

}  // namespace jobq::sched
