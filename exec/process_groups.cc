// SPDX-License-Identifier: Apache-2.0
// Cells that are found by looking at processes.
#include "exec/process_groups.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <vector>

#include "exec/files.h"
#include "exec/process_table.h"

namespace jobq::exec {
namespace {

// What all cells of one keeper share: the last look, and who the main processes are.
struct Family {
  std::multiset<pid_t> mains;  // of every cell; a number can come back before its first cell goes
  std::optional<std::vector<ProcessEntry>> processes;
  std::optional<bool> orphans;

  void look_again() {
    processes.reset();
    orphans.reset();
  }

  const std::vector<ProcessEntry>& look() {
    if (!processes) processes = look_at_all();
    return *processes;
  }

  // Has this process a child, dead or alive, that is nobody's main process? Asking the kernel about
  // a number costs a fraction of reading its line in /proc.
  bool has_orphans() {
    if (!orphans) {
      const std::vector<pid_t> all = all_pids();
      orphans = std::any_of(all.begin(), all.end(),
                            [this](pid_t pid) { return !mains.contains(pid) && is_child(pid); });
    }
    return *orphans;
  }

  static bool is_child(pid_t pid) {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  }
};

class MarkedCell final : public Cell {
 public:
  MarkedCell(std::shared_ptr<Family> family, std::string mark)
      : family_(std::move(family)), assignment_("JOBQ_MARK=" + mark), mark_(std::move(mark)) {}
  MarkedCell(const pb::Place& place, const std::optional<pb::Running>& running)
      : MarkedCell(std::make_shared<Family>(), place.mark()) {
    adopted_ = true;
    if (running) main_ = running->pid();
    if (running) start_time_ = running->start_time();
  }
  // As the program before us, which was this same process, had it.
  MarkedCell(std::shared_ptr<Family> family, const pb::HeldCell& held)
      : MarkedCell(std::move(family), held.place().mark()) {
    main_ = held.running().pid();
    start_time_ = held.running().start_time();
    session_over_ = held.session_over();
    if (main_ != 0) family_->mains.insert(main_);
  }
  ~MarkedCell() override {
    const auto mine = family_->mains.find(main_);
    if (mine != family_->mains.end()) family_->mains.erase(mine);
  }

  pb::Place place() const override {
    pb::Place place;
    place.set_mark(mark_);
    return place;
  }

  bool entered(pid_t main) override {
    main_ = main;
    family_->mains.insert(main);
    if (const auto entry = look_at(main)) start_time_ = entry->start_time;
    return true;
  }

  pb::Running running() const override {
    pb::Running running;
    running.set_pid(main_);
    running.set_start_time(start_time_);
    return running;
  }

  pb::HeldCell held() const override {
    pb::HeldCell held = Cell::held();
    held.set_session_over(session_over_);
    return held;
  }

  // Whoever is left is in the main process's group, or descends from somebody who lost its parent.
  bool empty() override {
    if (adopted_) {
      family_->look_again();
      return members().empty();
    }
    const bool no_group = main_ == 0 || (::kill(-main_, 0) != 0 && errno == ESRCH);
    return (no_group && !family_->has_orphans()) || members().empty();
  }

  void signal(int number) override {
    family_->look_again();
    for (const pid_t pid : members()) ::kill(pid, number);
  }
  void kill() override { signal(SIGKILL); }
  void freeze() override { signal(SIGSTOP); }
  void thaw() override { signal(SIGCONT); }

  std::vector<pid_t> processes() override { return members(); }
  std::size_t tasks() override {
    const std::vector<pid_t> mine = members();
    std::size_t count = 0;
    for (const ProcessEntry& process : family_->look()) {
      if (std::binary_search(mine.begin(), mine.end(), process.pid)) count += process.threads;
    }
    return count;
  }

 private:
  // While anybody is in the session its number is taken; once nobody was, it may mean another one.
  // After a keeper's death nobody has watched, so that only a living leader proves it.
  bool is_session(const std::vector<ProcessEntry>& all) {
    if (main_ == 0 || session_over_) return false;
    bool anybody = false;
    bool leader = false;
    for (const ProcessEntry& process : all) {
      anybody = anybody || process.session == main_;
      if (process.pid != main_) continue;
      if (process.start_time != start_time_) session_over_ = true;
      leader = true;
    }
    if (!anybody || (adopted_ && !leader)) session_over_ = true;
    return !session_over_;
  }

  // Reading an environment costs: only those that lost their parent are asked.
  bool is_marked(const ProcessEntry& process) const {
    const pid_t self = getpid();
    if (process.pid == self || process.pid == 1) return false;
    if (!adopted_ && process.parent != self) return false;
    if (family_->mains.contains(process.pid)) return false;
    if (!adopted_ && is_alone() && process.parent == self) return true;
    return has_variable(process.pid, assignment_);
  }
  bool is_alone() const {
    return family_->mains.empty() || (family_->mains.size() == 1 && family_->mains.contains(main_));
  }

  // The dead that we have to reap count: they may have forked while we looked. Those of a
  // predecessor are for others to reap.
  std::vector<pid_t> members() {
    const std::vector<ProcessEntry>& all = family_->look();
    const bool by_session = is_session(all);
    std::set<pid_t> found;
    for (const ProcessEntry& process : all) {
      const bool mine = by_session && (process.session == main_ || process.pid == main_);
      if (mine || is_marked(process)) found.insert(process.pid);
    }
    add_descendants(all, found);
    std::vector<pid_t> pids;
    for (const ProcessEntry& process : all) {
      const bool counts = process.living() || !adopted_;
      if (counts && found.contains(process.pid)) pids.push_back(process.pid);
    }
    return pids;
  }

  static void add_descendants(const std::vector<ProcessEntry>& all, std::set<pid_t>& found) {
    const pid_t self = getpid();
    for (bool grew = true; grew;) {
      grew = false;
      for (const ProcessEntry& process : all) {
        if (process.pid == self || !found.contains(process.parent)) continue;
        if (found.insert(process.pid).second) grew = true;
      }
    }
  }

  std::shared_ptr<Family> family_;
  std::string assignment_;
  std::string mark_;
  pid_t main_ = 0;
  std::uint64_t start_time_ = 0;
  bool adopted_ = false;
  bool session_over_ = false;
};

class ProcessGroups final : public Containment {
 public:
  std::string_view way() const override { return "process groups"; }
  pb::Opened opened() const override { return {}; }
  Result<std::unique_ptr<Cell>> take(const CellLimits&) override {
    return std::make_unique<MarkedCell>(family_, random_hex(16));
  }
  void give_back(std::unique_ptr<Cell> cell) override { cell.reset(); }
  std::unique_ptr<Cell> take_over(const pb::HeldCell& held) override {
    return std::make_unique<MarkedCell>(family_, held);
  }
  void look_again() override { family_->look_again(); }

 private:
  std::shared_ptr<Family> family_ = std::make_shared<Family>();
};

}  // namespace

std::unique_ptr<Containment> make_process_groups() { return std::make_unique<ProcessGroups>(); }

std::unique_ptr<Cell> adopt_marked(const pb::Place& place,
                                   const std::optional<pb::Running>& running) {
  return std::make_unique<MarkedCell>(place, running);
}

}  // namespace jobq::exec
