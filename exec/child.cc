// SPDX-License-Identifier: Apache-2.0
// The child's system calls, in the order in which they must happen.
#include "exec/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include "exec/vfork.h"

namespace jobq::exec {
namespace {

template <class... Args>
JOBQ_IN_CHILD long call(long number, Args... args) {
  return syscall(number, args...);
}

// The first that is refused; null where all are set.
JOBQ_IN_CHILD const ChildLimit* set_limits(const Plan& plan) {
  for (std::size_t i = 0; i < plan.limit_count; ++i) {
    const ChildLimit* const limit = &plan.limits[i];
    if (call(SYS_prlimit64, 0, limit->resource, &limit->value, nullptr) != 0) return limit;
  }
  return nullptr;
}

// Best effort: a container may forbid it, and a step runs as well without.
JOBQ_IN_CHILD void set_oom_score(const char* text) {
  if (text == nullptr) return;
  const long file = call(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  std::size_t length = 0;
  while (text[length] != '\0') ++length;
  call(SYS_write, file, text, length);
  call(SYS_close, file);
}

JOBQ_IN_CHILD Stage change_user(const Plan& plan) {
  if (!plan.change_user) return Stage::kNone;
  if (call(SYS_setgroups, plan.group_count, plan.groups) != 0) return Stage::kGroups;
  if (call(SYS_setresgid, plan.gid, plan.gid, plan.gid) != 0) return Stage::kGroup;
  if (call(SYS_setresuid, plan.uid, plan.uid, plan.uid) != 0) return Stage::kUser;
  return Stage::kNone;
}

// After the change of user, which takes it back. The keeper may have died before: then nobody else
// would end us.
JOBQ_IN_CHILD bool die_with(pid_t parent) {
  return call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && call(SYS_getppid) == parent;
}

JOBQ_IN_CHILD bool enter_workdir(const Plan& plan) {
  if (call(SYS_chdir, plan.workdir) == 0) return true;
  return plan.workdir_optional && call(SYS_chdir, "/") == 0;
}

JOBQ_IN_CHILD void make_parents(char* path) {
  for (char* at = path + 1; *at != '\0'; ++at) {
    if (*at != '/') continue;
    *at = '\0';
    call(SYS_mkdirat, AT_FDCWD, path, 0777);
    *at = '/';
  }
}

// Not blocking: a pipe that nobody reads would hold up the keeper, and with it every other step.
JOBQ_IN_CHILD long open_named(const Stream& stream) {
  int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  if (stream.truncate) flags |= O_TRUNC;
  long file = call(SYS_openat, AT_FDCWD, stream.path, flags, 0666);
  if (file < 0 && errno == ENOENT) {
    make_parents(stream.path);
    file = call(SYS_openat, AT_FDCWD, stream.path, flags, 0666);
  }
  if (file >= 0) call(SYS_fcntl, file, F_SETFL, O_APPEND);
  return file;
}

JOBQ_IN_CHILD bool connect_stream(const Stream& stream, int to) {
  const long from = stream.path != nullptr ? open_named(stream) : stream.descriptor;
  return from >= 0 && call(SYS_dup3, from, to, 0) == to;
}

JOBQ_IN_CHILD Stage connect_streams(const Plan& plan) {
  if (call(SYS_dup3, plan.null_descriptor, 0, 0) != 0) return Stage::kInput;
  if (!connect_stream(plan.output, 1)) return Stage::kOutput;
  if (plan.error_is_output) {
    return call(SYS_dup3, 1, 2, 0) == 2 ? Stage::kNone : Stage::kError;
  }
  return connect_stream(plan.error, 2) ? Stage::kNone : Stage::kError;
}

JOBQ_IN_CHILD void reset_signals(const Plan& plan) {
  for (std::size_t i = 0; i < plan.ignored_count; ++i) set_default(plan.ignored[i]);
  const std::uint64_t none = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof(none));
}

JOBQ_IN_CHILD bool is_worth_the_next(int error) {
  return error == ENOENT || error == ENOTDIR || error == EACCES || error == ENODEV ||
         error == ESTALE || error == ETIMEDOUT;
}

// As execvp does: the first candidate that can be executed; a refusal outlives a "not there".
JOBQ_IN_CHILD int execute(const Plan& plan) {
  int worst = ENOENT;
  for (const char* const* program = plan.programs; *program != nullptr; ++program) {
    call(SYS_execve, *program, plan.argv, plan.envp);
    if (!is_worth_the_next(errno)) return errno;
    if (errno == EACCES) worst = EACCES;
  }
  return worst;
}

JOBQ_IN_CHILD Stage prepare(const Plan& plan, Verdict& verdict) {
  if (call(SYS_setsid) < 0) return Stage::kSession;
  verdict.limit = set_limits(plan);
  if (verdict.limit != nullptr) return Stage::kLimits;
  set_oom_score(plan.oom_score);
  if (const Stage failed = change_user(plan); failed != Stage::kNone) return failed;
  if (!die_with(plan.parent)) return Stage::kParent;
  call(SYS_umask, plan.umask);
  if (!enter_workdir(plan)) return Stage::kWorkdir;
  if (const Stage failed = connect_streams(plan); failed != Stage::kNone) return failed;
  if (call(SYS_close_range, 3U, ~0U, 0U) != 0) return Stage::kDescriptors;
  reset_signals(plan);
  return Stage::kNone;
}

}  // namespace

JOBQ_IN_CHILD int run_child(void* task) {
  auto& [plan, verdict] = *static_cast<ChildTask*>(task);
  const Stage failed = prepare(*plan, verdict);
  if (failed != Stage::kNone) {
    verdict.stage = failed;
    verdict.error = errno;
    return 1;
  }
  // The stage stands before execve: should it succeed, nobody is left to take it back. The parent
  // reads it only where an error stands beside it.
  verdict.stage = Stage::kExecute;
  verdict.error = execute(*plan);
  return 1;
}

}  // namespace jobq::exec
