// SPDX-License-Identifier: Apache-2.0
// The words that users see for states and outcomes.
#include "sched/state.h"

#include "base/check.h"

namespace jobq::sched {

std::string_view code(JobState state) {
  switch (state) {
    case JobState::kQueued: return "QU";
    case JobState::kHeld: return "HD";
    case JobState::kWaitingResources: return "WR";
    case JobState::kProcessing: return "BP";
    case JobState::kProcessingWaits: return "BP WR";
    case JobState::kCleaningUp: return "CU";
    case JobState::kDone: return "JD";
    case JobState::kError: return "JE";
    case JobState::kCancelled: return "JC";
  }
  unreachable("job state out of range");
}

std::string_view phrase(JobState state) {
  switch (state) {
    case JobState::kQueued: return "queued";
    case JobState::kHeld: return "held";
    case JobState::kWaitingResources: return "waiting for resources";
    case JobState::kProcessing: return "being processed";
    case JobState::kProcessingWaits: return "being processed, waiting for resources";
    case JobState::kCleaningUp: return "cleaning up";
    case JobState::kDone: return "done";
    case JobState::kError: return "ended in error";
    case JobState::kCancelled: return "cancelled";
  }
  unreachable("job state out of range");
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone: return "";
    case Outcome::kSuccess: return "success";
    case Outcome::kFailure: return "failure";
    case Outcome::kCancel: return "cancel";
  }
  unreachable("outcome out of range");
}

std::string_view to_string(StepState state) {
  switch (state) {
    case StepState::kPending: return "pending";
    case StepState::kWaiting: return "waiting";
    case StepState::kStarting: return "starting";
    case StepState::kRunning: return "running";
    case StepState::kEnding: return "ending";
    case StepState::kSucceeded: return "succeeded";
    case StepState::kFailed: return "failed";
    case StepState::kCancelled: return "cancelled";
    case StepState::kSkipped: return "skipped";
  }
  unreachable("step state out of range");
}

}  // namespace jobq::sched
