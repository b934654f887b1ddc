// SPDX-License-Identifier: Apache-2.0
// One attempt as the keeper holds it: inside Steps only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "exec/containment.h"
#include "exec/keeper.pb.h"
#include "exec/output_slots.h"
#include "exec/steps.h"

namespace jobq::exec {

inline constexpr const char* kUncontrolled = "the node lost its controller";

struct Steps::Step {
  enum class Phase {
    kRunning,
    kTerminating,  // was asked to end; the grace period passes
    kKilling,      // what is left of it is being killed
    kEnded,        // empty, told; held until it may be forgotten
  };

  AttemptId id;
  Phase phase = Phase::kRunning;
  pid_t pid = 0;  // of the main process; 0 once it is reaped
  std::unique_ptr<Cell> cell;
  Slot output;
  Slot error;
  std::string token;
  std::string script_file;  // empty: none
  CellLimits limits;
  std::int64_t started_ns = 0;
  bool suspended = false;
  bool fenced = false;             // it must not outlive the lease
  pb::End end;                     // as far as it is known
  std::optional<pb::End> verdict;  // how and why we ended it ourselves

  bool adopted = false;       // a predecessor started it
  bool recorded = false;      // its end stands in the log, or nothing of it does
  std::int64_t grace_ns = 0;  // when patience ends
  std::int64_t due_ns = 0;    // when to look at it again
  std::int64_t pause_ns = 0;  // between two looks
};

}  // namespace jobq::exec
