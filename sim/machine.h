// SPDX-License-Identifier: Apache-2.0
// The host under a simulated node: its step processes, and the keeper's log of attempts
// (exec/record_log.h) with what a loss of power does to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sched/action.h"
#include "sched/event.h"
#include "sim/chance.h"
#include "sim/timeline.h"
#include "sim/witness.h"

namespace jobq::sim {

// How an attempt stands in the log.
struct Recorded {
  std::optional<sched::TaskEnd> end;
};

class Machine {
 public:
  Machine(std::string name, Timeline& timeline, Chance& chance, Witness& witness);

  const std::string& name() const { return name_; }
  std::string incarnation() const;
  bool was_restarted() const { return log_boot_ != boot_; }  // since a keeper opened the log

  // --- processes; each ends by itself at some time, with some status
  void spawn(const sched::Launch& launch);
  bool runs(const AttemptId& id) const { return processes_.contains(id); }
  void freeze(const AttemptId& id);
  void thaw(const AttemptId& id);
  void terminate(const AttemptId& id);  // TERM: most heed it
  void kill(const AttemptId& id, int signal);
  void kill_all();
  // Whom an exit is told to; nobody while there is no keeper.
  using OnExit = std::function<void(const AttemptId&, const sched::TaskEnd&)>;
  void tell_exits_to(OnExit on_exit) { on_exit_ = std::move(on_exit); }

  // --- the log; false: the disk is full
  using Ledger = std::map<AttemptId, Recorded>;
  Ledger open_log();
  bool record_start(const AttemptId& id);
  bool record_end(const AttemptId& id, const sched::TaskEnd& end);
  bool record_forgotten(const AttemptId& id);

  // --- faults
  void set_disk_full(bool full) { disk_full_ = full; }
  bool is_disk_full() const { return disk_full_; }
  void lose_power(bool state_too);  // with the state directory, or without

 private:
  struct Record {
    enum class Kind : std::uint8_t { kStarted, kEnded, kForgotten };
    Kind kind = Kind::kStarted;
    AttemptId id;
    sched::TaskEnd end;
    std::int64_t at_us = 0;
  };
  struct StepProcess {
    sched::TaskEnd end;
    std::int64_t ends_at_us = 0;
    std::int64_t left_us = 0;  // while it is frozen
    bool frozen = false;
    bool heeds_term = true;
    std::uint64_t plan = 0;  // the one that counts
  };
  sched::TaskEnd random_end();
  void plan_end(const AttemptId& id, StepProcess& process, std::int64_t delay_us);
  void exit(const AttemptId& id);
  bool append(Record record);
  Ledger ledger() const;

  std::string name_;
  Timeline& timeline_;
  Chance& chance_;
  Witness& witness_;
  std::map<AttemptId, StepProcess> processes_;
  OnExit on_exit_;
  std::vector<Record> log_;
  std::uint64_t log_id_ = 0;
  std::uint64_t boot_ = 1;
  std::uint64_t log_boot_ = 1;
  std::uint64_t last_plan_ = 0;
  bool disk_full_ = false;
};

}  // namespace jobq::sim
