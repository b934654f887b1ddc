// SPDX-License-Identifier: Apache-2.0
// A cell that is a cgroup v2 directory, with its limits where there are controllers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exec/containment.h"
#include "exec/controllers.h"
#include "exec/files.h"

namespace jobq::exec {

class CgroupCell final : public Cell {
 public:
  CgroupCell(std::string directory, const Enforced& enforced);

  pb::Place place() const override;
  int descriptor() const override { return self_.get(); }
  bool entered(pid_t) override { return false; }
  pb::HeldCell held() const override;

  bool empty() override;
  void signal(int number) override;
  void kill() override;  // also what is frozen
  void freeze() override;
  void thaw() override;

  std::vector<pid_t> processes() override;
  std::size_t tasks() override;
  CellUsage usage() override { return files_.usage(); }
  OutOfMemory out_of_memory() const override { return files_.out_of_memory(); }

  // A step comes in.
  Result<void> begin(const CellLimits& limits) { return files_.begin(limits); }
  bool has(const CellLimits& limits) const { return files_.has(limits); }
  // A step lives in it that came in under the program before us. It is not used again: what was
  // done to it is not known.
  void take_over(const pb::HeldCounters& counters);

  const std::string& directory() const { return directory_; }
  int error() const { return error_; }  // of errno: why it cannot be used; 0 where it can
  // Nothing of a step stands in it: no directories below. It is not frozen: whoever is born into it
  // would stand still before it has executed anything, and the keeper with it. And it was never
  // killed: Linux since 6.14 counts the kills of a cgroup and ends a process that is born into one
  // with another count than its parent's, as if it had raced with a kill. And it is light.
  bool is_as_new() const;

 private:
  void write(const char* name, std::string_view text);

  std::string directory_;
  Descriptor self_;
  Descriptor events_;
  int error_ = 0;
  CellFiles files_;
  bool killed_ = false;
  bool frozen_ = false;
};

// The directory itself and those below it: a step may make some where it has the right to.
std::vector<std::string> with_descendants(const std::string& directory);

}  // namespace jobq::exec
