// SPDX-License-Identifier: Apache-2.0
// How an attempt's end is judged.
#include "sched/outcome.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "sched/signals.h"

namespace jobq::sched {
namespace {

bool lists(const std::vector<int>& codes, int code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

Outcome meaning(const ExitMap& exit, int code) {
  if (lists(exit.success, code)) return Outcome::kSuccess;
  if (lists(exit.failure, code)) return Outcome::kFailure;
  if (lists(exit.cancel, code)) return Outcome::kCancel;
  return code == 0 ? Outcome::kSuccess : Outcome::kFailure;
}

std::string exit_reason(const TaskEnd& end, Outcome outcome) {
  if (outcome == Outcome::kSuccess) return {};
  if (end.reported != Outcome::kNone) return fmt::format("reported {}", to_string(outcome));
  return fmt::format("exit code {}", end.exit_code);
}

// The event value and the exit code, whatever the outcome.
Judgement status_of(const TaskEnd& end) {
  Judgement judgement;
  judgement.event = end.event;
  const bool has_status = end.how == TaskEnd::How::kExited || end.how == TaskEnd::How::kSignalled;
  if (!has_status) return judgement;
  const bool exited = end.how == TaskEnd::How::kExited;
  judgement.exit_code = exited ? end.exit_code : 128 + end.signal;
  if (!judgement.event) judgement.event = fmt::to_string(judgement.exit_code);
  return judgement;
}

}  // namespace

Judgement judge(const ExitMap& exit, const TaskEnd& end) {
  Judgement judgement = status_of(end);
  judgement.outcome = Outcome::kFailure;
  switch (end.how) {
    case TaskEnd::How::kExited:
      judgement.outcome =
          end.reported != Outcome::kNone ? end.reported : meaning(exit, end.exit_code);
      judgement.reason = exit_reason(end, judgement.outcome);
      return judgement;
    case TaskEnd::How::kSignalled:
      judgement.reason = "killed by signal " + number_and_name(end.signal);
      return judgement;
    case TaskEnd::How::kNotStarted:
      judgement.reason = end.reason.empty() ? "could not be started" : end.reason;
      return judgement;
    case TaskEnd::How::kLost:
      judgement.reason = end.reason.empty() ? "node lost" : "node lost: " + end.reason;
      return judgement;
    case TaskEnd::How::kMemory:
      judgement.reason = end.reason.empty() ? "memory: used more than was granted" : end.reason;
      return judgement;
    case TaskEnd::How::kLimit:
      judgement.reason = end.reason.empty() ? "a limit of the node" : end.reason;
      return judgement;
    case TaskEnd::How::kBuiltIn:
      judgement.outcome = end.reported == Outcome::kNone ? Outcome::kFailure : end.reported;
      judgement.reason = end.reason;
      return judgement;
  }
  unreachable("end of an attempt out of range");
}

Judgement judge_ordered(const TaskEnd& end, Outcome ordered, const std::string& reason) {
  Judgement judgement = status_of(end);
  judgement.outcome = ordered;
  judgement.reason = reason;
  return judgement;
}

}  // namespace jobq::sched
