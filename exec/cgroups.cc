// SPDX-License-Identifier: Apache-2.0
// Where cells are made, lent and taken back.
#include "exec/cgroups.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "exec/agent.h"
#include "exec/cgroup_cell.h"
#include "exec/controllers.h"
#include "exec/error_text.h"
#include "exec/files.h"
#include "exec/vfork.h"

namespace jobq::exec {
namespace {

constexpr std::size_t kMostIdle = 512;  // cells kept for later; a directory costs some KiB
constexpr std::size_t kProcsBytes = 1U << 20U;

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
    Result<std::unique_ptr<CgroupCell>> cell = idle_.empty() ? make() : take_idle(limits);
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
    std::unique_ptr<CgroupCell> given(own);
    static_cast<void>(cell.release());  // it has another owner now
    const bool mine = own->directory().starts_with(base_ + "/");
    if (mine && own->is_as_new() && idle_.size() < kMostIdle) {
      idle_.push_back(std::move(given));
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
  // The latest with these limits, which need not be written then; else the latest.
  std::unique_ptr<CgroupCell> take_idle(const CellLimits& limits) {
    const auto alike = std::find_if(idle_.rbegin(), idle_.rend(),
                                    [&](const auto& cell) { return cell->has(limits); });
    if (alike != idle_.rend()) std::swap(*alike, idle_.back());
    std::unique_ptr<CgroupCell> cell = std::move(idle_.back());
    idle_.pop_back();
    return cell;
  }
  Result<std::unique_ptr<CgroupCell>> make() {
    const std::string directory = fmt::format("{}/s{}", base_, ++made_);
    if (mkdir(directory.c_str(), 0755) != 0) return refuse(directory, errno);
    auto cell = std::make_unique<CgroupCell>(directory, enforced_);
    if (cell->error() == 0) return cell;
    rmdir(directory.c_str());
    return refuse(directory, cell->error());
  }
  static tl::unexpected<Error> refuse(const std::string& directory, int error) {
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

void step_aside_for_keeper() {
  const std::string own = own_cgroup(read_small_file("/proc/self/mountinfo", kProcsBytes),
                                     read_small_file("/proc/self/cgroup"));
  if (!own.empty()) wait_in_leaf(own);
}

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
