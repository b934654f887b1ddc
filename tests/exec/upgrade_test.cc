// SPDX-License-Identifier: Apache-2.0
// The keeper executes a program in its own place: nothing of what it holds is lost.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "exec/executable.h"
#include "exec/process_table.h"
#include "exec/state.h"
#include "tests/exec/cluster.h"

namespace jobq::exec {
namespace {

using Order = wire::AttemptOrder;

void touch(const std::string& path) { close(creat(path.c_str(), 0600)); }

std::string program_of(pid_t pid) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", ignored).string();
}

// A copy of this program under another name.
std::string copy_to(const std::string& path) {
  std::filesystem::copy_file("/proc/self/exe", path);
  return path;
}

void write_program(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  std::filesystem::permissions(path, std::filesystem::perms{0755});
}

class Upgrade : public testing::TestWithParam<bool> {
 protected:
  Upgrade() {
    EXPECT_TRUE(cluster_.wait([&] { return cluster_.agent_joined(); }));
  }

  std::string in(const std::string& name) const { return cluster_.dir() / name; }
  // The keeper executes itself once more, and the agent is back with it.
  void execute_again() {
    const int joins = cluster_.joins();
    kill(cluster_.keeper(), SIGHUP);
    ASSERT_TRUE(cluster_.wait([&] { return cluster_.joins() > joins; }));
    ASSERT_TRUE(cluster_.wait([&] { return cluster_.agent_joined(); }));
  }
  void launch(std::uint64_t job, const std::string& command) {
    cluster_.launch(launch_shell(job, command));
    ASSERT_TRUE(cluster_.wait([&] { return is_known(job); })) << "job " << job;
  }

  // Of a short step only the end is told.
  bool is_known(std::uint64_t job) const {
    return cluster_.started(job) >= 1 || cluster_.completes(job) >= 1;
  }

  // Nobody appends to the file while the loop turns a hundred times.
  bool stands_still(const std::string& file) {
    const std::string before = read_file(file);
    int turns = 0;
    EXPECT_TRUE(cluster_.wait([&] { return ++turns > 100; }));
    return read_file(file) == before;
  }

  Cluster cluster_{GetParam()};
};

TEST_P(Upgrade, ItsStepsRunOnUnderTheSameProcess) {
  constexpr std::uint64_t kSteps = 100;
  const pid_t keeper = cluster_.keeper();
  for (std::uint64_t job = 1; job <= kSteps; ++job) {
    cluster_.launch(launch_shell(job, "echo " + std::to_string(job) + " >> " + in("starts") +
                                          "; echo out; while [ ! -e " + in("go") +
                                          " ]; do sleep 0.1; done; exit " + std::to_string(job)));
  }
  for (std::uint64_t job = 1; job <= kSteps; ++job) {
    ASSERT_TRUE(cluster_.wait([&] { return cluster_.started(job) >= 1; }));
  }
  execute_again();
  execute_again();
  EXPECT_EQ(cluster_.keeper(), keeper);
  EXPECT_EQ(cluster_.join().attempts_size(), static_cast<int>(kSteps));
  touch(in("go"));
  for (std::uint64_t job = 1; job <= kSteps; ++job) {
    const wire::TaskEnd& end = cluster_.end_of(job);
    EXPECT_EQ(end.how(), 0U) << end.reason();
    EXPECT_EQ(end.exit_code(), static_cast<int>(job));
    EXPECT_EQ(cluster_.ask_and_wait(read_of(job)).output_chunk().data(), "out\n");
  }
  const std::string starts = read_file(in("starts"));
  EXPECT_EQ(std::count(starts.begin(), starts.end(), '\n'), kSteps) << "each ran once";
}

TEST_P(Upgrade, LimitsAreHeldByTheNextOneAndUsageGoesOn) {
  wire::Launch launch = launch_shell(
      1, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; touch " + in("on") +
             "; while [ ! -e " + in("go") +
             " ]; do sleep 0.01; done; exec dd if=/dev/zero of=/dev/null bs=1G count=1000");
  launch.set_memory(100U << 20U);
  cluster_.launch(launch);
  ASSERT_TRUE(cluster_.wait([&] { return exists(in("on")); }));
  execute_again();
  touch(in("go"));
  const wire::TaskEnd& end = cluster_.end_of(1);
  EXPECT_EQ(end.how(), static_cast<std::uint32_t>(pb::End::MEMORY)) << end.reason();
  EXPECT_TRUE(end.reason().ends_with("of 100M granted")) << end.reason();
  EXPECT_GT(end.max_rss(), 100U << 20U);
  EXPECT_GT(end.cpu(), 50);
}

TEST_P(Upgrade, AnEndInTheMiddleOfItIsNotMissed) {
  for (std::uint64_t job = 1; job <= 40; ++job) {
    launch(job, "sleep 0.0" + std::to_string(job % 10) + "; exit 3");
    if (job % 4 == 0) kill(cluster_.keeper(), SIGHUP);
  }
  for (std::uint64_t job = 1; job <= 40; ++job) EXPECT_EQ(cluster_.end_of(job).exit_code(), 3);
}

TEST_P(Upgrade, AnAgentOfAnotherProgramHasTheKeeperBecomeIt) {
  launch(1, "while [ ! -e " + in("go") + " ]; do sleep 0.01; done; exit 5");
  const pid_t keeper = cluster_.keeper();
  cluster_.drop_agent();
  cluster_.executable = copy_to(in("newer"));
  cluster_.start_agent();
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.joins() == 2; }));
  EXPECT_EQ(cluster_.keeper(), keeper);
  EXPECT_EQ(program_of(keeper), in("newer"));
  touch(in("go"));
  EXPECT_EQ(cluster_.end_of(1).exit_code(), 5);
}

TEST_P(Upgrade, AKeeperWhoseFileWasReplacedBecomesTheNewOne) {
  cluster_.drop_agent();
  cluster_.executable = copy_to(in("jobq"));
  cluster_.start_agent();
  ASSERT_TRUE(cluster_.wait([&] { return program_of(cluster_.keeper()) == in("jobq"); }));
  launch(1, "while [ ! -e " + in("go") + " ]; do sleep 0.01; done; exit 5");
  std::filesystem::rename(copy_to(in("next")), in("jobq"));
  EXPECT_EQ(program_of(cluster_.keeper()), in("jobq") + " (deleted)");
  execute_again();
  EXPECT_EQ(program_of(cluster_.keeper()), in("jobq"));
  touch(in("go"));
  EXPECT_EQ(cluster_.end_of(1).exit_code(), 5);
}

TEST_P(Upgrade, AProgramThatCannotBeExecutedChangesNothing) {
  launch(1, "while [ ! -e " + in("go") + " ]; do sleep 0.01; done; exit 5");
  write_program(in("broken"), "this is no program\n");
  const auto upgraded = upgrade_keeper(cluster_.state(), in("broken"));
  ASSERT_FALSE(upgraded);
  EXPECT_EQ(upgraded.error().message, "the keeper goes on as it is: " + in("broken") +
                                          " cannot be executed, or is no keeper");
  cluster_.drop_agent();
  cluster_.executable = in("broken");
  cluster_.start_agent();
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.agent_joined(); }));
  EXPECT_EQ(program_of(cluster_.keeper()), own_executable());
  touch(in("go"));
  EXPECT_EQ(cluster_.end_of(1).exit_code(), 5);
}

TEST_P(Upgrade, AProgramThatDoesNotUnderstandItBeginsWhenNothingRuns) {
  launch(1, "while [ ! -e " + in("go") + " ]; do sleep 0.01; done; exit 5");
  write_program(in("later"), "#!/bin/sh\necho 1000 1001\n");
  const auto upgraded = upgrade_keeper(cluster_.state(), in("later"));
  ASSERT_FALSE(upgraded);
  EXPECT_NE(upgraded.error().message.find("can begin when nothing runs"), std::string::npos);
  const pid_t keeper = cluster_.keeper();
  touch(in("go"));
  EXPECT_EQ(cluster_.end_of(1).exit_code(), 5);
  EXPECT_TRUE(cluster_.wait([&] { return cluster_.keeper() != 0 && cluster_.keeper() != keeper; }));
  EXPECT_FALSE(alive(keeper));
}

TEST_P(Upgrade, TheGracePeriodGoesOn) {
  cluster_.grace = Millis{1500};
  cluster_.drop_agent();
  cluster_.kill_keeper();
  cluster_.start_agent();
  launch(1, "trap 'echo 1 > " + in("asked") + "' TERM; echo 1 > " + in("ready") +
                "; while :; do sleep 0.01; done");
  ASSERT_TRUE(cluster_.wait([&] { return exists(in("ready")); }));
  cluster_.order(Order::KILL, 1);
  ASSERT_TRUE(cluster_.wait([&] { return exists(in("asked")); }));
  execute_again();
  EXPECT_EQ(cluster_.end_of(1).signal(), SIGKILL);
}

TEST_P(Upgrade, TheGracePeriodIsThatOfTheLatestAgent) {
  cluster_.grace = seconds(600);
  cluster_.drop_agent();
  cluster_.start_agent();
  launch(1, "trap '' TERM; echo 1 > " + in("ready") + "; while :; do sleep 0.01; done");
  ASSERT_TRUE(cluster_.wait([&] { return exists(in("ready")); }));
  const pid_t keeper = cluster_.keeper();
  cluster_.drop_agent();
  cluster_.grace = Millis{50};
  cluster_.start_agent();
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.joins() == 3 && cluster_.agent_joined(); }));
  EXPECT_EQ(cluster_.keeper(), keeper);
  cluster_.order(Order::KILL, 1);
  EXPECT_EQ(cluster_.end_of(1).signal(), SIGKILL);
}

TEST_P(Upgrade, WhatIsSuspendedStaysSoAndCanBeResumed) {
  launch(1, "while :; do echo . >> " + in("dots") + "; sleep 0.01; done");
  ASSERT_TRUE(cluster_.wait([&] { return !stands_still(in("dots")); }));
  cluster_.order(Order::SUSPEND, 1);
  ASSERT_TRUE(cluster_.wait([&] { return stands_still(in("dots")); }));
  execute_again();
  EXPECT_TRUE(stands_still(in("dots")));
  cluster_.order(Order::RESUME, 1);
  EXPECT_TRUE(cluster_.wait([&] { return !stands_still(in("dots")); }));
}

TEST_P(Upgrade, WhatStepsAreStartedWithIsTheSame) {
  const std::string what =
      "ulimit -n -H; ulimit -n; cat /proc/self/oom_score_adj; ls /proc/self/fd";
  launch(1, what);
  cluster_.end_of(1);
  execute_again();
  launch(2, what);
  cluster_.end_of(2);
  EXPECT_EQ(cluster_.ask_and_wait(read_of(1)).output_chunk().data(),
            cluster_.ask_and_wait(read_of(2)).output_chunk().data());
}

TEST_P(Upgrade, WhatAStepLeftBehindIsStillEnded) {
  launch(1, "(setsid sh -c 'echo $$ > " + in("far") + "; exec sleep 100') & while [ ! -e " +
                in("go") + " ]; do sleep 0.01; done");
  launch(2, "exec sleep 100");
  ASSERT_TRUE(cluster_.wait([&] { return pid_in(in("far")) != 0; }));
  execute_again();
  touch(in("go"));
  cluster_.end_of(1);
  EXPECT_FALSE(alive(pid_in(in("far"))));
  EXPECT_EQ(cluster_.completes(2), 0);
}

TEST_P(Upgrade, EndsThatAreNotForgottenAreTold) {
  cluster_.launch(launch_of(1, {"/no/such"}));
  cluster_.launch(launch_shell(2, "exit 4"));
  cluster_.end_of(1);
  cluster_.end_of(2);
  execute_again();
  ASSERT_TRUE(
      cluster_.wait([&] { return cluster_.completes(1) == 2 && cluster_.completes(2) == 2; }));
  EXPECT_EQ(cluster_.end_of(1).how(), 2U);
  EXPECT_EQ(cluster_.end_of(2).exit_code(), 4);
}

TEST_P(Upgrade, ATerminatedKeeperStaysWhileStepsRun) {
  launch(1, "while [ ! -e " + in("go") + " ]; do sleep 0.01; done; exit 5");
  const pid_t keeper = cluster_.keeper();
  kill(keeper, SIGTERM);
  execute_again();
  EXPECT_TRUE(alive(keeper));
  touch(in("go"));
  EXPECT_EQ(cluster_.end_of(1).exit_code(), 5);
  EXPECT_TRUE(cluster_.wait([&] { return !alive(keeper); }));
}

INSTANTIATE_TEST_SUITE_P(Containment, Upgrade, testing::Bool(),
                         [](const auto& test) { return test.param ? "Cgroups" : "ProcessGroups"; });

}  // namespace
}  // namespace jobq::exec
