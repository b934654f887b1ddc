// SPDX-License-Identifier: Apache-2.0
// The two tables and what follows from them.
#include "sched/lifecycle.h"

#include "base/check.h"

namespace jobq::sched {
namespace {

using S = StepState;

constexpr StepCell go(StepState next) { return {StepCell::Kind::kGo, next}; }
constexpr StepCell kIgnore{StepCell::Kind::kIgnore, S::kPending};
constexpr StepCell kReject{StepCell::Kind::kReject, S::kPending};

constexpr StepCell kToWaiting = go(S::kWaiting);
constexpr StepCell kToPending = go(S::kPending);
constexpr StepCell kToStarting = go(S::kStarting);
constexpr StepCell kToRunning = go(S::kRunning);
constexpr StepCell kToEnding = go(S::kEnding);
constexpr StepCell kToSucceeded = go(S::kSucceeded);
constexpr StepCell kToFailed = go(S::kFailed);
constexpr StepCell kToCancelled = go(S::kCancelled);
constexpr StepCell kToSkipped = go(S::kSkipped);

using StepRowOfCells = std::array<StepCell, kStepInputs>;

// Rows are states, columns are inputs, both in the order of their enums. What ends in kEnding ends
// as it was ordered (failure or cancel), whatever its exit status: it never succeeds. A loop sends
// back only what has ended or was not begun.
constexpr std::array<StepRowOfCells, kStepStates> kStepTable{{
    // ready, unreachable, stop, held, granted, refused,
    // started, relaunched, tried again, end ordered, succeeded, failed, cancelled, sent back
    {{kToWaiting, kToSkipped, kToSkipped, kIgnore, kReject, kReject,  // pending
      kReject, kReject, kReject, kToCancelled, kReject, kReject, kReject, kIgnore}},
    {{kReject, kReject, kToSkipped, kToPending, kToStarting, kToFailed,  // waiting
      kReject, kReject, kReject, kToCancelled, kReject, kReject, kReject, kReject}},
    {{kReject, kReject, kIgnore, kIgnore, kReject, kReject,  // starting
      kToRunning, kToStarting, kToPending, kToEnding, kToSucceeded, kToFailed, kToCancelled,
      kReject}},
    {{kReject, kReject, kIgnore, kIgnore, kReject, kReject,  // running
      kIgnore, kReject, kToPending, kToEnding, kToSucceeded, kToFailed, kToCancelled, kReject}},
    {{kReject, kReject, kIgnore, kIgnore, kReject, kReject,  // ending
      kIgnore, kReject, kReject, kToEnding, kReject, kToFailed, kToCancelled, kReject}},
    {{kReject, kReject, kIgnore, kIgnore, kReject, kReject,  // succeeded
      kIgnore, kReject, kReject, kIgnore, kIgnore, kIgnore, kIgnore, kToPending}},
    {{kReject, kReject, kIgnore, kIgnore, kReject, kReject,  // failed
      kIgnore, kReject, kReject, kIgnore, kIgnore, kIgnore, kIgnore, kToPending}},
    {{kReject, kReject, kIgnore, kIgnore, kReject, kReject,  // cancelled
      kIgnore, kReject, kReject, kIgnore, kIgnore, kIgnore, kIgnore, kToPending}},
    {{kReject, kReject, kIgnore, kIgnore, kReject, kReject,  // skipped
      kReject, kReject, kReject, kIgnore, kReject, kReject, kReject, kToPending}},
}};
static_assert(kStepTable.size() == static_cast<std::size_t>(S::kSkipped) + 1);
static_assert(kStepInputs == static_cast<std::size_t>(StepInput::kSentBack) + 1);

using JobRowOfCells = std::array<Verdict, kJobCommands>;
constexpr Verdict kDo = Verdict::kDo;
constexpr Verdict kSame = Verdict::kIgnore;
constexpr Verdict kNo = Verdict::kRefuse;

// Rows are states, columns are commands. Cleanup always runs: it is neither held nor cancelled.
constexpr std::array<JobRowOfCells, kJobStates> kJobTable{{
    // hold, release, cancel, signal
    {{kDo, kSame, kDo, kNo}},  // QU
    {{kSame, kDo, kDo, kDo}},  // HD
    {{kDo, kSame, kDo, kNo}},  // WR
    {{kDo, kSame, kDo, kDo}},  // BP
    {{kDo, kSame, kDo, kNo}},  // BP WR
    {{kNo, kSame, kNo, kDo}},  // CU
    {{kNo, kNo, kNo, kNo}},    // JD
    {{kNo, kNo, kNo, kNo}},    // JE
    {{kNo, kNo, kNo, kNo}},    // JC
}};
static_assert(kJobTable.size() == static_cast<std::size_t>(JobState::kCancelled) + 1);
static_assert(kJobCommands == static_cast<std::size_t>(JobCommand::kSignal) + 1);

JobState ended_as(Outcome decided) {
  switch (decided) {
    case Outcome::kSuccess: return JobState::kDone;
    case Outcome::kFailure: return JobState::kError;
    case Outcome::kCancel: return JobState::kCancelled;
    case Outcome::kNone: break;
  }
  unreachable("a job ended without an outcome");
}

}  // namespace

std::string_view to_string(StepInput input) {
  static constexpr std::array<std::string_view, kStepInputs> kNames{
      "ready",      "unreachable", "stop",        "held",      "granted", "refused",   "started",
      "relaunched", "tried again", "end ordered", "succeeded", "failed",  "cancelled", "sent back"};
  return kNames.at(static_cast<std::size_t>(input));
}

std::string_view to_string(JobCommand command) {
  static constexpr std::array<std::string_view, kJobCommands> kNames{"hold", "release", "cancel",
                                                                     "signal"};
  return kNames.at(static_cast<std::size_t>(command));
}

StepCell on(StepState state, StepInput input) {
  return kStepTable.at(static_cast<std::size_t>(state)).at(static_cast<std::size_t>(input));
}

Verdict on(JobState state, JobCommand command) {
  return kJobTable.at(static_cast<std::size_t>(state)).at(static_cast<std::size_t>(command));
}

std::size_t count_of(const StepCounts& counts, StepState state) {
  return counts.at(static_cast<std::size_t>(state));
}

std::size_t active_steps(const StepCounts& counts) {
  return count_of(counts, S::kStarting) + count_of(counts, S::kRunning) +
         count_of(counts, S::kEnding);
}

std::size_t open_steps(const StepCounts& counts) {
  return count_of(counts, S::kPending) + count_of(counts, S::kWaiting) + active_steps(counts);
}

JobState shown_state(const JobFacts& facts) {
  if (facts.ended) return ended_as(facts.decided);
  if (facts.held) return JobState::kHeld;
  if (facts.to_begin) return JobState::kQueued;
  if (!facts.started) return JobState::kWaitingResources;
  const bool over = facts.decided != Outcome::kNone && open_steps(facts.counts) == 0;
  if (over && facts.has_cleanup) return JobState::kCleaningUp;
  const bool waits = active_steps(facts.counts) == 0 && count_of(facts.counts, S::kWaiting) > 0;
  return waits ? JobState::kProcessingWaits : JobState::kProcessing;
}

}  // namespace jobq::sched
