// SPDX-License-Identifier: Apache-2.0
// The state directory is removed under a running node: what runs keeps its true end, and the node
// works as before.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "exec/output_packs.h"
#include "exec/report.h"
#include "exec/state.h"
#include "tests/exec/cluster.h"

namespace jobq::exec {
namespace {

class StateLost : public testing::TestWithParam<bool> {
 protected:
  StateLost() {
    cluster_.launch(launch_shell(1, "echo $$ > " + in("pid") + "; echo out; while [ ! -e " +
                                        in("go") + " ]; do sleep 0.01; done; exit 5"));
    EXPECT_TRUE(cluster_.wait([&] { return pid_in(in("pid")) != 0 && cluster_.started(1) == 1; }));
    keeper_ = cluster_.keeper();
  }
  std::string in(const std::string& name) const { return cluster_.dir() / name; }
  void remove() { std::filesystem::remove_all(cluster_.state()); }

  Cluster cluster_{GetParam()};
  pid_t keeper_ = 0;
};

TEST_P(StateLost, WhatRunsKeepsItsEndAndNewStepsStart) {
  remove();
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.keeper() == keeper_; }));
  EXPECT_TRUE(cluster_.wait([&] { return exists(step_socket(cluster_.state())); }));
  cluster_.launch(launch_shell(2, "echo again; exit 6"));
  EXPECT_EQ(cluster_.end_of(2).exit_code(), 6);
  EXPECT_EQ(cluster_.ask_and_wait(read_of(2)).output_chunk().data(), "again\n");
  close(creat(in("go").c_str(), 0600));
  EXPECT_EQ(cluster_.end_of(1).exit_code(), 5);
  EXPECT_EQ(cluster_.ask_and_wait(read_of(1)).output_chunk().data(), "out\n");
  EXPECT_TRUE(
      PackReader(cluster_.state()).find({JobNumber(2), StepId(0), Attempt(1)}, Which::kOutput));
}

// No program could follow this one where it finds no directory: the keeper would die, and with it
// what runs.
TEST_P(StateLost, AKeeperThatCannotMakeItAgainIsNotUpgraded) {
  close(creat(in("aside").c_str(), 0600));
  ASSERT_EQ(
      renameat2(AT_FDCWD, in("aside").c_str(), AT_FDCWD, cluster_.state().c_str(), RENAME_EXCHANGE),
      0);
  std::filesystem::remove_all(in("aside"));
  // What is launched behind a signal ends behind it, as nothing can start here.
  for (std::uint64_t job = 2; job <= 4; ++job) {
    kill(keeper_, SIGHUP);
    cluster_.launch(launch_shell(job, "true"));
    EXPECT_EQ(cluster_.end_of(job).how(), 2U);
  }
  EXPECT_TRUE(alive(pid_in(in("pid"))));
  std::filesystem::remove(cluster_.state());
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.keeper() == keeper_; }));
  kill(keeper_, SIGHUP);
  close(creat(in("go").c_str(), 0600));
  EXPECT_EQ(cluster_.end_of(1).exit_code(), 5);
}

TEST_P(StateLost, TheNextAgentFindsTheSameKeeperAndIncarnation) {
  const std::string incarnation = cluster_.join().incarnation();
  cluster_.drop_agent();
  remove();
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.keeper() == keeper_; }));
  cluster_.start_agent();
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.joins() == 2; }));
  EXPECT_EQ(cluster_.join().incarnation(), incarnation);
  EXPECT_EQ(cluster_.join().attempts_size(), 1);
  Ledger ledger;
  replay(read_file(attempts_log(cluster_.state())), ledger);
  EXPECT_EQ(ledger.attempts.size(), 1U) << "the log is written anew";
  close(creat(in("go").c_str(), 0600));
  EXPECT_EQ(cluster_.end_of(1).exit_code(), 5);
}

TEST_P(StateLost, AKeeperWhosePlaceIsTakenEndsWhatItHas) {
  cluster_.drop_agent();
  cluster_.never_mind(1);
  // Another one's is put in its place at once.
  std::filesystem::create_directory(in("other"));
  const Descriptor other(
      open(keeper_lock(in("other")).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(flock(other.get(), LOCK_EX | LOCK_NB), 0);
  close(creat(keeper_pid(in("other")).c_str(), 0600));
  ASSERT_EQ(
      renameat2(AT_FDCWD, in("other").c_str(), AT_FDCWD, cluster_.state().c_str(), RENAME_EXCHANGE),
      0);
  EXPECT_TRUE(wait_until([&] { return !alive(pid_in(in("pid"))) && !alive(keeper_); }));
  EXPECT_TRUE(exists(keeper_pid(cluster_.state()))) << "it is the other one's";
}

INSTANTIATE_TEST_SUITE_P(Containment, StateLost, testing::Bool(),
                         [](const auto& test) { return test.param ? "Cgroups" : "ProcessGroups"; });

}  // namespace
}  // namespace jobq::exec
