// SPDX-License-Identifier: Apache-2.0
// What happens between the birth of a step's process and its execve.
//
// Everything is prepared by the parent; the child makes raw system calls and nothing else, because
// it shares the parent's memory (see vfork.h). The first thing that fails ends it, and the verdict
// says which: the parent reads it from the same memory.
#pragma once

#include <sys/types.h>

#include <cstddef>

#include "exec/resource_limits.h"

namespace jobq::exec {

enum class Stage {
  kNone,  // executing: the program runs
  kSession,
  kLimits,
  kGroups,
  kGroup,
  kUser,
  kParent,
  kWorkdir,
  kInput,
  kOutput,
  kError,
  kDescriptors,
  kExecute,
};

// Where a stream goes: to an open descriptor, or to a file that the child opens with the user's
// own rights, relative to the working directory. Missing directories above it are made.
struct Stream {
  int descriptor = -1;
  char* path = nullptr;  // changed and restored while directories are made
  bool truncate = false;
};

struct Plan {
  bool change_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  const gid_t* groups = nullptr;
  std::size_t group_count = 0;

  pid_t parent = 0;  // the keeper: when it dies, the child is killed

  const ChildLimit* limits = nullptr;
  std::size_t limit_count = 0;
  const char* oom_score = nullptr;  // text for /proc/self/oom_score_adj; null: as it is
  mode_t umask = 022;
  const int* ignored = nullptr;  // signals that the keeper ignores, and the step must not
  std::size_t ignored_count = 0;

  const char* workdir = "/";
  bool workdir_optional = false;
  int null_descriptor = -1;  // standard input
  Stream output;
  Stream error;
  bool error_is_output = false;

  const char* const* programs = nullptr;  // candidates in the order of PATH, null-terminated
  char* const* argv = nullptr;
  char* const* envp = nullptr;
};

struct Verdict {
  Stage stage = Stage::kNone;
  int error = 0;
  const ChildLimit* limit = nullptr;  // of kLimits: which
};

struct ChildTask {
  const Plan* plan = nullptr;
  Verdict verdict;
};

// The function for vfork_into; its argument is a ChildTask.
int run_child(void* task);

}  // namespace jobq::exec
