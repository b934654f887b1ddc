// SPDX-License-Identifier: Apache-2.0
// Starting a step: what its process sees, and what users read when there is none.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/exec/world.h"

namespace jobq::exec {
namespace {

class Launch : public testing::Test {
 protected:
  std::string output_of(const pb::Start& start) {
    const pb::End end = world_.run(start);
    EXPECT_EQ(end.how(), pb::End::EXITED) << end.reason();
    return stored(dir_.path(), id_of(start.id()), Which::kOutput);
  }
  std::string why(const pb::Start& start) {
    const pb::End end = world_.run(start);
    EXPECT_EQ(end.how(), pb::End::NOT_STARTED);
    return end.reason();
  }
  std::string write(const std::string& name, const std::string& text, mode_t mode) {
    std::string path = dir_ / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  OpenDir dir_;
  StepsWorld world_{dir_.path(), true};
};

TEST_F(Launch, ExitCodesAreReported) {
  for (const int code : {0, 1, 42, 255}) {
    const auto job = static_cast<std::uint64_t>(code) + 1;
    const pb::End end = world_.run(shell(job, "exit " + std::to_string(code)));
    EXPECT_EQ(end.how(), pb::End::EXITED);
    EXPECT_EQ(end.exit_code(), code);
  }
}

TEST_F(Launch, SignalsAreReported) {
  const pb::End end = world_.run(shell(1, "kill -SEGV $$"));
  EXPECT_EQ(end.how(), pb::End::SIGNALLED);
  EXPECT_EQ(end.signal(), SIGSEGV);
}

TEST_F(Launch, UsageIsMeasured) {
  const pb::End end = world_.run(shell(1, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"));
  EXPECT_GT(end.cpu_ms(), 0);
  EXPECT_GE(end.wall_ms(), end.cpu_ms() / 2);
  EXPECT_GT(end.max_rss(), 100'000U);
}

// Also what a child wrote that was waited for. In a tmpfs there is no storage to write to.
TEST_F(Launch, WhatIsWrittenToStorageIsCounted) {
  struct statfs system = {};
  ASSERT_EQ(statfs(dir_.path().c_str(), &system), 0);
  if (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC) {
    GTEST_SKIP() << dir_.path() << " is in memory";
  }
  const pb::End end = world_.run(
      shell(1, "dd if=/dev/zero of=" + (dir_ / "written") + " bs=1M count=4 conv=fsync; true"));
  EXPECT_EQ(end.exit_code(), 0);
  EXPECT_GE(end.written_bytes(), 4U << 20U);
  EXPECT_LT(world_.run(start_of(2, {"true"})).written_bytes(), 1U << 20U);
}

TEST_F(Launch, ArgumentsAndEnvironmentArriveAsGiven) {
  pb::Start start = start_of(1, {"/usr/bin/env", "-0"});
  start.clear_env();
  start.add_env("A=one two");
  start.add_env("B=\nline");
  EXPECT_EQ(output_of(start), std::string("A=one two\0B=\nline\0", 18));
  EXPECT_EQ(output_of(start_of(2, {"printf", "<%s>", "a b", "", "c"})), "<a b><><c>");
}

TEST_F(Launch, ProgramsAreFoundByTheStepsOwnPath) {
  write("tool", "#!/bin/sh\necho mine\n", 0755);
  pb::Start start = start_of(1, {"tool"});
  start.clear_env();
  start.add_env("PATH=/nowhere:" + dir_.path());
  EXPECT_EQ(output_of(start), "mine\n");
}

TEST_F(Launch, TheWorkingDirectoryIsEntered) {
  pb::Start start = start_of(1, {"/bin/pwd"});
  start.set_workdir(dir_.path());
  EXPECT_EQ(output_of(start), dir_.path() + "\n");
}

TEST_F(Launch, AHomeThatDoesNotExistIsNoReasonToFail) {
  pb::Start start = start_of(1, {"/bin/pwd"});
  start.set_workdir("/nonexistent");
  start.set_workdir_optional(true);
  EXPECT_EQ(output_of(start), "/\n");
}

TEST_F(Launch, OnlyThreeDescriptorsAreOpen) {
  const int stray = open("/dev/null", O_RDONLY);  // inheritable on purpose
  const std::string seen = output_of(
      shell(1, "for i in $(seq 0 99); do [ -e /proc/$$/fd/$i ] && printf '%s ' $i; done"));
  close(stray);
  EXPECT_EQ(seen, "0 1 2 ");
  EXPECT_EQ(output_of(shell(2, "readlink /proc/$$/fd/0")), "/dev/null\n");
}

struct Ignoring {
  Ignoring() { std::signal(SIGUSR1, SIG_IGN); }
  ~Ignoring() { std::signal(SIGUSR1, SIG_DFL); }
  Ignoring(const Ignoring&) = delete;
  Ignoring& operator=(const Ignoring&) = delete;
};

// Somebody has started the keeper with a signal that is ignored.
class LaunchWhereOneIsIgnored : public Ignoring, public Launch {};

TEST_F(LaunchWhereOneIsIgnored, SignalsAreResetAndNoneIsBlocked) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  const std::string seen = output_of(start_of(1, {"grep", "^Sig[BI]", "/proc/self/status"}));
  sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  EXPECT_EQ(seen, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(Launch, TheStepLeadsASessionOfItsOwn) {
  // Fields 1, 5 and 6 of proc(5): pid, process group, session.
  EXPECT_EQ(output_of(shell(1,
                            "set -- $(cat /proc/$$/stat); [ $1 = $5 ] && [ $1 = $6 ] && "
                            "echo leader")),
            "leader\n");
}

TEST_F(Launch, CoreFilesAreOffAndTheUmaskIsPlain) {
  EXPECT_EQ(output_of(shell(1, "ulimit -c; umask")), "0\n0022\n");
}

TEST_F(Launch, AScriptRunsUnderItsOwnInterpreterAndIsRemoved) {
  pb::Start start = start_of(1, {"one", "two words"});
  start.set_script("#!/usr/bin/env -S sh -eu\necho \"$0|$1|$2\"\n");
  const std::string output = output_of(start);
  EXPECT_EQ(output, dir_ / "scripts/1.0.1" + "|one|two words\n");
  EXPECT_FALSE(exists(dir_ / "scripts/1.0.1"));
}

TEST_F(Launch, AScriptWithoutAFirstLineRunsUnderTheShell) {
  pb::Start start = start_of(1, {"x"});
  start.set_script("echo plain $1\n");
  EXPECT_EQ(output_of(start), "plain x\n");
}

TEST_F(Launch, MissingThingsAreNamed) {
  pb::Start start = start_of(1, {"true"});
  start.set_workdir("/does/not/exist");
  EXPECT_EQ(why(start), "working directory /does/not/exist does not exist");
  EXPECT_EQ(why(start_of(2, {"./calc"})), "./calc: no such file or directory");
  EXPECT_EQ(why(start_of(3, {"no-such-command"})), "no-such-command: no such command in PATH");
  EXPECT_EQ(why(start_of(4, {})), "the step names no program");
  EXPECT_EQ(why(start_of(5, {"/"})), "/: permission denied");
}

TEST_F(Launch, AMissingInterpreterIsNamed) {
  pb::Start start = start_of(1, {"./x"});
  write("x", "#! /bin/foo -q\n", 0755);
  start.set_workdir(dir_.path());
  EXPECT_EQ(why(start), "interpreter /bin/foo of ./x is missing");
  pb::Start script = start_of(2, {});
  script.set_script("#!/bin/foo\n");
  EXPECT_EQ(why(script), "interpreter /bin/foo of the script is missing");
}

TEST_F(Launch, WhatCannotBeExecutedIsNamed) {
  EXPECT_EQ(why(start_of(1, {write("plain", "x", 0644)})), dir_ / "plain" + ": permission denied");
  EXPECT_EQ(why(start_of(2, {write("junk", "junk", 0755)})),
            dir_ / "junk" + ": neither a program for this machine nor a script with a #! line");
  pb::Start start = start_of(3, {"true"});
  start.add_argv(std::string(1U << 20U, 'x'));
  EXPECT_EQ(why(start), "true: arguments and environment are too long");
}

TEST_F(Launch, NothingIsLeftOfAFailedStart) {
  why(start_of(1, {"./calc"}));
  EXPECT_FALSE(world_.steps().anything_runs());
  EXPECT_FALSE(exists(kept_file(dir_.path(), id_of(id_of_job(1)), Which::kOutput)));
}

// --- output -------------------------------------------------------------------------------------

TEST_F(Launch, StreamsArriveApart) {
  world_.run(shell(1, "echo out; echo err >&2"));
  const AttemptId id = id_of(id_of_job(1));
  EXPECT_EQ(stored(dir_.path(), id, Which::kOutput), "out\n");
  EXPECT_EQ(stored(dir_.path(), id, Which::kError), "err\n");
}

TEST_F(Launch, SilentStepsLeaveNoFileAndShareTheirSlots) {
  for (std::uint64_t job = 1; job <= 20; ++job) {
    world_.run(start_of(job, {"true"}));
    EXPECT_LE(world_.told(job)->output_slot(), 2U);
    EXPECT_LE(world_.told(job)->error_slot(), 2U);
    world_.order(pb::Order::FORGET, job);
  }
  EXPECT_FALSE(exists(kept_directory(dir_.path(), id_of(id_of_job(1)))));
}

TEST_F(Launch, ASlotIsNotLentAgainBeforeItsAttemptIsForgotten) {
  world_.run(start_of(1, {"true"}));
  world_.run(start_of(2, {"true"}));
  EXPECT_NE(world_.told(1)->output_slot(), world_.told(2)->output_slot());
}

TEST_F(Launch, StandardStreamsCanBeOpenedByName) {
  EXPECT_EQ(output_of(shell(1, "echo a > /dev/stdout; echo b >> /proc/self/fd/1")), "a\nb\n");
}

TEST_F(Launch, ANamedFileIsMadeWithItsDirectories) {
  pb::Start start = shell(1, "echo out; echo err >&2");
  start.set_workdir(dir_.path());
  start.set_output("a/b/log");
  world_.run(start);
  EXPECT_EQ(read_file(dir_ / "a/b/log"), "out\nerr\n") << "without an error file: both go there";
}

TEST_F(Launch, ErrorsCanHaveAFileOfTheirOwn) {
  pb::Start start = shell(1, "echo out; echo err >&2");
  start.set_error(dir_ / "err");
  EXPECT_EQ(output_of(start), "out\n");
  EXPECT_EQ(read_file(dir_ / "err"), "err\n");
}

TEST_F(Launch, AFileIsBegunAnewOrGoneOnWithAsTheOrderSays) {
  const std::string path = write("log", "old\n", 0644);
  pb::Start start = shell(1, "echo first");
  start.set_output(path);
  world_.run(start);
  EXPECT_EQ(read_file(path), "first\n");
  pb::Start again = shell(2, "echo second");
  again.set_output(path);
  again.set_append_output(true);
  world_.run(again);
  EXPECT_EQ(read_file(path), "first\nsecond\n");
}

TEST_F(Launch, FilesThatCannotBeOpenedAreNamed) {
  pb::Start start = start_of(1, {"true"});
  start.set_output("/proc/none/x");
  EXPECT_EQ(why(start), "output file /proc/none/x: no such file or directory");
  pb::Start error = start_of(2, {"true"});
  error.set_error(dir_.path());
  EXPECT_EQ(why(error), "error file " + dir_.path() + ": is a directory");
}

TEST_F(Launch, APipeThatNobodyReadsDoesNotHoldUpTheKeeper) {
  ASSERT_EQ(mkfifo((dir_ / "pipe").c_str(), 0600), 0);
  pb::Start start = start_of(1, {"true"});
  start.set_output(dir_ / "pipe");
  EXPECT_EQ(why(start), "output file " + dir_ / "pipe" + ": nobody reads this pipe");
}

// --- users --------------------------------------------------------------------------------------

class LaunchAsNobody : public Launch {
 protected:
  static constexpr uid_t kNobody = 65534;
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can take another user's identity";
  }
  static pb::Start as_nobody(pb::Start start) {
    start.set_uid(kNobody);
    start.set_gid(kNobody);
    start.clear_groups();
    start.add_groups(kNobody);
    start.add_groups(1234);
    return start;
  }
};

TEST_F(LaunchAsNobody, IdentityAndGroupsAreTheUsers) {
  EXPECT_EQ(output_of(as_nobody(shell(1, "id -u; id -g; id -G"))), "65534\n65534\n65534 1234\n");
}

TEST_F(LaunchAsNobody, NothingOfRootStays) {
  EXPECT_EQ(output_of(as_nobody(start_of(1, {"grep", "^CapEff", "/proc/self/status"}))),
            "CapEff:\t0000000000000000\n");
}

TEST_F(LaunchAsNobody, StandardStreamsCanBeOpenedByName) {
  EXPECT_EQ(output_of(as_nobody(shell(1, "echo a > /dev/stdout"))), "a\n");
}

TEST_F(LaunchAsNobody, AScriptIsTheUsersAlone) {
  pb::Start start = as_nobody(start_of(1, {}));
  start.set_script("stat -c '%U %a' \"$0\"\n");
  EXPECT_EQ(output_of(start), "nobody 500\n");
}

TEST_F(LaunchAsNobody, FilesAreOpenedWithTheUsersRights) {
  pb::Start start = as_nobody(start_of(1, {"true"}));
  start.set_output(dir_ / "of-root");
  EXPECT_EQ(why(start), "output file " + dir_ / "of-root" + ": permission denied");
  EXPECT_FALSE(exists(dir_ / "of-root"));
}

TEST_F(LaunchAsNobody, UsersDoNotShareSlots) {
  world_.run(start_of(1, {"true"}));
  const std::uint64_t of_root = world_.told(1)->output_slot();
  world_.order(pb::Order::FORGET, 1);
  world_.run(as_nobody(start_of(2, {"true"})));
  EXPECT_NE(world_.told(2)->output_slot(), of_root);
}

}  // namespace
}  // namespace jobq::exec
