// SPDX-License-Identifier: Apache-2.0
// The system call behind vfork_into.
#include "exec/vfork.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include "base/check.h"

namespace jobq::exec {
namespace {

constexpr unsigned kFlags = CLONE_VM | CLONE_VFORK;
constexpr int kSignals = 64;

// As the kernel wants it; glibc's sigaction() adds a trampoline that nobody needs here.
struct KernelAction {
  std::uintptr_t handler = 0;
  unsigned long flags = 0;
  std::uintptr_t restorer = 0;
  std::uint64_t mask = 0;
};

#if defined(__x86_64__)

// clone3 gives the child a stack of its own, on which nothing may be read that the parent's frame
// holds: what the child needs travels in registers.
JOBQ_IN_CHILD long clone3_and_call(clone_args* args, int (*child)(void*), void* argument) {
  long result = 0;
  asm volatile(
      "movq %[child], %%r12\n\t"
      "movq %[argument], %%r13\n\t"
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %%r13, %%rdi\n\t"
      "callq *%%r12\n\t"
      "movl %%eax, %%edi\n\t"
      "movl %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt\n"
      "1:"
      : "=a"(result)
      : "a"(SYS_clone3), "D"(args),
        "S"(sizeof(*args)), [child] "r"(child), [argument] "r"(argument), [exit] "i"(SYS_exit_group)
      : "rcx", "r11", "r12", "r13", "memory", "cc");
  return result;
}

#endif

// Without the few instructions above nothing is contained by cgroups: see make_cgroups().
long clone_into(int cgroup, const ChildStack& stack, int (*child)(void*), void* argument) {
#if defined(__x86_64__)
  clone_args args = {};
  args.flags = kFlags | CLONE_CLEAR_SIGHAND;
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<std::uintptr_t>(stack.lowest());
  args.stack_size = ChildStack::kBytes;
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<unsigned>(cgroup);
  }
  return clone3_and_call(&args, child, argument);
#else
  static_cast<void>(cgroup), static_cast<void>(stack);
  static_cast<void>(child), static_cast<void>(argument);
  return -ENOSYS;
#endif
}

struct Call {
  int (*child)(void*);
  void* argument;
};

JOBQ_IN_CHILD int without_handlers(void* call) {
  for (int signal = 1; signal <= kSignals; ++signal) {
    KernelAction action;
    syscall(SYS_rt_sigaction, signal, nullptr, &action, sizeof(action.mask));
    if (action.handler != reinterpret_cast<std::uintptr_t>(SIG_IGN)) set_default(signal);
  }
  const Call& wanted = *static_cast<Call*>(call);
  return wanted.child(wanted.argument);
}

// Where clone3 is not to be had: some containers answer that there is none. Not the first choice:
// ThreadSanitizer takes every clone() for a fork, and corrects its books of the parent twice.
long clone_plain(const ChildStack& stack, int (*child)(void*), void* argument) {
  std::byte* top = stack.lowest() + ChildStack::kBytes;
  Call call = {child, argument};
  const pid_t pid = clone(without_handlers, top, static_cast<int>(kFlags) | SIGCHLD, &call);
  return pid < 0 ? -errno : pid;
}

}  // namespace

ChildStack::ChildStack()
    : memory_(static_cast<std::byte*>(mmap(nullptr, kGuard + kBytes, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0))) {
  check(memory_ != MAP_FAILED, "64 KiB for the stack of children");
  check(mprotect(memory_, kGuard, PROT_NONE) == 0, "a guard page below the stack of children");
}

ChildStack::~ChildStack() { munmap(memory_, kGuard + kBytes); }

JOBQ_IN_CHILD void set_default(int signal) {
  const KernelAction standard;
  syscall(SYS_rt_sigaction, signal, &standard, nullptr, sizeof(standard.mask));
}

pid_t vfork_into(int cgroup, const ChildStack& stack, int (*child)(void*), void* argument) {
  // A handler of the parent that ran in the child would change the parent's memory.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  long pid = clone_into(cgroup, stack, child, argument);
  if (pid == -ENOSYS && cgroup < 0) pid = clone_plain(stack, child, argument);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return static_cast<pid_t>(pid);
}

}  // namespace jobq::exec
