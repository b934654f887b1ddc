// SPDX-License-Identifier: Apache-2.0
// A node as its controller sees it: joining, launching, ends that are told until they are
// forgotten, and what survives whom.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "exec/output_files.h"
#include "exec/state.h"
#include "tests/exec/cluster.h"

namespace jobq::exec {
namespace {

using Order = wire::AttemptOrder;

TEST(AgentTest, JoinsWithWhatTheNodeIs) {
  Cluster cluster;
  ASSERT_TRUE(cluster.wait([&] { return cluster.agent_joined(); }));
  const wire::NodeJoin& join = cluster.join();
  EXPECT_EQ(join.name(), "n1");
  EXPECT_EQ(join.capacity().cpus(), 4U);
  EXPECT_EQ(join.capacity().memory(), 1U << 30U);
  EXPECT_EQ(join.capacity().gpus(), 1U);
  ASSERT_EQ(join.capacity().counts_size(), 1);
  EXPECT_EQ(join.capacity().counts(0).name(), "disks");
  EXPECT_FALSE(join.incarnation().empty());
  EXPECT_EQ(join.attempts_size(), 0);
}

TEST(AgentTest, SaysHowStepsAreContained) {
  Cluster cluster(false);
  ASSERT_TRUE(cluster.wait([&] { return cluster.agent_joined(); }));
  EXPECT_EQ(cluster.join().containment(),
            "process groups; memory: accounting; cpus: none; processes: counting");
}

TEST(AgentTest, AStepStartsAndEnds) {
  Cluster cluster;
  const std::string go = cluster.dir() / "go";
  cluster.launch(launch_shell(1, "while [ ! -e " + go + " ]; do sleep 0.01; done; exit 3"));
  ASSERT_TRUE(cluster.wait([&] { return cluster.started(1) == 1; }));
  std::ofstream(go).close();
  const wire::TaskEnd& end = cluster.end_of(1);
  EXPECT_EQ(end.how(), 0U);
  EXPECT_EQ(end.exit_code(), 3);
  EXPECT_EQ(cluster.started(1), 1);
}

TEST(AgentTest, AStartThatFailsIsAnEndWithItsReason) {
  Cluster cluster;
  cluster.launch(launch_of(1, {"/no/such"}));
  const wire::TaskEnd& end = cluster.end_of(1);
  EXPECT_EQ(end.how(), 2U);
  EXPECT_EQ(end.reason(), "/no/such: no such file or directory");
  EXPECT_EQ(cluster.started(1), 0);
}

TEST(AgentTest, TheEnvironmentSaysWhereTheStepIs) {
  Cluster cluster;
  wire::Launch launch = launch_of(1, {"env"});
  wire::NameValue& variable = *launch.add_env();
  variable.set_name("JOBQ_NODE");
  variable.set_value("a lie");
  launch.set_output(cluster.dir() / "env");
  cluster.launch(launch);
  cluster.end_of(1);
  const std::string env = read_file(cluster.dir() / "env");
  EXPECT_NE(env.find("\nJOBQ_NODE=n1\n"), std::string::npos) << env;
  EXPECT_NE(env.find("\nJOBQ_NODE_SOCKET=" + step_socket(cluster.state()) + "\n"),
            std::string::npos);
  EXPECT_EQ(env.find("lie"), std::string::npos);
}

TEST(AgentTest, AnAttemptStartsOnceHoweverOftenItIsLaunched) {
  Cluster cluster;
  const wire::Launch launch =
      launch_shell(1, "echo . >> " + (cluster.dir() / "starts") + "; exit 4");
  cluster.launch(launch);
  cluster.launch(launch);
  cluster.end_of(1);
  cluster.launch(launch);
  ASSERT_TRUE(cluster.wait([&] { return cluster.completes(1) >= 2; }));
  EXPECT_EQ(cluster.end_of(1).exit_code(), 4);
  EXPECT_EQ(read_file(cluster.dir() / "starts"), ".\n");
}

TEST(AgentTest, AnEndIsToldUntilItIsForgotten) {
  Cluster cluster;
  cluster.launch(launch_of(1, {"true"}));
  cluster.end_of(1);
  cluster.hang_up();
  ASSERT_TRUE(cluster.wait([&] { return cluster.completes(1) == 2; }));
  ASSERT_EQ(cluster.join().attempts_size(), 1);
  EXPECT_FALSE(cluster.join().attempts(0).running());
  cluster.order(Order::FORGET, 1);
  cluster.launch(launch_of(2, {"true"}));
  cluster.end_of(2);
  cluster.hang_up();
  ASSERT_TRUE(cluster.wait([&] { return cluster.joins() == 3; }));
  ASSERT_EQ(cluster.join().attempts_size(), 1);
  EXPECT_EQ(cluster.join().attempts(0).id().job(), 2U);
  EXPECT_EQ(cluster.completes(1), 2);
}

TEST(AgentTest, AControllerThatIsAwayIsFoundAgain) {
  Cluster cluster;
  cluster.launch(launch_shell(1, "exec sleep 100"));
  ASSERT_TRUE(cluster.wait([&] { return cluster.started(1) == 1; }));
  cluster.stop_listening();
  cluster.hang_up();
  ASSERT_TRUE(cluster.wait([&] { return !cluster.agent_joined(); }));
  cluster.listen();
  ASSERT_TRUE(cluster.wait([&] { return cluster.agent_joined(); }));
  ASSERT_EQ(cluster.join().attempts_size(), 1);
  EXPECT_TRUE(cluster.join().attempts(0).running());
}

TEST(AgentTest, ASilentControllerIsLeft) {
  Cluster cluster;
  ASSERT_TRUE(cluster.wait([&] { return cluster.agent_joined(); }));
  cluster.answers_heartbeats = false;
  EXPECT_TRUE(cluster.wait([&] { return cluster.joins() >= 2; }));
}

TEST(AgentTest, OrdersReachTheStep) {
  Cluster cluster;
  const std::string ready = cluster.dir() / "ready";
  cluster.launch(
      launch_shell(1, "trap 'exit 9' USR1; echo 1 > " + ready + "; while :; do sleep 0.01; done"));
  ASSERT_TRUE(cluster.wait([&] { return exists(ready); }));
  cluster.order(Order::SIGNAL, 1, SIGUSR1);
  EXPECT_EQ(cluster.end_of(1).exit_code(), 9);
}

TEST(AgentTest, AStepOutlivesItsAgent) {
  Cluster cluster;
  const std::string go = cluster.dir() / "go";
  cluster.launch(launch_shell(1, "while [ ! -e " + go + " ]; do sleep 0.01; done; exit 7"));
  ASSERT_TRUE(cluster.wait([&] { return cluster.started(1) == 1; }));
  cluster.drop_agent();
  ASSERT_TRUE(cluster.wait([&] { return !cluster.connected(); }));
  cluster.start_agent();
  ASSERT_TRUE(cluster.wait([&] { return cluster.joins() == 2; }));
  ASSERT_EQ(cluster.join().attempts_size(), 1);
  EXPECT_TRUE(cluster.join().attempts(0).running());
  close(creat(go.c_str(), 0600));
  EXPECT_EQ(cluster.end_of(1).exit_code(), 7);
}

TEST(AgentTest, AnEndWithoutAnAgentIsKept) {
  Cluster cluster;
  cluster.launch(launch_shell(1, "sleep 0.1; exit 6"));
  ASSERT_TRUE(cluster.wait([&] { return cluster.started(1) == 1; }));
  cluster.drop_agent();
  const std::string record = attempts_log(cluster.state());
  ASSERT_TRUE(cluster.wait([&] {
    Ledger ledger;
    replay(read_file(record), ledger);
    return ledger.attempts.size() == 1 && ledger.attempts.begin()->second.end;
  }));
  cluster.start_agent();
  EXPECT_EQ(cluster.end_of(1).exit_code(), 6);
}

TEST(AgentTest, AStoppedAgentLeavesItsStepsRunning) {
  Cluster cluster;
  cluster.launch(launch_shell(1, "echo $$ > " + (cluster.dir() / "pid") + "; exec sleep 100"));
  ASSERT_TRUE(cluster.wait([&] { return pid_in(cluster.dir() / "pid") != 0; }));
  cluster.stop_agent();
  EXPECT_TRUE(alive(pid_in(cluster.dir() / "pid")));
  EXPECT_TRUE(alive(cluster.keeper()));
}

TEST(AgentTest, AKeeperWithNothingToDoEndsWithItsAgent) {
  Cluster cluster;
  cluster.launch(launch_of(1, {"true"}));
  cluster.end_of(1);
  const pid_t keeper = cluster.keeper();
  cluster.stop_agent();
  cluster.keeper_ends();
  EXPECT_FALSE(alive(keeper));
  Ledger ledger;
  replay(read_file(attempts_log(cluster.state())), ledger);
  EXPECT_EQ(ledger.attempts.size(), 1U) << "what is not forgotten stands in the log";
  ASSERT_EQ(ledger.opened.size(), 1U);
  EXPECT_FALSE(!ledger.opened[0].cgroup().empty() && exists(ledger.opened[0].cgroup()));
  EXPECT_FALSE(exists(keeper_socket(cluster.state())));
}

TEST(AgentTest, TheNextKeeperKnowsWhatIsNotForgotten) {
  Cluster cluster;
  cluster.launch(launch_shell(1, "exit 5"));
  cluster.end_of(1);
  const std::string incarnation = cluster.join().incarnation();
  cluster.stop_agent();
  cluster.keeper_ends();
  cluster.start_agent();
  ASSERT_TRUE(cluster.wait([&] { return cluster.completes(1) == 2; }));
  EXPECT_EQ(cluster.end_of(1).exit_code(), 5);
  EXPECT_EQ(cluster.join().incarnation(), incarnation);
}

TEST(AgentTest, AStepThatIsKilledWhileItIsSuspendedDoesNotHoldUpTheNext) {
  Cluster cluster;
  cluster.launch(launch_shell(1, "exec sleep 100"));
  ASSERT_TRUE(cluster.wait([&] { return cluster.started(1) == 1; }));
  cluster.order(Order::SUSPEND, 1);
  cluster.order(Order::SIGNAL, 1, SIGKILL);
  EXPECT_EQ(cluster.end_of(1).signal(), SIGKILL);
  cluster.launch(launch_shell(2, "exit 4"));
  EXPECT_EQ(cluster.end_of(2).exit_code(), 4);
}

class KeeperDeath : public testing::TestWithParam<bool> {};

TEST_P(KeeperDeath, ItsStepsAreEndedAndReportedLost) {
  Cluster cluster(GetParam());
  const std::string dir = cluster.dir().path();
  cluster.launch(launch_shell(1, "(setsid sh -c 'echo $$ > " + dir +
                                     "/far; exec sleep 100') & echo written; echo $$ > " + dir +
                                     "/near; exec sleep 100"));
  ASSERT_TRUE(cluster.wait([&] { return pid_in(dir + "/far") && pid_in(dir + "/near"); }));
  cluster.kill_keeper();
  const wire::TaskEnd& end = cluster.end_of(1);
  EXPECT_EQ(end.how(), 3U);
  EXPECT_EQ(end.reason(), "the keeper died");
  EXPECT_FALSE(alive(pid_in(dir + "/near")));
  EXPECT_FALSE(alive(pid_in(dir + "/far")));
  EXPECT_EQ(cluster.ask_and_wait(read_of(1)).output_chunk().data(), "written\n");
  cluster.launch(launch_shell(2, "exit 8"));
  EXPECT_EQ(cluster.end_of(2).exit_code(), 8);
}

TEST_P(KeeperDeath, AnAttemptOfADeadKeeperIsNotStartedAgain) {
  Cluster cluster(GetParam());
  const wire::Launch launch =
      launch_shell(1, "echo . >> " + (cluster.dir() / "starts") + "; exec sleep 100");
  cluster.launch(launch);
  ASSERT_TRUE(cluster.wait([&] { return read_file(cluster.dir() / "starts") == ".\n"; }));
  cluster.kill_keeper();
  EXPECT_EQ(cluster.end_of(1).how(), 3U);
  cluster.launch(launch);
  ASSERT_TRUE(cluster.wait([&] { return cluster.completes(1) >= 2; }));
  EXPECT_EQ(read_file(cluster.dir() / "starts"), ".\n");
}

INSTANTIATE_TEST_SUITE_P(Containment, KeeperDeath, testing::Bool(),
                         [](const auto& test) { return test.param ? "Cgroups" : "ProcessGroups"; });

TEST(AgentTest, AThousandEndsWaitForTheirController) {
  constexpr std::uint64_t kSteps = 1000;
  Cluster cluster;
  // All wait for somebody who opens the pipe to write.
  const std::string pipe = cluster.dir() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (std::uint64_t job = 1; job <= kSteps; ++job) {
    cluster.launch(
        launch_shell(job, "read word < " + pipe + "; exit " + std::to_string(job % 250)));
  }
  ASSERT_TRUE(cluster.wait([&] { return cluster.started(kSteps) == 1; }));
  cluster.stop_listening();
  cluster.hang_up();
  ASSERT_TRUE(cluster.wait([&] { return !cluster.agent_joined(); }));
  const auto ended = [&] {
    Ledger ledger;
    replay(read_file(attempts_log(cluster.state())), ledger);
    return std::count_if(ledger.attempts.begin(), ledger.attempts.end(),
                         [](const auto& known) { return known.second.end.has_value(); });
  };
  ASSERT_TRUE(cluster.wait([&] {
    const Descriptor writer(open(pipe.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return ended() == kSteps;
  }));
  cluster.listen();
  ASSERT_TRUE(cluster.wait([&] { return cluster.completes(kSteps) == 1; }));
  for (std::uint64_t job = 1; job <= kSteps; ++job) {
    EXPECT_EQ(cluster.completes(job), 1);
    EXPECT_EQ(cluster.end_of(job).exit_code(), static_cast<int>(job % 250));
  }
}

TEST(AgentTest, ASecondAgentOnTheSameStateIsRefused) {
  Cluster cluster;
  ASSERT_TRUE(cluster.wait([&] { return cluster.agent_joined(); }));
  AgentOptions options;
  options.name = "n2";
  options.controller = LocalController{cluster.dir() / "controller.sock"};
  options.state = cluster.state();
  const auto second = Agent::start(cluster.loop(), options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kRefused);
}

TEST(AgentTest, AStateDirectoryWithTooLongANameIsRefused) {
  Cluster cluster;
  AgentOptions options;
  options.controller = LocalController{cluster.dir() / "controller.sock"};
  options.state = "/tmp/" + std::string(120, 'x');
  const auto agent = Agent::start(cluster.loop(), options);
  ASSERT_FALSE(agent);
  EXPECT_NE(agent.error().message.find("too long"), std::string::npos);
}

}  // namespace
}  // namespace jobq::exec
