// SPDX-License-Identifier: Apache-2.0
// The rules of steps that send events and that wait for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/mailboxes.h"
#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Ticket named(const std::string& name, const SpecBuilder& builder) {
  Ticket ticket = ticket_of(builder);
  ticket.name = name;
  return ticket;
}

SpecBuilder receiver(const std::string& event, const std::string& from = "",
                     const std::string& mailbox = "") {
  return SpecBuilder().step("get").receives(event, from, mailbox);
}

SpecBuilder sender(const std::string& to, const std::string& event, const std::string& payload) {
  return SpecBuilder().step("put").sends(to, event, payload);
}

class EventStepsTest : public ::testing::Test {
 public:
  void send_by_hand(const std::string& to, const std::string& event, bool broadcast = false) {
    world.send(SendEvent{World::kReply, world.ann, "", std::nullopt, "", to, event, "by hand",
                         std::nullopt, broadcast});
  }
  std::size_t waiting_count() { return world.core.events(world.root, "")->events.size(); }
  std::string event_of(JobNumber job, const std::string& step) {
    const auto detail = world.core.show(job, world.now);
    if (!detail) return "gone";
    for (const StepView& view : detail->steps) {
      if (view.name == step) return view.event.value_or("none");
    }
    return "no such step";
  }

  World world;
};

TEST_F(EventStepsTest, AnEventThatWasSentBeforeIsReceivedAtOnce) {
  world.submit(sender("listener", "ready", "seven"));
  EXPECT_EQ(waiting_count(), 1U);
  world.submit(named("listener", receiver("ready")));
  EXPECT_THAT(world.said(), ElementsAre("submitted 1", "ended 1 JD", "submitted 2", "ended 2 JD"));
  EXPECT_EQ(waiting_count(), 0U);
}

TEST_F(EventStepsTest, ANameThatIsAlsoAMailboxIsSaidToBeAnotherPlace) {
  const JobNumber job = world.submit(receiver("ready", "", "plans"));
  send_by_hand("mailbox:plans", "ready");
  EXPECT_THAT(world.core.why(job, world.now)->blockers.at(0).text,
              HasSubstr("events wait in mailbox:plans, which is another place"));
}

TEST_F(EventStepsTest, WhoWaitsGetsThePayloadAsItsEventValue) {
  const JobNumber job = world.submit(
      SpecBuilder().step("get").receives("ready").step("hold").after("get.event=seven"));
  EXPECT_EQ(world.state(job), "BP");
  world.submit(sender("1", "ready", "seven"));
  EXPECT_EQ(world.step_state(job, "get"), "succeeded");
  EXPECT_EQ(event_of(job, "get"), "seven");
  EXPECT_EQ(waiting_count(), 0U);
}

TEST_F(EventStepsTest, AnEventForOneGoesToOneOfTwoWhoWait) {
  world.submit(receiver("ready", "", "mailbox:plans"));
  world.pass(Millis{5});
  world.submit(receiver("ready", "", "mailbox:plans"));
  world.forget_said();
  world.submit(sender("mailbox:plans", "ready", ""));
  EXPECT_EQ(world.state(JobNumber{1}), "gone");
  EXPECT_EQ(world.state(JobNumber{2}), "BP");
}

TEST_F(EventStepsTest, OneForAllIsReceivedOnceByEachStep) {
  world.submit(receiver("ready", "", "shared:news"));
  send_by_hand("shared:news", "ready", true);
  EXPECT_EQ(world.state(JobNumber{1}), "gone");
  const JobNumber twice = world.submit(
      SpecBuilder().step("get").receives("ready", "", "shared:news").again("get", "success", 5));
  EXPECT_EQ(world.state(twice), "BP");
  send_by_hand("shared:news", "ready", true);
  EXPECT_EQ(world.state(twice), "BP");
  EXPECT_THAT(world.core.show(twice, world.now)->steps.at(0).attempts.size(), 3U);
}

TEST_F(EventStepsTest, AFlowThatIsNamedIsWaitedFor) {
  world.submit(named("listener", receiver("ready", "right")));
  world.submit(named("wrong", sender("listener", "ready", "a")));
  EXPECT_EQ(world.state(JobNumber{1}), "BP");
  world.submit(named("right", sender("listener", "ready", "b")));
  EXPECT_EQ(world.state(JobNumber{1}), "gone");
  EXPECT_EQ(waiting_count(), 1U);
}

TEST_F(EventStepsTest, WhatCannotBeSentOrReceivedFailsTheStep) {
  world.submit(sender("9", "ready", ""));
  world.submit(sender("1", "ready", ""));
  world.submit(receiver("ready", "77"));
  const std::vector<std::string> said = world.said();
  ASSERT_EQ(said.size(), 6U);
  EXPECT_THAT(said[1], HasSubstr("JE step put: the event was not sent: there is no job 9"));
  EXPECT_THAT(said[3], HasSubstr("JE step put: the event was not sent: job 1 has ended"));
  EXPECT_THAT(said[5], HasSubstr("JE step get: no event can be received: there is no job 77"));
}

TEST_F(EventStepsTest, ATimeLimitAndACancelEndTheWaitAndTakeNothing) {
  SpecBuilder limited = receiver("ready", "", "mailbox:plans");
  limited.step_limit(seconds(10));
  const JobNumber late = world.submit(limited);
  world.submit(receiver("ready", "", "mailbox:plans"));
  world.pass(seconds(10));
  EXPECT_EQ(world.state(late), "gone");
  world.cancel(JobNumber{2});
  EXPECT_EQ(world.state(JobNumber{2}), "gone");
  EXPECT_THAT(world.core.events(world.root, "")->receivers, IsEmpty());
  send_by_hand("mailbox:plans", "ready");
  EXPECT_EQ(waiting_count(), 1U);
}

TEST_F(EventStepsTest, WhoWaitedStillWaitsAfterARestart) {
  world.submit(receiver("ready", "", "mailbox:plans"));
  std::vector<Action> out;
  const auto other = world.restored(out);
  ASSERT_TRUE(other->check_invariants());
  ASSERT_EQ(other->events(world.root, "")->receivers.size(), 1U);
  out.clear();
  other->step(SendEvent{World::kReply, world.ann, "", std::nullopt, "", "mailbox:plans", "ready",
                        "x", std::nullopt, false},
              world.now, out);
  EXPECT_EQ(other->live_count(), 0U);
}

// Ten times each sends to the other and waits for it; `first` begins, the other comes when the
// first waits. After every event a core is made from the rows, which goes on to the same end.
TEST_F(EventStepsTest, TwoFlowsMeetAtTenPointsWhoeverComesFirst) {
  const auto flow = [](const std::string& other) {
    SpecBuilder builder;
    for (int i = 0; i < 10; ++i) {
      const std::string n = std::to_string(i);
      builder.step("put" + n).sends(other, "point" + n, n);
      if (i > 0) builder.after("get" + std::to_string(i - 1));
      builder.step("get" + n).receives("point" + n, other).after("put" + n);
    }
    return builder;
  };
  for (const bool left_first : {true, false}) {
    const std::string first = left_first ? "left" : "right";
    const std::string second = left_first ? "right" : "left";
    const JobNumber one = world.submit(named(first, flow(second)));
    EXPECT_EQ(world.state(one), "BP");
    std::vector<Action> out;
    const auto other = world.restored(out);
    ASSERT_TRUE(other->check_invariants());
    const NewJobNotice notice{World::kReply, world.ann, "", {named(second, flow(first))}, false};
    other->step(notice, world.now, out);
    EXPECT_EQ(other->live_count(), 0U);
    world.send(notice);
    EXPECT_EQ(world.state(one), "gone");
    EXPECT_EQ(world.core.live_count(), 0U);
    EXPECT_EQ(waiting_count(), 0U);
  }
}

TEST_F(EventStepsTest, WhyNamesTheEventAndWhatCanNeverBeMet) {
  world.submit(receiver("ready"));
  auto why = *world.core.why(JobNumber{1}, world.now);
  ASSERT_EQ(why.blockers.size(), 1U);
  EXPECT_EQ(why.blockers[0].kind, "event");
  EXPECT_THAT(why.blockers[0].text, HasSubstr("waits for event ready sent to 1 or "));
  EXPECT_THAT(why.blockers[0].text, HasSubstr("by anybody"));
  EXPECT_THAT(why.blockers[0].remedy, HasSubstr("jq event send 1 ready"));
  world.submit(sender("mailbox:x", "other", ""));
  world.submit(receiver("ready", "2"));
  why = *world.core.why(JobNumber{3}, world.now);
  ASSERT_EQ(why.blockers.size(), 1U);
  EXPECT_THAT(why.blockers[0].text,
              HasSubstr("it can never be met: job 2, which alone may send it, has ended"));
  EXPECT_THAT(why.blockers[0].remedy, HasSubstr("jq event send 3 ready; or give up: jq cancel 3"));
  world.submit(receiver("ready", "nobody"));
  why = *world.core.why(JobNumber{4}, world.now);
  EXPECT_THAT(why.blockers[0].text, HasSubstr("only a job named nobody may send it"));
  send_by_hand("3", "ready");
  EXPECT_EQ(world.state(JobNumber{3}), "gone");
}

}  // namespace
}  // namespace jobq::sched
