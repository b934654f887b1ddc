// SPDX-License-Identifier: Apache-2.0
// The end of a step is the end of everything that it started, in both kinds of containment.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "exec/cgroups.h"
#include "exec/process_table.h"
#include "tests/exec/world.h"

namespace jobq::exec {
namespace {

class Contained : public HeldSteps {
 protected:
  explicit Contained(Millis grace = seconds(20)) : HeldSteps(grace) {}
  // A command that writes its pid and stays.
  std::string stays(const std::string& name) const {
    return "sh -c 'echo $$ > " + file(name) + "; exec sleep 100'";
  }
  std::string until_there(const std::string& name) const {
    return "while [ ! -s " + file(name) + " ]; do sleep 0.01; done";
  }
  pid_t pid(const std::string& name) {
    EXPECT_TRUE(world_.wait([&] { return pid_in(file(name)) != 0; })) << name;
    return pid_in(file(name));
  }
  char state_of(pid_t process) const {
    const auto entry = look_at(process);
    return entry ? entry->state : '?';
  }
  bool frozen(pid_t process) const {
    return GetParam() ? read_file(cgroup_file(process, "cgroup.events")).find("frozen 1") !=
                            std::string::npos
                      : state_of(process) == 'T';
  }
  static std::string cgroup_file(pid_t process, const std::string& name) {
    const std::string proc = "/proc/" + std::to_string(process) + "/cgroup";
    return own_cgroup(read_file("/proc/self/mountinfo"), read_file(proc)) + "/" + name;
  }
};

// With a grace period that passes while one looks.
class ContainedBriefly : public Contained {
 protected:
  ContainedBriefly() : Contained(Millis{300}) {}
};

TEST_P(Contained, WhatTheMainProcessLeavesBehindIsEnded) {
  world_.run(shell(1, stays("child") + " & " + until_there("child") + "; exit 3"));
  EXPECT_EQ(world_.told(1)->end().exit_code(), 3);
  EXPECT_FALSE(alive(pid("child")));
}

TEST_P(Contained, ASessionOfItsOwnIsNoWayOut) {
  world_.run(shell(1, "setsid " + stays("child") + " & " + until_there("child")));
  EXPECT_FALSE(alive(pid("child")));
}

TEST_P(Contained, ADaemonIsNoWayOut) {
  // Two forks, a session each, the parents gone before the main process ends.
  world_.run(shell(1, "(setsid sh -c '(setsid sh -c \"echo \\$\\$ > " + file("child") +
                          "; exec sleep 100\" &)' &); " + until_there("child")));
  EXPECT_FALSE(alive(pid("child")));
}

TEST_P(Contained, AWipedEnvironmentIsNoWayOut) {
  world_.run(shell(1, "(env -i /usr/bin/setsid sh -c 'echo $$ > " + file("child") +
                          "; exec sleep 100' &); " + until_there("child")));
  EXPECT_FALSE(alive(pid("child")));
}

TEST_P(Contained, OtherStepsAreLeftAlone) {
  world_.steps().start(shell(1, "setsid " + stays("other") + " & echo; " + stays("main")));
  pid("other"), pid("main");
  world_.run(shell(2, "setsid " + stays("child") + " & " + until_there("child")));
  EXPECT_FALSE(alive(pid("child")));
  EXPECT_TRUE(alive(pid("other")));
  EXPECT_TRUE(alive(pid("main")));
  world_.order(pb::Order::KILL, 1);
  world_.end_of(1);
  EXPECT_FALSE(alive(pid("other")));
}

TEST_P(Contained, KillAsksFirstAndEverybody) {
  world_.steps().start(shell(1, "setsid sh -c 'trap \"echo asked > " + file("asked") +
                                    "; exit\" TERM; echo $$ > " + file("child") +
                                    "; while :; do sleep 0.01; done' & " + stays("main")));
  pid("child"), pid("main");
  world_.order(pb::Order::KILL, 1);
  const pb::End end = world_.end_of(1);
  EXPECT_EQ(end.signal(), SIGTERM);
  EXPECT_EQ(read_file(file("asked")), "asked\n");
}

TEST_P(ContainedBriefly, WhoIgnoresTermIsKilledAfterTheGracePeriod) {
  world_.steps().start(shell(1, "trap '' TERM; setsid " + stays("child") + " & " + stays("main")));
  pid("child"), pid("main");
  const std::int64_t asked_ns = steady_now_ns();
  world_.order(pb::Order::KILL, 1);
  world_.order(pb::Order::KILL, 1);
  const pb::End end = world_.end_of(1);
  EXPECT_EQ(end.signal(), SIGKILL);
  EXPECT_GE(steady_now_ns() - asked_ns, 300'000'000);
  EXPECT_FALSE(alive(pid("child")));
}

TEST_P(Contained, TheGracePeriodIsForEverybodyNotOnlyForTheMainProcess) {
  world_.steps().start(shell(1, "setsid sh -c 'trap \"sleep 0.1; echo saved > " + file("saved") +
                                    "; exit\" TERM; echo $$ > " + file("child") +
                                    "; while :; do sleep 0.01; done' & " + stays("main")));
  pid("child"), pid("main");
  world_.order(pb::Order::KILL, 1);
  world_.end_of(1);
  EXPECT_EQ(read_file(file("saved")), "saved\n");
}

TEST_P(Contained, SuspendAndResumeMayBeRepeated) {
  world_.steps().start(shell(1, "setsid " + stays("child") + " & " + stays("main")));
  const pid_t child = pid("child");
  const pid_t main = pid("main");
  for (int i = 0; i < 2; ++i) world_.order(pb::Order::SUSPEND, 1);
  EXPECT_TRUE(world_.wait([&] { return frozen(main) && frozen(child); }));
  for (int i = 0; i < 2; ++i) world_.order(pb::Order::RESUME, 1);
  EXPECT_TRUE(world_.wait([&] { return !frozen(main) && !frozen(child); }));
  EXPECT_TRUE(alive(main));
}

TEST_P(Contained, ASuspendedStepCanBeKilledAndIsAskedFirst) {
  world_.steps().start(shell(1, "setsid " + stays("child") + " & " + stays("main")));
  pid("child"), pid("main");
  world_.order(pb::Order::SUSPEND, 1);
  world_.order(pb::Order::KILL, 1);
  EXPECT_EQ(world_.end_of(1).signal(), SIGTERM);
  EXPECT_FALSE(alive(pid("child")));
}

TEST_P(Contained, ASuspendedStepKilledFromOutsideEnds) {
  world_.steps().start(
      shell(1, "setsid " + stays("child") + " & echo $$ > " + file("main") + "; exec sleep 100"));
  const pid_t main = pid("main");
  pid("child");
  world_.order(pb::Order::SUSPEND, 1);
  EXPECT_TRUE(world_.wait([&] { return frozen(main); }));
  kill(main, SIGKILL);
  EXPECT_EQ(world_.end_of(1).signal(), SIGKILL);
  EXPECT_FALSE(alive(pid("child")));
}

TEST_P(ContainedBriefly, AForkingStepIsEnded) {
  world_.steps().start(
      shell(1, "trap '' TERM; echo $$ > " + file("main") +
                   "; while :; do (trap '' TERM; sleep 0.02) & sleep 0.005; done"));
  pid("main");
  world_.order(pb::Order::KILL, 1);
  EXPECT_EQ(world_.end_of(1).signal(), SIGKILL);
}

TEST_P(Contained, ManyStepsComeAndGo) {
  for (std::uint64_t job = 1; job <= 50; ++job) world_.steps().start(start_of(job, {"true"}));
  for (std::uint64_t job = 1; job <= 50; ++job) {
    EXPECT_EQ(world_.end_of(job).how(), pb::End::EXITED);
  }
}

INSTANTIATE_TEST_SUITE_P(Both, Contained, testing::Bool(),
                         [](const auto& test) { return test.param ? "Cgroups" : "ProcessGroups"; });

INSTANTIATE_TEST_SUITE_P(Both, ContainedBriefly, testing::Bool(),
                         [](const auto& test) { return test.param ? "Cgroups" : "ProcessGroups"; });

class HeldByCgroup : public HeldSteps {};

TEST_P(HeldByCgroup, DirectoriesAreUsedAgainAndGoWithTheKeeper) {
  std::string base;
  {
    OpenDir dir;
    StepsWorld world(dir.path(), true);
    base = world.containment().opened().cgroup();
    for (std::uint64_t job = 1; job <= 5; ++job) world.run(start_of(job, {"true"}));
    EXPECT_TRUE(exists(base + "/s1"));
    EXPECT_FALSE(exists(base + "/s2"));
  }
  EXPECT_FALSE(exists(base));
}

TEST_P(HeldByCgroup, ACellIsLentForTheLimitsThatItHas) {
  Containment& cgroups = world_.containment();
  const CellLimits small{1, {10U << 20U}, 0};
  const CellLimits large{2, {20U << 20U}, 0};
  auto of_small = std::move(cgroups.take(small).value());
  auto of_large = std::move(cgroups.take(large).value());
  const std::string place_of_small = of_small->place().cgroup();
  const std::string place_of_large = of_large->place().cgroup();
  for (int i = 0; i < 3; ++i) {
    cgroups.give_back(std::move(of_small));
    cgroups.give_back(std::move(of_large));
    of_small = std::move(cgroups.take(small).value());
    of_large = std::move(cgroups.take(large).value());
    EXPECT_EQ(of_small->place().cgroup(), place_of_small);
    EXPECT_EQ(of_large->place().cgroup(), place_of_large);
  }
  cgroups.give_back(std::move(of_small));
  cgroups.give_back(std::move(of_large));
}

TEST_P(HeldByCgroup, ACellThatCannotBeUsedLeavesNoDirectory) {
  const std::string base = world_.containment().opened().cgroup();
  const auto first = world_.containment().take({});  // no idle one is left
  ASSERT_TRUE(first);
  rlimit before = {};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const auto second = world_.containment().take({});
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().message.ends_with("too many open files")) << second.error().message;
  EXPECT_TRUE(exists(base + "/s1"));
  EXPECT_FALSE(exists(base + "/s2"));
  remove_cgroup_tree(base + "/s1");
}

TEST_P(HeldByCgroup, ACgroupMadeByAStepGoesWithIt) {
  const std::string base = world_.containment().opened().cgroup();
  world_.run(shell(1, "mkdir " + base + "/s1/inner && (echo 0 > " + base +
                          "/s1/inner/cgroup.procs && exec sleep 100) & "
                          "while ! grep -q . " +
                          base + "/s1/inner/cgroup.procs; do sleep 0.01; done"));
  EXPECT_FALSE(world_.steps().anything_runs());
  EXPECT_FALSE(exists(base + "/s1/inner"));
}

INSTANTIATE_TEST_SUITE_P(Containment, HeldByCgroup, testing::Values(true),
                         [](const auto&) { return "Cgroups"; });

TEST(CgroupsTest, TheOwnCgroupIsFoundInHybridAndUnifiedHierarchies) {
  const std::string hybrid =
      "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
      "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:10 master:1 - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(own_cgroup(hybrid, "4:memory:/x\n0::/\n"), "/sys/fs/cgroup/unified");
  EXPECT_EQ(own_cgroup(hybrid, "4:memory:/x\n0::/a/b\n"), "/sys/fs/cgroup/unified/a/b");
  EXPECT_EQ(own_cgroup(hybrid, "4:memory:/x\n"), "");
  const std::string inside = "41 31 0:38 /pod /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(own_cgroup(inside, "0::/pod/x"), "/sys/fs/cgroup/x");
  EXPECT_EQ(own_cgroup(inside, "0::/pod"), "/sys/fs/cgroup");
  EXPECT_EQ(own_cgroup(inside, "0::/podium"), "");
  EXPECT_EQ(own_cgroup("", ""), "");
}

TEST(ProcessTableTest, ANameMayLookLikeAnything) {
  const auto entry = parse_stat(
      "42 (a) R 1 (b)) S 7 40 39 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 100 200 1844\n");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->pid, 42);
  EXPECT_EQ(entry->state, 'S');
  EXPECT_EQ(entry->parent, 7);
  EXPECT_EQ(entry->session, 39);
  EXPECT_EQ(entry->start_time, 12345U);
  for (const char* junk : {"", "x", "42", "42 (a", "42 (a)", "42 (a) S 1", "42 (a) S x 1 2 3"}) {
    EXPECT_FALSE(parse_stat(junk)) << junk;
  }
  EXPECT_EQ(look_at(getpid())->parent, getppid());
}

}  // namespace
}  // namespace jobq::exec
