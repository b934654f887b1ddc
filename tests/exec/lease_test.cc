// SPDX-License-Identifier: Apache-2.0
// What is fenced does not outlive the lease, whoever of controller and agent is silent; and no
// step's process outlives its keeper.
#include "exec/lease.h"

#include <unistd.h>

#include <csignal>

#include "exec/state.h"
#include "tests/exec/cluster.h"

namespace jobq::exec {
namespace {

// Two steps that write their numbers: 1 is fenced, 2 is not. The lease is long beside a heartbeat.
class Leased : public testing::TestWithParam<bool> {
 protected:
  Leased() {
    EXPECT_TRUE(cluster_.wait([&] { return cluster_.agent_joined(); }));
    cluster_.lease = Millis{600};
    cluster_.hang_up();
    EXPECT_TRUE(cluster_.wait([&] { return cluster_.joins() == 2 && cluster_.agent_joined(); }));
  }
  std::string in(const std::string& name) const { return cluster_.dir() / name; }
  pid_t pid_of(std::uint64_t job) const { return pid_in(in(std::to_string(job))); }
  void launch(std::uint64_t job, bool fenced, const std::string& first = "") {
    wire::Launch launch = launch_shell(
        job, first + "echo $$ > " + in(std::to_string(job)) + "; while :; do sleep 0.02; done");
    launch.set_fenced(fenced);
    cluster_.launch(launch);
    ASSERT_TRUE(cluster_.wait([&] { return pid_of(job) != 0 && cluster_.started(job) > 0; }));
  }
  void launch_both() {
    launch(1, true);
    launch(2, false);
  }
  void be_silent() { cluster_.answers_heartbeats = cluster_.welcomes = false; }
  void speak() {
    cluster_.answers_heartbeats = cluster_.welcomes = true;
    cluster_.hang_up();  // a join that was not answered is not answered later
  }
  bool fenced_ends() {
    return cluster_.wait([&] { return !alive(pid_of(1)); }) && alive(pid_of(2));
  }
  void expect_lost(std::uint64_t job) {
    EXPECT_EQ(cluster_.end_of(job).how(), 3U);
    EXPECT_EQ(cluster_.end_of(job).reason(), "the node lost its controller");
  }

  Cluster cluster_{GetParam()};
};

TEST_P(Leased, WhatIsFencedEndsWhenTheControllerIsSilent) {
  launch_both();
  be_silent();
  EXPECT_TRUE(fenced_ends());
  speak();
  expect_lost(1);
  EXPECT_EQ(cluster_.completes(2), 0);
}

TEST_P(Leased, AnAnswerRenewsIt) {
  launch_both();
  const std::int64_t end_ns = boottime_now_ns() + 4 * cluster_.lease.count * 1'000'000;
  EXPECT_TRUE(cluster_.wait([&] { return boottime_now_ns() > end_ns; }));
  EXPECT_TRUE(alive(pid_of(1)));
}

TEST_P(Leased, ItIsOverForOneThatDoesNotMindToo) {
  launch(1, true, "trap '' TERM; ");
  launch(2, false);
  be_silent();
  EXPECT_TRUE(fenced_ends());
  speak();
  expect_lost(1);
}

TEST_P(Leased, TheKeeperAloneEndsWhatIsFencedWhenTheAgentDied) {
  launch_both();
  cluster_.drop_agent();
  EXPECT_TRUE(fenced_ends());
  cluster_.start_agent();
  expect_lost(1);
}

TEST_P(Leased, AnAgentThatIsStoppedRenewsNothing) {
  launch_both();
  cluster_.halt();
  EXPECT_TRUE(fenced_ends());
  cluster_.go_on();
  expect_lost(1);
}

TEST_P(Leased, WhatIsFencedDoesNotStartAfterItWasOver) {
  launch_both();
  cluster_.halt();
  wire::Launch late = launch_shell(3, "echo $$ > " + in("3") + "; exec sleep 1000");
  late.set_fenced(true);
  cluster_.send_launch(late);  // nobody reads it yet
  EXPECT_TRUE(fenced_ends());
  cluster_.go_on();
  expect_lost(3);
  EXPECT_FALSE(exists(in("3")));
  EXPECT_EQ(cluster_.completes(2), 0);
}

TEST_P(Leased, AKeeperThatExecutesItselfKeepsIt) {
  launch_both();
  cluster_.drop_agent();
  kill(cluster_.keeper(), SIGHUP);
  EXPECT_TRUE(fenced_ends());
  cluster_.start_agent();
  expect_lost(1);
}

TEST_P(Leased, WhatWasCancelledEndsAsThat) {
  launch(1, true, "trap 'exit 9' TERM; ");
  cluster_.order(wire::AttemptOrder::KILL, 1);
  EXPECT_EQ(cluster_.end_of(1).exit_code(), 9);
  EXPECT_EQ(cluster_.end_of(1).how(), 0U);
}

TEST_P(Leased, AfterItWasOverFencedStepsStartAgain) {
  launch_both();
  be_silent();
  EXPECT_TRUE(fenced_ends());
  speak();
  launch(3, true);
  const std::int64_t end_ns = boottime_now_ns() + 2 * cluster_.lease.count * 1'000'000;
  EXPECT_TRUE(cluster_.wait([&] { return boottime_now_ns() > end_ns; }));
  EXPECT_TRUE(alive(pid_of(3)));
}

TEST_P(Leased, AControllerWithoutLeasesTakesItBack) {
  launch_both();
  cluster_.lease = {};
  cluster_.hang_up();
  EXPECT_TRUE(cluster_.wait([&] { return cluster_.joins() == 3 && cluster_.agent_joined(); }));
  be_silent();
  const std::int64_t end_ns = boottime_now_ns() + 1'200'000'000;
  EXPECT_TRUE(cluster_.wait([&] { return boottime_now_ns() > end_ns; }));
  EXPECT_TRUE(alive(pid_of(1)));
}

TEST_P(Leased, AStepDiesWithItsKeeperAlsoWhereNoOtherComes) {
  launch_both();
  cluster_.drop_agent();
  cluster_.kill_keeper();
  EXPECT_TRUE(wait_until([&] { return !alive(pid_of(1)) && !alive(pid_of(2)); }));
}

INSTANTIATE_TEST_SUITE_P(Containment, Leased, testing::Bool(),
                         [](const auto& test) { return test.param ? "Cgroups" : "ProcessGroups"; });

}  // namespace
}  // namespace jobq::exec
