// SPDX-License-Identifier: Apache-2.0
// What is written to which file of a delegated cgroup, in a directory that looks like one.
#include "exec/controllers.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "tests/exec/world.h"

namespace jobq::exec {
namespace {

class FakeCgroup : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(dir_ / name) << text;
  }
  std::string written(const std::string& name) const { return read_file(dir_ / name); }
  std::string pid() const { return std::to_string(getpid()); }
  void delegate(const std::string& controllers) const {
    std::filesystem::create_directory(dir_ / "keeper");
    write("cgroup.type", "domain\n");
    write("cgroup.controllers", controllers);
    for (const char* name : {"cgroup.subtree_control", "cgroup.procs", "keeper/cgroup.procs"}) {
      write(name, "");
    }
  }

  TempDir dir_;
};

TEST_F(FakeCgroup, TheKeeperMovesToALeafAndEnablesWhatItNeeds) {
  delegate("cpuset cpu io memory hugetlb pids rdma\n");
  const Subtree subtree = open_subtree(dir_.path());
  EXPECT_EQ(subtree.directory, dir_.path());
  EXPECT_TRUE(subtree.enforced.memory && subtree.enforced.cpus && subtree.enforced.processes);
  EXPECT_EQ(written("keeper/cgroup.procs"), pid());
  EXPECT_EQ(written("cgroup.subtree_control"), "+memory+cpu+pids");
  EXPECT_EQ(written("cgroup.procs"), "");
}

TEST_F(FakeCgroup, EachControllerIsTakenAlone) {
  delegate("cpuset pids\n");
  const Enforced enforced = open_subtree(dir_.path()).enforced;
  EXPECT_FALSE(enforced.memory || enforced.cpus);
  EXPECT_TRUE(enforced.processes);
  EXPECT_EQ(written("cgroup.subtree_control"), "+pids");
}

TEST_F(FakeCgroup, WithoutControllersNobodyMoves) {
  delegate("\n");
  EXPECT_FALSE(open_subtree(dir_.path()).enforced.any());
  EXPECT_EQ(written("keeper/cgroup.procs"), "");
}

TEST_F(FakeCgroup, WhereOthersLiveTheKeeperMovesBack) {
  delegate("memory\n");
  write("cgroup.procs", "1\n");
  const Subtree subtree = open_subtree(dir_.path());
  EXPECT_EQ(subtree.directory, dir_.path());
  EXPECT_FALSE(subtree.enforced.any());
  EXPECT_EQ(written("cgroup.subtree_control"), "");
  EXPECT_EQ(written("cgroup.procs"), "1\n" + pid());
}

TEST_F(FakeCgroup, AKeeperThatExecutedANewerOneFindsItsSubtreeFromItsLeaf) {
  delegate("memory\n");
  const Subtree subtree = open_subtree(dir_ / "keeper");
  EXPECT_EQ(subtree.directory, dir_.path());
  EXPECT_TRUE(subtree.enforced.memory);
}

// A service manager puts into the cgroup who starts the keeper and waits until it is ready.
TEST_F(FakeCgroup, WhoWaitsForAKeeperDoesSoInTheLeaf) {
  delegate("memory\n");
  write("cgroup.procs", pid() + "\n");
  wait_in_leaf(dir_.path());
  EXPECT_EQ(written("keeper/cgroup.procs"), pid());
}

TEST_F(FakeCgroup, WhoWaitsForAKeeperAmongOthersStays) {
  delegate("memory\n");
  write("cgroup.procs", "1\n" + pid() + "\n");
  wait_in_leaf(dir_.path());
  EXPECT_EQ(written("keeper/cgroup.procs"), "");
}

TEST_F(FakeCgroup, WhoWaitsForAKeeperStaysWhereThereAreNoControllers) {
  delegate("\n");
  write("cgroup.procs", pid() + "\n");
  wait_in_leaf(dir_.path());
  EXPECT_EQ(written("keeper/cgroup.procs"), "");
}

TEST_F(FakeCgroup, AGivenCgroupIsMadeWhereItIsMissingAndNobodyMoves) {
  EXPECT_EQ(open_given(dir_ / "steps").directory, dir_ / "steps");
  EXPECT_TRUE(exists(dir_ / "steps"));
  delegate("pids\n");
  EXPECT_TRUE(open_given(dir_.path()).enforced.processes);
  EXPECT_EQ(written("keeper/cgroup.procs"), "");
}

class FakeCell : public FakeCgroup {
 protected:
  FakeCell() {
    for (const char* name : {"memory.max", "memory.swap.max", "memory.oom.group", "cpu.max",
                             "pids.max", "memory.peak"}) {
      write(name, "");
    }
    write("cpu.stat", "usage_usec 0\nuser_usec 0\nsystem_usec 0\n");
    write("memory.events", "low 0\noom 0\noom_kill 0\noom_group_kill 0\n");
    self_ = Descriptor(open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY));
  }

  Descriptor self_;
};

const CellLimits kLimits{2, {100U << 20U}, 20};

TEST_F(FakeCell, LimitsAreWrittenWhenItIsTakenAndWhenTheyChange) {
  CellFiles cell(self_.get(), {true, true, true});
  ASSERT_TRUE(cell.begin(kLimits));
  EXPECT_EQ(written("memory.max"), "104857600");
  EXPECT_EQ(written("memory.swap.max"), "0");
  EXPECT_EQ(written("memory.oom.group"), "1");
  EXPECT_EQ(written("cpu.max"), "200000 100000");
  EXPECT_EQ(written("pids.max"), "20");
  ASSERT_TRUE(cell.begin(kLimits));
  EXPECT_EQ(written("memory.max"), "104857600");
  ASSERT_TRUE(cell.begin({}));
  EXPECT_EQ(written("memory.max"), "104857600max");
  EXPECT_EQ(written("memory.swap.max"), "0max");
  EXPECT_EQ(written("cpu.max"), "200000 100000max 100000");
  EXPECT_EQ(written("pids.max"), "20max");
}

TEST_F(FakeCell, OnlyEnforcedLimitsAreWritten) {
  ASSERT_TRUE(CellFiles(self_.get(), {}).begin(kLimits));
  for (const char* name :
       {"memory.max", "memory.swap.max", "memory.oom.group", "cpu.max", "pids.max"}) {
    EXPECT_EQ(written(name), "") << name;
  }
}

TEST_F(FakeCell, ALimitThatIsNotTakenIsNamed) {
  unlink((dir_ / "pids.max").c_str());
  const auto begun = CellFiles(self_.get(), {true, true, true}).begin(kLimits);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().message,
            "the step's cgroup does not take 20 for pids.max: no such file or directory");
}

TEST_F(FakeCell, WithoutSwapThereIsNoLimitOfIt) {
  unlink((dir_ / "memory.swap.max").c_str());
  EXPECT_TRUE(CellFiles(self_.get(), {true, false, false}).begin(kLimits));
}

TEST_F(FakeCell, UsageIsThatOfThisStepAndNotOfThoseBefore) {
  CellFiles cell(self_.get(), {true, true, true});
  ASSERT_TRUE(cell.begin(kLimits));
  write("cpu.stat", "usage_usec 7000\nuser_usec 1\n");
  write("memory.peak", "5000\n");
  EXPECT_EQ(cell.usage().cpu_ms, 7);
  EXPECT_EQ(cell.usage().peak_memory, 5000U);
  ASSERT_TRUE(cell.begin(kLimits));
  write("cpu.stat", "usage_usec 9000\nuser_usec 1\n");
  EXPECT_EQ(cell.usage().cpu_ms, 2);
}

TEST_F(FakeCell, WhatTheKernelKilledIsToldFromItsOwnLimitAndFromTheNodes) {
  CellFiles cell(self_.get(), {true, false, false});
  write("memory.events", "oom 3\noom_kill 4\noom_group_kill 1\n");
  ASSERT_TRUE(cell.begin(kLimits));
  EXPECT_EQ(cell.out_of_memory(), OutOfMemory::kNo);
  write("memory.events", "oom 3\noom_kill 5\noom_group_kill 1\n");
  EXPECT_EQ(cell.out_of_memory(), OutOfMemory::kNode);
  write("memory.events", "oom 4\noom_kill 5\noom_group_kill 2\n");
  EXPECT_EQ(cell.out_of_memory(), OutOfMemory::kLimit);
}

TEST_F(FakeCell, WhereMuchIsStillChargedNobodyComesIn) {
  write("memory.current", "1000000\n");
  EXPECT_TRUE(CellFiles(self_.get(), {true, false, false}).is_light());
  write("memory.current", "100000000\n");
  EXPECT_FALSE(CellFiles(self_.get(), {true, false, false}).is_light());
  EXPECT_TRUE(CellFiles(self_.get(), {}).is_light());
}

TEST(Numbers, StandBehindWholeWords) {
  EXPECT_EQ(number_behind("oom_kill 5\noom 3\n", "oom"), 3U);
  EXPECT_EQ(number_behind("oom_kill 5\noom 3", "oom_kill"), 5U);
  EXPECT_EQ(number_behind("", "oom"), 0U);
  EXPECT_EQ(number_behind("oom\n", "oom"), 0U);
}

}  // namespace
}  // namespace jobq::exec
