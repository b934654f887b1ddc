// SPDX-License-Identifier: Apache-2.0
// What is fenced does not outlive the lease, whoever of controller and agent is silent; and no
// step's process outlives its keeper.
#include "exec/lease.h"

#include <unistd.h>

#include <csignal>

#include "tests/exec/cluster.h"
#include "tests/exec/fake_keeper.h"

namespace jobq::exec {
namespace {

// Two steps that write their numbers: 1 is fenced, 2 is not. They start under a lease that is
// longer than any test.
class Leased : public testing::TestWithParam<bool> {
 protected:
  Leased() {
    EXPECT_TRUE(cluster_.wait([&] { return cluster_.agent_joined(); }));
    give(kLong);
  }
  static constexpr Millis kLong = seconds(3600);
  void give(Millis lease) {
    const int joins = cluster_.joins();
    cluster_.lease = lease;
    cluster_.hang_up();
    EXPECT_TRUE(cluster_.wait([&] { return cluster_.joins() > joins && cluster_.agent_joined(); }));
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
  // Long beside a heartbeat. From here on what is fenced may end at any time.
  void make_short() {
    give(Millis{600});
    int turns = 0;  // until the agent has told the keeper, which then hears it without the agent
    EXPECT_TRUE(cluster_.wait([&] { return ++turns > 10; }));
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
  make_short();
  be_silent();
  EXPECT_TRUE(fenced_ends());
  speak();
  expect_lost(1);
  EXPECT_EQ(cluster_.completes(2), 0);
}

TEST_P(Leased, ItIsOverForOneThatDoesNotMindToo) {
  launch(1, true, "trap '' TERM; ");
  launch(2, false);
  make_short();
  be_silent();
  EXPECT_TRUE(fenced_ends());
  speak();
  expect_lost(1);
}

TEST_P(Leased, TheKeeperAloneEndsWhatIsFencedWhenTheAgentDied) {
  launch_both();
  make_short();
  cluster_.drop_agent();
  EXPECT_TRUE(fenced_ends());
  cluster_.start_agent();
  expect_lost(1);
}

TEST_P(Leased, AnAgentThatIsStoppedRenewsNothing) {
  launch_both();
  make_short();
  cluster_.halt();
  EXPECT_TRUE(fenced_ends());
  cluster_.go_on();
  expect_lost(1);
}

TEST_P(Leased, WhatIsFencedDoesNotStartAfterItWasOver) {
  launch_both();
  make_short();
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
  make_short();
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
  make_short();
  be_silent();
  EXPECT_TRUE(fenced_ends());
  cluster_.lease = kLong;
  speak();
  launch(3, true);
  EXPECT_TRUE(alive(pid_of(3)));
}

TEST_P(Leased, AStepDiesWithItsKeeperAlsoWhereNoOtherComes) {
  launch_both();
  cluster_.drop_agent();
  cluster_.kill_keeper();
  EXPECT_TRUE(wait_until([&] { return !alive(pid_of(1)) && !alive(pid_of(2)); }));
}

INSTANTIATE_TEST_SUITE_P(Containment, Leased, testing::Bool(),
                         [](const auto& test) { return test.param ? "Cgroups" : "ProcessGroups"; });

// --- what the keeper is told ---------------------------------------------------------------------

class Told : public testing::Test {
 protected:
  Told() {
    EXPECT_TRUE(cluster_.wait([&] { return cluster_.agent_joined(); }));
    cluster_.lease = seconds(600);
    cluster_.drop_agent();
    cluster_.kill_keeper();
    keeper_ = std::make_unique<FakeKeeper>(cluster_.loop(), cluster_.state());
    cluster_.start_agent();
    EXPECT_TRUE(cluster_.wait([&] { return !keeper_->heard.empty(); }));
    keeper_->say_empty_state();
  }
  // The latest; nothing before the first.
  std::optional<pb::Lease> lease() const {
    std::optional<pb::Lease> latest;
    for (const pb::ToKeeper& message : keeper_->heard) {
      if (message.has_lease()) latest = message.lease();
    }
    return latest;
  }
  Cluster cluster_;
  std::unique_ptr<FakeKeeper> keeper_;
};

TEST_F(Told, EveryAnswerMovesTheEndOfTheLease) {
  ASSERT_TRUE(cluster_.wait([&] { return lease().has_value(); }));
  for (int i = 0; i < 3; ++i) {
    const pb::Lease before = lease().value();
    EXPECT_EQ(before.length_ms(), 600'000);
    EXPECT_TRUE(cluster_.wait([&] { return lease()->until_ns() > before.until_ns(); }));
  }
}

TEST_F(Told, AControllerWithoutLeasesTakesItBack) {
  ASSERT_TRUE(cluster_.wait([&] { return lease().has_value(); }));
  cluster_.lease = {};
  cluster_.hang_up();
  EXPECT_TRUE(cluster_.wait([&] { return lease()->length_ms() == 0; }));
}

// --- the lease itself ---

class LeaseTest : public OnLoop {
 protected:
  void begin(Millis grace) {
    lease_ = std::make_unique<Lease>(
        &loop_, grace,
        Lease::Handlers{[this](Millis) { said_ += "ending "; }, [this] { said_ += "over "; }});
  }
  void renew(Millis length, Millis left) {
    pb::Lease to;
    to.set_length_ms(length.count);
    to.set_until_ns(boottime_now_ns() + left.count * kNsPerMs);
    lease_->renew(to);
  }
  // So often that every alarm which is due was heard.
  void turn() {
    int turns = 0;
    wait([&] { return ++turns > 20; });
  }
  bool hears(const std::string& what) {
    return wait([&] { return said_ == what; });
  }

  std::unique_ptr<Lease> lease_;
  std::string said_;
};

TEST_F(LeaseTest, BeforeTheFirstOneNothingIsOver) {
  begin(seconds(10));
  turn();
  EXPECT_FALSE(lease_->is_over());
  EXPECT_EQ(said_, "");
}

TEST_F(LeaseTest, OneThatHasPassedIsOverBeforeTheAlarmIsHeard) {
  begin(seconds(10));
  renew(seconds(100), Millis{-1});
  EXPECT_TRUE(lease_->is_over());
  EXPECT_TRUE(hears("over "));
  EXPECT_TRUE(lease_->is_over());
}

TEST_F(LeaseTest, ANewerOneThatArrivedCountsAlsoWhereTheAlarmRang) {
  begin(seconds(10));
  renew(seconds(100), Millis{-1});
  renew(seconds(3600), seconds(3600));
  turn();
  EXPECT_FALSE(lease_->is_over());
  EXPECT_EQ(said_, "");
}

TEST_F(LeaseTest, WhatIsFencedHasTheGracePeriodToEnd) {
  begin(seconds(200));
  renew(seconds(1000), seconds(100));
  EXPECT_FALSE(lease_->is_over());
  EXPECT_TRUE(hears("ending "));
  EXPECT_TRUE(lease_->is_over()) << "nothing that is fenced begins any more";
  renew(seconds(3600), seconds(3600));
  EXPECT_FALSE(lease_->is_over());
}

TEST_F(LeaseTest, OneThatIsTakenBackIsNeverOver) {
  begin(seconds(10));
  renew(seconds(100), Millis{-1});
  renew({}, {});
  turn();
  EXPECT_FALSE(lease_->is_over());
  EXPECT_EQ(said_, "");
}

}  // namespace
}  // namespace jobq::exec
