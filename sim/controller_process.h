// SPDX-License-Identifier: Apache-2.0
// A controller as a process of the simulated world: the real turn, the real core and the real
// journal's file, on a simulated disk, clock and network. It can die between any two operations.
//
// The journal's thread is modelled by time: a commit takes a while, batches that arrive meanwhile
// go into the next one together, and its answer takes a moment to reach the loop.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "controller/turn.h"
#include "sim/chance.h"
#include "sim/disk.h"
#include "sim/disk_vfs.h"
#include "sim/network.h"
#include "sim/node_desk.h"
#include "sim/timeline.h"
#include "sim/witness.h"
#include "store/journal_file.h"

namespace jobq::sim {

inline constexpr const char* kJournalPath = "journal.db";

// Where a controller can be told to die: between any two operations of a turn.
enum class DeathAt : std::uint8_t { kAppend, kCommit, kCommitted, kAction };
inline constexpr std::size_t kDeathPoints = 4;
std::string_view to_string(DeathAt at);  // "before an append", ...

class ControllerProcess final : private controller::TurnDoors {
 public:
  struct Surroundings {
    Timeline& timeline;
    Chance& chance;
    Disk& disk;
    Network& network;
    Witness& witness;
    std::function<Time()> wall_clock;
    std::function<void(const sched::Reply&)> reply;
    std::function<void(const sched::EventManager&)> turned;  // after each turn
    std::function<void()> over;  // it died or stopped; from the timeline, to take it away
    std::map<std::string, std::uint64_t>& counts;
  };
  explicit ControllerProcess(Surroundings surroundings);
  ~ControllerProcess() override;
  ControllerProcess(const ControllerProcess&) = delete;
  ControllerProcess& operator=(const ControllerProcess&) = delete;

  // False: it cannot open its journal, or died while it did.
  bool begin();
  // Cleanly, when all that has arrived is durable and has left.
  void stop();
  bool has_stopped() const { return stopped_; }
  void post(sched::Event event);
  const sched::EventManager& core() const { return turn_.core(); }
  const store::Journal::Counters& journal() const { return file_->counters(); }
  // All that it was told is durable and told.
  bool is_idle() const {
    return queue_.empty() && mailbox_.empty() && !committing_ && !run_planned_;
  }

  // --- faults
  // The next time that it comes there, or some times later.
  void die_at(DeathAt at, std::size_t passes);
  void pause(Millis span) { process_.pause(span); }
  void set_slow_disk(bool slow) { slow_disk_ = slow; }

 private:
  Time now() override { return around_.wall_clock(); }
  void run_soon() override;
  void start(controller::TurnTimer timer, Millis delay) override;
  void stop(controller::TurnTimer timer) override;
  void append(std::vector<sched::Row> rows) override;
  Result<std::vector<sched::Row>> recover() override;
  Result<void> reopen() override;
  void act(sched::Action action) override;
  void journal_failed(const Error& refused_with) override;
  void journal_back() override;

  void submit(sched::NewJobNotice notice);
  void look_up(const sched::LookUp& asked);
  void end();
  void tell_of_loss(const sched::AttemptRow& attempt);
  void commit_soon();
  void commit();
  void tidy_soon();
  void collect();
  bool dies_here(DeathAt at);
  void look_at_disk();
  void die();
  std::uint64_t& plan_of(controller::TurnTimer timer);

  Surroundings around_;
  Process process_;
  DiskVfs vfs_;
  std::unique_ptr<store::JournalFile> file_;
  controller::Turn turn_;
  std::unique_ptr<NodeDesk> desk_;

  std::vector<std::vector<sched::Row>> queue_;  // before the journal
  std::vector<Result<void>> mailbox_;           // behind it
  bool committing_ = false;
  bool run_planned_ = false;
  std::uint64_t commits_ = 0;             // planned or done: an idle moment ends with the next
  std::array<std::uint64_t, 3> plans_{};  // of the timers: the newest counts
  DeathAt dies_at_ = DeathAt::kAction;
  std::size_t dies_in_ = 0;  // passes; 0: it lives
  bool slow_disk_ = false;
  bool dead_ = false;  // as far as the world can see
  bool stopped_ = false;
};

}  // namespace jobq::sim
