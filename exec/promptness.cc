// SPDX-License-Identifier: Apache-2.0
// Best effort: other kernels know no such turns.
#include "exec/promptness.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace jobq::exec {
namespace {

constexpr std::uint64_t kTurnNs = 100'000;  // the least that the kernel gives

}  // namespace

void ask_for_short_turns() {
  if (syscall(SYS_sched_getscheduler, 0) != SCHED_NORMAL) return;  // somebody knows better
  sched_attr wanted = {};
  wanted.size = sizeof(wanted);
  wanted.sched_policy = SCHED_NORMAL;
  wanted.sched_flags = SCHED_FLAG_RESET_ON_FORK;
  wanted.sched_nice = getpriority(PRIO_PROCESS, 0);
  wanted.sched_runtime = kTurnNs;
  syscall(SYS_sched_setattr, 0, &wanted, 0);
}

}  // namespace jobq::exec
