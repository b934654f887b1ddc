// SPDX-License-Identifier: Apache-2.0
// What the history knows of jobs that have ended, for the event manager, which has only the others.
//
// A request that comes after such jobs takes what is known of them with it; a step that waits for
// some is told. A job is looked for when its end is durable: then the history has it, or never will
// have it again.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "controller/history_reader.h"
#include "controller/loop_handles.h"
#include "controller/turns.h"

namespace jobq::controller {

class PastJobs {
 public:
  PastJobs(uv_loop_s* loop, Turns& turns, HistoryReader& history);

  // Posts it when all is known; `refuse` where the history cannot be read.
  void submit(sched::NewJobNotice notice, std::function<void(const Error&)> refuse);
  // Posts the answer; tries again where the history cannot be read.
  void look_up(const sched::LookUp& asked);

 private:
  using Facts = Result<std::vector<sched::JobFact>>;
  void read(std::vector<JobNumber> jobs, std::function<void(Facts)> answer);
  void ask_again();

  Turns& turns_;
  HistoryReader& history_;
  Timer retry_;
  std::vector<sched::LookUp> unanswered_;
};

}  // namespace jobq::controller
