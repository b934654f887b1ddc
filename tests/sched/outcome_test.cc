// SPDX-License-Identifier: Apache-2.0
// What the end of an attempt means.
#include "sched/outcome.h"

#include <gtest/gtest.h>

namespace jobq::sched {
namespace {

TaskEnd exited(int code) {
  TaskEnd end;
  end.exit_code = code;
  return end;
}

TaskEnd how(TaskEnd::How how, const std::string& reason) {
  TaskEnd end;
  end.how = how;
  end.reason = reason;
  return end;
}

TEST(Judge, ExitCodeZeroIsSuccessAndItsEventValueIsTheCode) {
  const Judgement it = judge({}, exited(0));
  EXPECT_EQ(it.outcome, Outcome::kSuccess);
  EXPECT_EQ(it.event, "0");
  EXPECT_EQ(it.reason, "");
}

TEST(Judge, AnyOtherExitCodeIsFailure) {
  const Judgement it = judge({}, exited(3));
  EXPECT_EQ(it.outcome, Outcome::kFailure);
  EXPECT_EQ(it.event, "3");
  EXPECT_EQ(it.reason, "exit code 3");
  EXPECT_EQ(it.exit_code, 3);
}

TEST(Judge, TheExitMapChangesWhatCodesMean) {
  ExitMap map;
  map.success = {1};
  map.failure = {0};
  map.cancel = {77};
  EXPECT_EQ(judge(map, exited(1)).outcome, Outcome::kSuccess);
  EXPECT_EQ(judge(map, exited(0)).outcome, Outcome::kFailure);
  EXPECT_EQ(judge(map, exited(77)).outcome, Outcome::kCancel);
  EXPECT_EQ(judge(map, exited(77)).reason, "exit code 77");
  EXPECT_EQ(judge(map, exited(2)).outcome, Outcome::kFailure);
}

TEST(Judge, AReportWinsOverTheExitCode) {
  TaskEnd end = exited(0);
  end.reported = Outcome::kFailure;
  end.event = "differs";
  const Judgement it = judge({}, end);
  EXPECT_EQ(it.outcome, Outcome::kFailure);
  EXPECT_EQ(it.event, "differs");
  EXPECT_EQ(it.reason, "reported failure");
}

TEST(Judge, ASignalIsFailureAlsoAfterAReportOfSuccess) {
  TaskEnd end = how(TaskEnd::How::kSignalled, "");
  end.signal = 9;
  end.reported = Outcome::kSuccess;
  const Judgement it = judge({}, end);
  EXPECT_EQ(it.outcome, Outcome::kFailure);
  EXPECT_EQ(it.event, "137");
  EXPECT_EQ(it.reason, "killed by signal 9 (KILL)");
  EXPECT_EQ(it.exit_code, 137);
}

TEST(Judge, AnUnknownSignalIsNamedByItsNumber) {
  TaskEnd end = how(TaskEnd::How::kSignalled, "");
  end.signal = 64;
  EXPECT_EQ(judge({}, end).reason, "killed by signal 64");
}

TEST(Judge, AStartThatFailedSaysWhatTheNodeSaid) {
  const Judgement it = judge({}, how(TaskEnd::How::kNotStarted, "no such file: ./calc"));
  EXPECT_EQ(it.outcome, Outcome::kFailure);
  EXPECT_EQ(it.event, std::nullopt);
  EXPECT_EQ(it.reason, "no such file: ./calc");
}

TEST(Judge, ALossIsAFailureThatNamesTheNode) {
  EXPECT_EQ(judge({}, how(TaskEnd::How::kLost, "")).reason, "node lost");
  EXPECT_EQ(judge({}, how(TaskEnd::How::kLost, "n1 was restarted")).reason,
            "node lost: n1 was restarted");
}

TEST(Judge, AStepOverALimitFailsWithWhatTheNodeSaidWhateverItReported) {
  TaskEnd end = how(TaskEnd::How::kMemory, "memory: used 1.1G of 100M granted");
  end.reported = Outcome::kSuccess;
  EXPECT_EQ(judge({}, end).outcome, Outcome::kFailure);
  EXPECT_EQ(judge({}, end).event, std::nullopt);
  EXPECT_EQ(judge({}, end).reason, "memory: used 1.1G of 100M granted");
  EXPECT_EQ(judge({}, how(TaskEnd::How::kMemory, "")).reason, "memory: used more than was granted");
  EXPECT_EQ(judge({}, how(TaskEnd::How::kLimit, "processes: 9 of 8 granted")).reason,
            "processes: 9 of 8 granted");
  EXPECT_EQ(judge({}, how(TaskEnd::How::kLimit, "")).reason, "a limit of the node");
}

TEST(JudgeOrdered, TheOrderStandsWhateverTheExitStatus) {
  const Judgement it = judge_ordered(exited(0), Outcome::kCancel, "cancelled by ann");
  EXPECT_EQ(it.outcome, Outcome::kCancel);
  EXPECT_EQ(it.reason, "cancelled by ann");
  EXPECT_EQ(it.event, "0");
}

}  // namespace
}  // namespace jobq::sched
