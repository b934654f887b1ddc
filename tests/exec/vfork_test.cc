// SPDX-License-Identifier: Apache-2.0
// The child that shares its parent's memory, also where the newer system call is forbidden.
#include "exec/vfork.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>

namespace jobq::exec {
namespace {

constexpr int kNoHandler = 17;
constexpr int kHandler = 18;

// From here on clone3 is unknown to this process, as in some containers.
void forbid_clone3() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {4, rules};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(1);
}

// What the kernel says first of a signal is its handler.
JOBQ_IN_CHILD int say_whether_handled(void*) {
  void* action[4] = {};
  syscall(SYS_rt_sigaction, SIGUSR1, nullptr, action, sizeof(std::uint64_t));
  return action[0] == nullptr ? kNoHandler : kHandler;
}

int exit_code_of_child() {
  const ChildStack stack;
  const pid_t pid = vfork_into(-1, stack, say_whether_handled, nullptr);
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, __WALL) != pid || !WIFEXITED(status)) return 1;
  return WEXITSTATUS(status);
}

TEST(Vfork, TheChildHasNoHandlerOfItsParent) {
  std::signal(SIGUSR1, [](int) {});
  EXPECT_EQ(exit_code_of_child(), kNoHandler);
  std::signal(SIGUSR1, SIG_DFL);
}

TEST(Vfork, NorWhereThereIsNoClone3) {
  const pid_t confined = fork();
  if (confined == 0) {
    std::signal(SIGUSR1, [](int) {});
    forbid_clone3();
    _exit(exit_code_of_child());
  }
  int status = 0;
  ASSERT_EQ(waitpid(confined, &status, 0), confined);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), kNoHandler);
}

}  // namespace
}  // namespace jobq::exec
