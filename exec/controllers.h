// SPDX-License-Identifier: Apache-2.0
// The controllers of cgroup v2 that hold a step to what it was granted: memory, cpu and pids.
//
// They can be had where this process's cgroup was delegated: cgroup.controllers names them and
// cgroup.subtree_control may be written. The kernel gives controllers to the cgroups below only
// where no process lives in the cgroup itself: the keeper moves to a leaf of its own. It moves
// nobody else: a service unit whose agent was moved could not be started again, as its cgroup takes
// no process any more. Where somebody else lives there (no DelegateSubgroup=), there are none.
//
// Only files of a directory are read and written here, so that tests can stand in for the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "exec/containment.h"
#include "exec/files.h"
#include "exec/handover.pb.h"

namespace jobq::exec {

// Where cells may be made, and what limits them there.
struct Subtree {
  std::string directory;
  Enforced enforced;
};

// Of a process that lives in the cgroup `own`. Moves the process where controllers are to be had.
Subtree open_subtree(const std::string& own);
// Of a process that lives in the cgroup `own`, and alone there, and is going to fork the keeper and
// to wait for it: moves it to the leaf, where it is not in the way of controllers.
void wait_in_leaf(const std::string& own);
// Of a cgroup that is for steps alone; made where it is missing.
Subtree open_given(const std::string& directory);

// Gives the directory's children the controllers, each alone; those that they have now.
Enforced enable_controllers(const std::string& directory, const Enforced& wanted);
// The controllers that the directory's children have.
Enforced enabled_controllers(const std::string& directory);

// The limits of one cell, written whenever it is taken, and what the kernel counted meanwhile:
// cells are used again, their counters are not set back.
class CellFiles {
 public:
  // directory: a descriptor that outlives this.
  CellFiles(int directory, const Enforced& enforced);

  // A step comes in. The error says which file does not take what.
  Result<void> begin(const CellLimits& limits);

  bool has(const CellLimits& limits) const { return written_ == limits; }

  CellUsage usage();

  // For the program that takes this one's place, and there: the step lives in it.
  pb::HeldCounters counters() const;
  void take_over(const pb::HeldCounters& counters);

  OutOfMemory out_of_memory() const;

  // Little of what a step has read or written is still charged here. A lower limit would have the
  // kernel write it out while we wait, and the next step would pay for it.
  bool is_light() const;

 private:
  Result<void> write_limits(const CellLimits& limits);
  void begin_peak();

  int directory_;
  Enforced enforced_;
  std::optional<CellLimits> written_;
  Descriptor cpu_;      // cpu.stat, which is there without controllers, too
  Descriptor peak_;     // memory.peak: what is set back is so for this descriptor alone
  Descriptor events_;   // memory.events
  Descriptor current_;  // memory.current
  std::uint64_t cpu_before_us_ = 0;
  std::uint64_t cpu_seen_us_ = 0;
  std::uint64_t peak_before_ = 0;
  std::uint64_t limit_hits_before_ = 0;
  std::uint64_t kills_before_ = 0;
};

// The number behind a word of lines "word number"; 0 where there is none.
std::uint64_t number_behind(std::string_view text, std::string_view key);

}  // namespace jobq::exec
