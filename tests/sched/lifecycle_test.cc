// SPDX-License-Identifier: Apache-2.0
// Every cell of the lifecycle tables, and the state that a job shows.
#include "sched/lifecycle.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace jobq::sched {
namespace {

using S = StepState;

std::string cell_text(S state, StepInput input) {
  const StepCell cell = on(state, input);
  if (cell.kind == StepCell::Kind::kIgnore) return "-";
  if (cell.kind == StepCell::Kind::kReject) return "!";
  return std::string(to_string(cell.next));
}

std::vector<std::string> row_of(S state) {
  std::vector<std::string> row;
  for (std::size_t i = 0; i < kStepInputs; ++i) {
    row.push_back(cell_text(state, static_cast<StepInput>(i)));
  }
  return row;
}

using Cells = std::vector<std::string>;

TEST(StepTable, OfEveryStateEveryCellIsDecided) {
  EXPECT_EQ(row_of(S::kPending), (Cells{"waiting", "skipped", "skipped", "-", "!", "!", "!", "!",
                                        "!", "cancelled", "!", "!", "!", "-"}));
  EXPECT_EQ(row_of(S::kWaiting), (Cells{"!", "!", "skipped", "pending", "starting", "failed", "!",
                                        "!", "!", "cancelled", "!", "!", "!", "!"}));
  EXPECT_EQ(row_of(S::kStarting),
            (Cells{"!", "!", "-", "-", "!", "!", "running", "starting", "pending", "ending",
                   "succeeded", "failed", "cancelled", "!"}));
  EXPECT_EQ(row_of(S::kRunning), (Cells{"!", "!", "-", "-", "!", "!", "-", "!", "pending", "ending",
                                        "succeeded", "failed", "cancelled", "!"}));
  EXPECT_EQ(row_of(S::kEnding), (Cells{"!", "!", "-", "-", "!", "!", "-", "!", "!", "ending", "!",
                                       "failed", "cancelled", "!"}));
  for (const S state : {S::kSucceeded, S::kFailed, S::kCancelled}) {
    EXPECT_EQ(row_of(state),
              (Cells{"!", "!", "-", "-", "!", "!", "-", "!", "!", "-", "-", "-", "-", "pending"}));
  }
  EXPECT_EQ(row_of(S::kSkipped),
            (Cells{"!", "!", "-", "-", "!", "!", "!", "!", "!", "-", "!", "!", "!", "pending"}));
}

TEST(StepTable, WhatIsFinalStaysAsItIsUnlessALoopGoesBack) {
  for (std::size_t s = 0; s < kStepStates; ++s) {
    if (!is_final(static_cast<S>(s))) continue;
    for (std::size_t i = 0; i < kStepInputs; ++i) {
      if (static_cast<StepInput>(i) == StepInput::kSentBack) continue;
      EXPECT_NE(on(static_cast<S>(s), static_cast<StepInput>(i)).kind, StepCell::Kind::kGo);
    }
  }
}

TEST(StepTable, EveryStateIsReachedFromPending) {
  std::vector<bool> reached(kStepStates);
  std::vector<std::size_t> open{0};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (reached[at]) continue;
    reached[at] = true;
    for (std::size_t i = 0; i < kStepInputs; ++i) {
      const StepCell cell = on(static_cast<S>(at), static_cast<StepInput>(i));
      if (cell.kind == StepCell::Kind::kGo) open.push_back(static_cast<std::size_t>(cell.next));
    }
  }
  EXPECT_EQ(reached, std::vector<bool>(kStepStates, true));
}

std::string verdicts(JobState state) {
  std::string text;
  for (std::size_t i = 0; i < kJobCommands; ++i) {
    switch (on(state, static_cast<JobCommand>(i))) {
      case Verdict::kDo: text += '+'; break;
      case Verdict::kIgnore: text += '-'; break;
      case Verdict::kRefuse: text += '!'; break;
    }
  }
  return text;
}

// hold, release, cancel, signal.
TEST(JobTable, OfEveryStateEveryCommandIsDecided) {
  EXPECT_EQ(verdicts(JobState::kQueued), "+-+!");
  EXPECT_EQ(verdicts(JobState::kHeld), "-+++");
  EXPECT_EQ(verdicts(JobState::kWaitingResources), "+-+!");
  EXPECT_EQ(verdicts(JobState::kProcessing), "+-++");
  EXPECT_EQ(verdicts(JobState::kProcessingWaits), "+-+!");
  EXPECT_EQ(verdicts(JobState::kCleaningUp), "!-!+");
  for (const JobState state : {JobState::kDone, JobState::kError, JobState::kCancelled}) {
    EXPECT_EQ(verdicts(state), "!!!!");
  }
}

JobFacts started_with(S state) {
  JobFacts facts;
  facts.started = true;
  facts.counts.at(static_cast<std::size_t>(state)) = 1;
  return facts;
}

TEST(ShownState, FollowsFromHoldDecisionAndCounts) {
  EXPECT_EQ(shown_state(JobFacts{}), JobState::kWaitingResources);
  JobFacts early;
  early.to_begin = true;
  EXPECT_EQ(shown_state(early), JobState::kQueued);
  early.held = true;
  EXPECT_EQ(shown_state(early), JobState::kHeld);
  EXPECT_EQ(shown_state(started_with(S::kRunning)), JobState::kProcessing);
  EXPECT_EQ(shown_state(started_with(S::kWaiting)), JobState::kProcessingWaits);
  JobFacts held = started_with(S::kRunning);
  held.held = true;
  EXPECT_EQ(shown_state(held), JobState::kHeld);
  JobFacts both = started_with(S::kWaiting);
  both.counts.at(static_cast<std::size_t>(S::kRunning)) = 1;
  EXPECT_EQ(shown_state(both), JobState::kProcessing);
}

TEST(ShownState, CleaningUpBeginsWhenTheLastStepHasEnded) {
  JobFacts facts = started_with(S::kRunning);
  facts.decided = Outcome::kFailure;
  facts.has_cleanup = true;
  EXPECT_EQ(shown_state(facts), JobState::kProcessing);
  facts.counts = {};
  EXPECT_EQ(shown_state(facts), JobState::kCleaningUp);
  facts.ended = true;
  EXPECT_EQ(shown_state(facts), JobState::kError);
  facts.decided = Outcome::kCancel;
  EXPECT_EQ(shown_state(facts), JobState::kCancelled);
  facts.decided = Outcome::kSuccess;
  EXPECT_EQ(shown_state(facts), JobState::kDone);
}

}  // namespace
}  // namespace jobq::sched
