// SPDX-License-Identifier: Apache-2.0
// What the end of an attempt means: outcome, event value, reason.
#pragma once

#include <optional>
#include <string>

#include "sched/event.h"
#include "sched/spec.h"
#include "sched/state.h"

namespace jobq::sched {

struct Judgement {
  Outcome outcome = Outcome::kNone;
  std::optional<std::string> event;  // none where the end of the process is unknown
  std::string reason;                // empty for a plain success
  int exit_code = 0;                 // 128 + n for a signal; 0 where there is none
};

// A process that exits by itself comes to what it reported, else to what its exit code means. A
// signal, a start that failed and a loss are failures, whatever was reported before.
Judgement judge(const ExitMap& exit, const TaskEnd& end);

// An end that was ordered comes to what it was ordered for, also when the process was quicker and
// ended by itself: the order stands, so that a cancel is never answered by a success.
Judgement judge_ordered(const TaskEnd& end, Outcome ordered, const std::string& reason);

}  // namespace jobq::sched
