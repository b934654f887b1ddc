// SPDX-License-Identifier: Apache-2.0
// Short turns are the daemon's alone, and so is its priority.
#include "exec/promptness.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <functional>

namespace jobq::exec {
namespace {

// As sched_setattr(2) has it; the kernel's header and the C library's cannot both be included.
struct Attributes {
  std::uint32_t size = sizeof(Attributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};
constexpr std::uint64_t kResetOnFork = 1;

Attributes attributes() {
  Attributes now;
  syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0);
  return now;
}

// In a process of its own: what is asked for once stays.
bool holds_in_child(const std::function<bool()>& holds) {
  const pid_t child = fork();
  if (child == 0) _exit(holds() ? 0 : 1);
  int status = 1;
  return waitpid(child, &status, 0) == child && status == 0;
}

bool are_usual(const Attributes& turns, std::uint64_t usual_ns) {
  return turns.flags == 0 && turns.runtime == usual_ns && turns.nice >= 0;
}

TEST(Promptness, WhatIsStartedHasTheUsualTurns) {
  EXPECT_TRUE(holds_in_child([] {
    // Here and not before: an agent of another test may have asked for this process.
    const std::uint64_t usual_ns = attributes().runtime;
    setpriority(PRIO_PROCESS, 0, -5);  // where that is allowed
    ask_for_short_turns();
    const bool asked = (attributes().flags & kResetOnFork) != 0;
    return asked && holds_in_child([&] { return are_usual(attributes(), usual_ns); });
  }));
}

TEST(Promptness, AnotherPolicyStays) {
  EXPECT_TRUE(holds_in_child([] {
    Attributes batch;
    batch.policy = SCHED_BATCH;
    syscall(SYS_sched_setattr, 0, &batch, 0);
    ask_for_short_turns();
    return attributes().policy == SCHED_BATCH;
  }));
}

}  // namespace
}  // namespace jobq::exec
