// SPDX-License-Identifier: Apache-2.0
// Cells that are cgroup v2 directories.
#include "exec/cgroups.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <set>
#include <vector>

#include "base/log.h"
#include "exec/controllers.h"
#include "exec/files.h"
#include "exec/not_started.h"
#include "exec/vfork.h"

namespace jobq::exec {
namespace {

constexpr std::size_t kMostIdle = 512;  // cells kept for later; a directory costs some KiB
constexpr std::size_t kProcsBytes = 1U << 20U;

std::string read_members(const std::string& directory, const char* file) {
  return read_small_file(fmt::format("{}/{}", directory, file).c_str(), kProcsBytes);
}

std::vector<pid_t> processes_in(const std::string& directory) {
  std::vector<pid_t> found;
  const std::string text = read_members(directory, "cgroup.procs");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    found.push_back(static_cast<pid_t>(std::strtol(text.c_str() + at, nullptr, 10)));
    if (end == std::string::npos) break;
    at = end + 1;
  }
  return found;
}

// The directory itself and those below it: a step may make some where it has the right to.
std::vector<std::string> with_descendants(const std::string& directory) {
  std::vector<std::string> all = {directory};
  struct stat status = {};
  if (stat(directory.c_str(), &status) != 0 || status.st_nlink == 2) return all;
  std::error_code ignored;
  namespace fs = std::filesystem;
  for (fs::recursive_directory_iterator at(directory, ignored), end; at != end;
       at.increment(ignored)) {
    if (ignored) break;
    if (at->is_directory(ignored)) all.push_back(at->path().string());
  }
  return all;
}

class CgroupCell final : public Cell {
 public:
  CgroupCell(std::string directory, const Enforced& enforced)
      : directory_(std::move(directory)),
        self_(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        events_(openat(self_.get(), "cgroup.events", O_RDONLY | O_CLOEXEC)),
        files_(self_.get(), enforced) {}

  pb::Place place() const override {
    pb::Place place;
    place.set_cgroup(directory_);
    return place;
  }
  int descriptor() const override { return self_.get(); }
  bool entered(pid_t) override { return false; }
  pb::HeldCell held() const override {
    pb::HeldCell held = Cell::held();
    *held.mutable_counters() = files_.counters();
    return held;
  }

  // A directory that is gone holds nothing.
  bool empty() override {
    if (!events_) return true;
    std::array<char, 128> text{};
    const ssize_t size = pread(events_.get(), text.data(), text.size(), 0);
    if (size < 0) return errno == ENODEV;
    const std::string_view events(text.data(), static_cast<std::size_t>(size));
    return events.find("populated 0") != std::string_view::npos;
  }

  void signal(int number) override {
    for (const pid_t pid : processes()) {
      if (pid > 0) ::kill(pid, number);
    }
  }
  void kill() override {  // also what is frozen
    killed_ = true;
    write("cgroup.kill", "1");
  }
  void freeze() override {
    frozen_ = true;
    write("cgroup.freeze", "1");
  }
  void thaw() override {
    frozen_ = false;
    write("cgroup.freeze", "0");
  }

  std::vector<pid_t> processes() override {
    std::vector<pid_t> all;
    for (const std::string& directory : with_descendants(directory_)) {
      const std::vector<pid_t> found = processes_in(directory);
      all.insert(all.end(), found.begin(), found.end());
    }
    return all;
  }
  std::size_t tasks() override {
    std::size_t count = 0;
    for (const std::string& directory : with_descendants(directory_)) {
      const std::string threads = read_members(directory, "cgroup.threads");
      count += static_cast<std::size_t>(std::count(threads.begin(), threads.end(), '\n'));
    }
    return count;
  }
  CellUsage usage() override { return files_.usage(); }
  OutOfMemory out_of_memory() const override { return files_.out_of_memory(); }

  Result<void> begin(const CellLimits& limits) { return files_.begin(limits); }
  bool usable() const { return self_ && events_; }
  // Nothing of a step stands in it: no directories below. It is not frozen: whoever is born into it
  // would stand still before it has executed anything, and the keeper with it. And it was never
  // killed: Linux since 6.14 counts the kills of a cgroup and ends a process that is born into one
  // with another count than its parent's, as if it had raced with a kill.
  bool is_as_new() const {
    struct stat status = {};
    return !killed_ && !frozen_ && fstat(self_.get(), &status) == 0 && status.st_nlink == 2;
  }
  const std::string& directory() const { return directory_; }
  // What was done to it is not known: it is not used again.
  void take_over(const pb::HeldCounters& counters) {
    killed_ = true;
    files_.take_over(counters);
  }

 private:
  void write(const char* name, std::string_view text) {
    const Descriptor file(openat(self_.get(), name, O_WRONLY | O_CLOEXEC));
    if (file) write_all(file.get(), text);
  }

  std::string directory_;
  Descriptor self_;
  Descriptor events_;
  CellFiles files_;
  bool killed_ = false;
  bool frozen_ = false;
};

class Cgroups final : public Containment {
 public:
  explicit Cgroups(std::string base)
      : base_(std::move(base)), enforced_(enabled_controllers(base_)) {}
  ~Cgroups() override {
    idle_.clear();
    remove_cgroup_tree(base_);
  }

  std::string_view way() const override { return "cgroup v2"; }
  pb::Opened opened() const override {
    pb::Opened opened;
    opened.set_cgroup(base_);
    return opened;
  }

  Enforced enforced() const override { return enforced_; }

  Result<std::unique_ptr<Cell>> take(const CellLimits& limits) override {
    Result<std::unique_ptr<CgroupCell>> cell = idle_.empty() ? make() : take_idle();
    if (!cell) return tl::unexpected(cell.error());
    if (auto begun = (*cell)->begin(limits); !begun) {
      give_back(std::move(*cell));
      return tl::unexpected(begun.error());
    }
    return std::move(*cell);
  }

  std::unique_ptr<Cell> take_over(const pb::HeldCell& held) override {
    auto cell = std::make_unique<CgroupCell>(held.place().cgroup(), enforced_);
    cell->take_over(held.counters());
    return cell;
  }

  void give_back(std::unique_ptr<Cell> cell) override {
    auto* const own = dynamic_cast<CgroupCell*>(cell.get());
    if (own == nullptr) return;
    const bool mine = own->directory().starts_with(base_ + "/");
    if (mine && own->is_as_new() && idle_.size() < kMostIdle) {
      cell.release();
      idle_.emplace_back(own);
    } else {
      remove_cgroup_tree(own->directory());
    }
  }

  // Numbers of cells go on behind those that were found; the idle ones of them are gone.
  void remove_all_but(const std::set<std::string>& held) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(base_, ignored)) {
      if (!entry.is_directory(ignored)) continue;
      const std::string name = entry.path().filename().string();
      std::uint64_t number = 0;
      std::from_chars(name.data() + 1, name.data() + name.size(), number);
      made_ = std::max(made_, number);
      if (!held.contains(entry.path().string())) remove_cgroup_tree(entry.path().string());
    }
  }

 private:
  std::unique_ptr<CgroupCell> take_idle() {
    std::unique_ptr<CgroupCell> cell = std::move(idle_.back());
    idle_.pop_back();
    return cell;
  }
  Result<std::unique_ptr<CgroupCell>> make() {
    const std::string directory = fmt::format("{}/s{}", base_, ++made_);
    if (mkdir(directory.c_str(), 0755) != 0) return refuse(directory);
    auto cell = std::make_unique<CgroupCell>(directory, enforced_);
    if (!cell->usable()) return refuse(directory);
    return cell;
  }
  static tl::unexpected<Error> refuse(const std::string& directory) {
    const int error = errno;
    return fail(ErrorCode::kUnavailable,
                fmt::format("no cgroup for the step: {}: {}", directory, error_text(error)));
  }

  std::string base_;
  Enforced enforced_;
  std::uint64_t made_ = 0;
  std::vector<std::unique_ptr<CgroupCell>> idle_;
};

__attribute__((no_sanitize("address", "thread", "undefined"))) int do_nothing(void*) { return 0; }

// Can a process be born inside? A seccomp filter or a threaded cgroup may forbid it.
bool can_start_in(Containment& cgroups) {
  Result<std::unique_ptr<Cell>> cell = cgroups.take({});
  if (!cell) return false;
  const ChildStack stack;
  const pid_t pid = vfork_into((*cell)->descriptor(), stack, do_nothing, nullptr);
  int status = -1;
  if (pid > 0) waitpid(pid, &status, __WALL);
  const bool can_kill = access(((*cell)->place().cgroup() + "/cgroup.kill").c_str(), W_OK) == 0;
  cgroups.give_back(std::move(*cell));
  return status == 0 && can_kill;
}

std::unique_ptr<Containment> make_in(const Subtree& subtree) {
  const std::string base = fmt::format("{}/jobq-{}", subtree.directory, random_hex(4));
  if (mkdir(base.c_str(), 0755) != 0) return nullptr;
  enable_controllers(base, subtree.enforced);
  auto cgroups = std::make_unique<Cgroups>(base);
  if (!can_start_in(*cgroups)) return nullptr;
  return cgroups;
}

}  // namespace

std::unique_ptr<Containment> make_cgroups(const std::string& place) {
  const std::string mounts = read_small_file("/proc/self/mountinfo", kProcsBytes);
  if (!place.empty()) {
    const std::string given = own_cgroup(mounts, "0::" + place);
    auto cgroups = given.empty() ? nullptr : make_in(open_given(given));
    if (cgroups) return cgroups;
    log::warning("steps cannot live in the cgroup {}", place);
  }
  const std::string own = own_cgroup(mounts, read_small_file("/proc/self/cgroup"));
  return own.empty() ? nullptr : make_in(open_subtree(own));
}

std::unique_ptr<Containment> take_over_cgroups(const pb::Handover& handover) {
  std::set<std::string> held;
  for (const pb::HeldStep& step : handover.steps()) held.insert(step.cell().place().cgroup());
  auto cgroups = std::make_unique<Cgroups>(handover.containment().cgroup());
  cgroups->remove_all_but(held);
  return cgroups;
}

std::unique_ptr<Cell> adopt_cgroup(const std::string& directory) {
  return std::make_unique<CgroupCell>(directory, Enforced());
}

bool remove_cgroup_tree(const std::string& directory) {
  std::vector<std::string> all = with_descendants(directory);
  std::reverse(all.begin(), all.end());
  for (const std::string& one : all) rmdir(one.c_str());
  return access(directory.c_str(), F_OK) != 0;
}

}  // namespace jobq::exec
