// SPDX-License-Identifier: Apache-2.0
// Starting a child that shares the parent's memory until it executes a program: the cost does not
// grow with the parent, and the child can say why it failed without a pipe.
//
// glibc's posix_spawn is of this class but cannot put the child into a cgroup, set limits or take
// another user's identity. clone3 with CLONE_INTO_CGROUP puts the child into its cgroup at birth:
// there is no moment at which it runs outside, and moving it later would cost a system-wide lock.
#pragma once

#include <sys/types.h>

#include <cstddef>

// Sanitizers' bookkeeping would be done on the parent's thread, by a child that never returns.
#define JOBQ_IN_CHILD __attribute__((no_sanitize("address", "thread", "undefined"), noinline))

namespace jobq::exec {

// The child's stack: mapped once, used by one child at a time (the parent stands still meanwhile).
class ChildStack {
 public:
  ChildStack();
  ~ChildStack();
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;

  std::byte* lowest() const { return memory_ + kGuard; }
  static constexpr std::size_t kBytes = 64U << 10U;

 private:
  static constexpr std::size_t kGuard = 4096;
  std::byte* memory_;
};

// Runs child(argument) in a new process and returns its pid when that has executed a program or
// ended; -errno where there is no new process. In the child all signals are blocked and none has a
// handler; what the parent ignores is ignored.
//
// child may make raw system calls only: it shares memory and thread-local data with the parent, so
// allocation, locks and glibc's setuid family (which signals the parent's threads) are out.
// cgroup: descriptor of a cgroup v2 directory, or -1.
pid_t vfork_into(int cgroup, const ChildStack& stack, int (*child)(void*), void* argument);

// For such a child: the kernel's own way with a signal, by one raw system call.
void set_default(int signal);

}  // namespace jobq::exec
