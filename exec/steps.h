// SPDX-License-Identifier: Apache-2.0
// The keeper's heart: every attempt on this node from its start to the moment it may be forgotten.
//
// An attempt is recorded before its process exists, and its end before anybody hears of it; ends
// that cannot be recorded (disk full) are told all the same and tried again. The end of an attempt
// is the end of everything that it started: what its main process leaves behind is killed, and the
// place is seen empty, before the end is told. What a dead keeper left takes the same way, with the
// end "lost" decided beforehand.
//
// No loop and no clock in here: the owner calls reap() after SIGCHLD and tick() when it is due.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "exec/accounting.h"
#include "exec/containment.h"
#include "exec/handover.pb.h"
#include "exec/keeper.pb.h"
#include "exec/launcher.h"
#include "exec/output_slots.h"
#include "exec/record_log.h"

namespace jobq::exec {

struct StepsOptions {
  std::string state;
  Millis grace = seconds(10);
};

class Steps {
 public:
  // Tells the agent that an attempt runs or ended.
  using Tell = std::function<void(const pb::Attempt&)>;

  Steps(StepsOptions options, Containment& containment, OutputSlots& slots, RecordLog& log,
        Tell tell);
  ~Steps();
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

  // Takes over what the log says of predecessors: called once, before anything else.
  void settle();
  // Everything that is held, for the program that takes this one's place in the same process, and
  // called instead of settle() there.
  void hand_over(pb::Handover& to);
  void take_over(const pb::Handover& from);

  // An attempt that is known is not started again: its present state is told instead.
  void start(const pb::Start& start);
  // The same for a fenced one where the lease is over: it ends as lost before it has begun, as if
  // it had run. "Not started" would be a failure of its own, which is not tried elsewhere.
  void start_too_late(const pb::Start& start);
  void order(const pb::Order& order);
  void set_grace(Millis grace) { options_.grace = grace; }  // of those that are ended from now on
  // Empty where it is recorded, else what is wrong with it.
  std::string report(const pb::Report& report);

  // What is fenced is to end within this time; at once. The lease is running out, or over.
  void end_fenced(Millis within);
  void kill_fenced();

  // At once: nobody will ask for it.
  void end_everything(const std::string& reason);

  void reap();
  // Does what is due at this point of the steady clock, and says when to come again.
  std::optional<std::int64_t> tick(std::int64_t now_ns);

  std::vector<pb::Attempt> attempts() const;
  bool anything_runs() const;        // or is still to be ended
  bool anything_unrecorded() const;  // an end that the disk does not take

 private:
  struct Step;
  using Held = std::map<AttemptId, std::unique_ptr<Step>>;

  Step* hold(const pb::Id& id);
  Result<LaunchMeans> prepare(Step& step, const pb::Start& start);
  Result<void> record_start(const Step& step);
  Result<void> write_script(Step& step, const pb::Start& start) const;
  void launch(Step& step, const pb::Start& start, const LaunchMeans& means);
  void not_started(Step& step, std::string reason);
  void adopt(const AttemptId& id, const KnownAttempt& known);
  void take_over(const pb::HeldStep& held);
  void leave_no_trace_of_predecessors();

  static CellLimits granted_to(const pb::Start& start);
  void watch(const Step& step);
  void enforce(std::int64_t now_ns);
  static void judge(Step& step, pb::End::How how, std::string reason);
  void end_for(Step& step, pb::End::How how, std::string reason);
  void judge_end(Step& step);
  Bytes peak_of(const Step& step, const CellUsage& usage) const;
  void add_usage(Step& step);

  void kill(Step& step, Millis grace);
  void kill_at_once(Step& step);
  void signal(Step& step, int number);
  void suspend(Step& step);
  void resume(Step& step);
  void forget(Step& step);

  void main_exited(Step& step, int status, const rusage& usage);
  void finish_exited(Step& step);
  void complete(Step& step);
  void record_end(Step& step);
  void tend_at(Step& step, std::int64_t at_ns);
  void tend(Step& step, std::int64_t now_ns);

  Step* find(const pb::Id& id);
  pb::Attempt view(const Step& step) const;

  StepsOptions options_;
  Containment& containment_;
  OutputSlots& slots_;
  RecordLog& log_;
  Tell tell_;
  Launcher launcher_;
  Accounting accounting_;
  Held steps_;
  std::unordered_map<pid_t, Step*> by_pid_;
  std::unordered_map<std::string, Step*> by_token_;
  std::vector<Step*> tended_;  // being ended, or with an end to record
  std::size_t running_ = 0;
  std::size_t adopted_ = 0;  // of a predecessor, not yet ended
};

}  // namespace jobq::exec
