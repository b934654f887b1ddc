// SPDX-License-Identifier: Apache-2.0
// Waiting for jobs to end, across restarts of the controller; what their outcomes are as an exit
// code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "cmd/client.h"
#include "sched/event.h"

namespace jobq::cmd {

struct EndedJob {
  JobRef job;
  sched::JobState state = sched::JobState::kDone;
  sched::Outcome outcome = sched::Outcome::kNone;
  std::string reason;
  int exit_code = 0;
};

struct WaitOptions {
  std::vector<sched::Selector::Range> jobs;
  std::vector<sched::Selector::Elements> elements;
  bool any = false;             // the first end is enough
  Millis patience = kPatience;  // with a controller that is away
};

// Calls back for each job as it ends, each once. kNotFound for a job that there is not.
using OnEnded = std::function<void(const EndedJob& job)>;
Result<void> wait_for_jobs(const ControllerOptions& where, const WaitOptions& options,
                           const OnEnded& on_ended);

// 1 when any failed, else 130 when any was cancelled, else 0.
class OutcomeCode {
 public:
  void add(sched::Outcome outcome);
  int code() const { return failed_ ? 1 : cancelled_ ? 130 : 0; }

 private:
  bool failed_ = false;
  bool cancelled_ = false;
};

// From here on Ctrl-C says this and ends the command with 130; jobs go on.
void leave_on_interrupt(const std::string& message);

}  // namespace jobq::cmd
