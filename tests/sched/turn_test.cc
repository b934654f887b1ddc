// SPDX-License-Identifier: Apache-2.0
// A turn of several events: all are accepted, then decided at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TurnTest : public ::testing::Test {
 public:
  void SetUp() override {
    core.step(NodeJoined{"n1", "1", {.cpus = 4, .memory = {}, .counts = {}}, {}}, now, actions);
    actions.clear();
  }

  void submit(std::uint32_t width, Millis limit, int priority) {
    Ticket ticket = ticket_of(one_step().needs(cpus(width)));
    ticket.time_limit = limit;
    ticket.priority = priority;
    core.accept(NewJobNotice{{}, {1000, 1000, "ann", false}, "", {ticket}, false}, now, actions);
  }
  void complete(std::uint64_t job) {
    core.accept(TaskComplete{NodeId{1}, {JobNumber{job}, StepId{0}, Attempt{1}}, {}}, now, actions);
  }
  // "launch 2", "kill 1", "ended 1"; what was asked for since the last time.
  std::vector<std::string> decided() {
    core.decide(now, actions);
    EXPECT_TRUE(core.check_invariants());
    std::vector<std::string> said;
    for (const Action& action : actions) {
      const auto say = [&](const char* what, const JobRef& job) {
        said.push_back(what + to_string(job));
      };
      if (const auto* launch = std::get_if<Launch>(&action)) say("launch ", launch->id.job);
      if (const auto* kill = std::get_if<Kill>(&action)) say("kill ", kill->id.job);
      if (const auto* ended = std::get_if<JobEnded>(&action)) say("ended ", ended->job);
    }
    actions.clear();
    return said;
  }

  EventManager core;
  Time now{1000000};
  std::vector<Action> actions;
};

TEST_F(TurnTest, NothingStartsBeforeTheTurnIsDecided) {
  submit(4, seconds(60), 50);
  EXPECT_EQ(core.state_of(JobNumber{1}), JobState::kWaitingResources);
  EXPECT_THAT(decided(), ElementsAre("launch 1"));
  EXPECT_THAT(decided(), IsEmpty());
}

TEST_F(TurnTest, WhatComesLaterInTheTurnIsInViewWhenItIsDecided) {
  submit(4, seconds(60), 10);
  submit(4, seconds(60), 90);
  EXPECT_THAT(decided(), ElementsAre("launch 2"));
}

TEST_F(TurnTest, AllThatEndsInTheTurnIsGrantedTogether) {
  submit(2, seconds(60), 50);
  submit(2, seconds(60), 50);
  EXPECT_THAT(decided(), ElementsAre("launch 1", "launch 2"));
  submit(4, seconds(60), 90);
  submit(2, seconds(60), 10);
  EXPECT_THAT(decided(), IsEmpty());
  complete(1);
  complete(2);
  EXPECT_THAT(decided(), ElementsAre("ended 1", "ended 2", "launch 3"));
}

TEST_F(TurnTest, AnEndAtTheInstantOfItsLimitCountsInWhateverOrderTheTurnHasIt) {
  submit(2, seconds(60), 50);
  submit(2, seconds(60), 50);
  EXPECT_THAT(decided(), ElementsAre("launch 1", "launch 2"));
  now = now + seconds(60);
  core.accept(Tick{}, now, actions);
  complete(1);
  complete(2);
  EXPECT_THAT(decided(), ElementsAre("ended 1", "ended 2"));
}

}  // namespace
}  // namespace jobq::sched
