// SPDX-License-Identifier: Apache-2.0
// Starting a step's process: from what the agent asks to a running program, or to the reason why
// there is none, in words for the user.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "exec/child.h"
#include "exec/handover.pb.h"
#include "exec/keeper.pb.h"
#include "exec/vfork.h"

namespace jobq::exec {

// What the keeper has prepared for one start.
struct LaunchMeans {
  std::string script_file;  // of a script: where its text stands
  int output = -1;          // slots; not used where the user names a file
  int error = -1;
  int cgroup = -1;   // descriptor of the step's cgroup
  std::string mark;  // value of JOBQ_MARK; empty: none
};

class Launcher {
 public:
  // Raises this process's own limit of open files, which children get back as it was, and lowers
  // its chance to be the victim when memory ends, while children become likely ones: the kernel
  // shall take a step rather than a daemon. Both are best effort.
  Launcher();
  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // What children get back stands in the handover: here it was changed long ago.
  void take_over(const pb::ChildDefaults& defaults);
  pb::ChildDefaults defaults() const;

  // Could this node start it at all? The error says why not. Asked before anything is made for it.
  static Result<void> check(const pb::Start& start);

  // What check() lets through. The pid of the program's process, which leads a session of its own.
  // An error's message is the reason of a TaskEnd that was not started; nothing is left of the
  // child then.
  Result<pid_t> launch(const pb::Start& start, const LaunchMeans& means) const;

 private:
  ChildStack stack_;
  int null_ = -1;
  std::vector<int> ignored_;        // signals that are ignored here, and in no step
  std::vector<ChildLimit> limits_;  // what steps get that do not say; open files first
  std::string oom_score_;           // of children; empty: as ours
};

}  // namespace jobq::exec
