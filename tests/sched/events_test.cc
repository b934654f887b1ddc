// SPDX-License-Identifier: Apache-2.0
// The rules of events that are sent and received by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/mailboxes.h"
#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EventsTest : public ::testing::Test {
 public:
  SendEvent sending(const std::string& to, const std::string& payload = "") {
    SendEvent event;
    event.reply = ReplyId{100};
    event.actor = world.ann;
    event.to = to;
    event.event = "ready";
    event.payload = payload;
    return event;
  }
  void send(const std::string& to, const std::string& payload = "") {
    world.send(sending(to, payload));
  }
  ReceiveEvent receiving(const std::string& mailbox, const std::string& key = "") {
    ReceiveEvent event;
    event.reply = ReplyId{++last_reply};
    event.actor = world.ann;
    event.mailbox = mailbox;
    event.event = "ready";
    event.key = key;
    return event;
  }
  void receive(const std::string& mailbox, const std::string& key = "") {
    world.send(receiving(mailbox, key));
  }
  // Everything that waits, as texts.
  std::vector<std::string> waiting(const EventManager& core) {
    std::vector<std::string> texts;
    const auto list = core.events(world.root, "");
    for (const EventRow& row : list->events) {
      texts.push_back(std::to_string(row.id.value) + " " + to_string(row.to) + " " + row.payload);
    }
    return texts;
  }
  // Of a core that was made from the rows so far.
  std::vector<std::string> waiting_after_restart() {
    std::vector<Action> out;
    const auto other = world.restored(out);
    EXPECT_TRUE(other->check_invariants());
    return waiting(*other);
  }

  World world;
  std::uint64_t last_reply = 200;
};

TEST_F(EventsTest, WhatIsSentWaitsUntilItIsReceivedOnce) {
  send("mailbox:plans", "a");
  EXPECT_THAT(waiting(world.core), ElementsAre("1 mailbox:plans a"));
  EXPECT_THAT(waiting_after_restart(), ElementsAre("1 mailbox:plans a"));
  receive("mailbox:plans");
  EXPECT_THAT(world.said(), ElementsAre("sent 1", "received 1 ready 'a' from ''"));
  EXPECT_THAT(waiting(world.core), IsEmpty());
  EXPECT_THAT(waiting_after_restart(), IsEmpty());
  receive("mailbox:plans");
  EXPECT_THAT(world.said(), IsEmpty());
}

TEST_F(EventsTest, WhoWaitsIsAnsweredInTheOrderOfWaiting) {
  receive("mailbox:plans");
  world.pass(Millis{5});
  receive("mailbox:plans");
  send("mailbox:plans", "a");
  const auto* first = std::get_if<Reply>(&world.actions.at(1));
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->to, ReplyId{201});
  EXPECT_THAT(world.said(), ElementsAre("sent 1", "received 1 ready 'a' from ''"));
  send("mailbox:plans", "b");
  EXPECT_THAT(world.said(), ElementsAre("sent 2", "received 2 ready 'b' from ''"));
}

TEST_F(EventsTest, ARequestThatComesAgainSendsNothingTwiceEvenWhenItWasReceived) {
  SendEvent event = sending("mailbox:plans", "a");
  event.key = "k";
  world.send(event);
  world.send(event);
  EXPECT_THAT(waiting(world.core), ElementsAre("1 mailbox:plans a"));
  receive("mailbox:plans");
  world.send(event);
  EXPECT_THAT(world.said(),
              ElementsAre("sent 1", "sent 1", "received 1 ready 'a' from ''", "sent 1"));
  EXPECT_THAT(waiting_after_restart(), IsEmpty());
  world.pass(Policy{}.keep_request_keys);
  world.send(event);
  EXPECT_THAT(world.said(), ElementsAre("sent 2"));
}

TEST_F(EventsTest, ARequestThatComesAgainReceivesTheSameAlsoAfterARestart) {
  send("mailbox:plans", "a");
  send("mailbox:plans", "b");
  receive("mailbox:plans", "r");
  receive("mailbox:plans", "r");
  EXPECT_THAT(world.said(), ElementsAre("sent 1", "sent 2", "received 1 ready 'a' from ''",
                                        "received 1 ready 'a' from ''"));
  EXPECT_THAT(waiting(world.core), ElementsAre("2 mailbox:plans b"));
  std::vector<Action> out;
  const auto other = world.restored(out);
  out.clear();
  other->step(receiving("mailbox:plans", "r"), world.now, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(to_text(out[0]), "received 1 ready 'a' from ''");
}

TEST_F(EventsTest, ARequestThatWaitsAndComesAgainWaitsOnce) {
  receive("mailbox:plans", "r");
  receive("mailbox:plans", "r");
  EXPECT_THAT(world.said(), ElementsAre("error the same request came again and waits instead"));
  send("mailbox:plans", "a");
  EXPECT_THAT(world.said(), ElementsAre("sent 1", "received 1 ready 'a' from ''"));
}

TEST_F(EventsTest, WhoLeavesTakesNothing) {
  const ReceiveEvent event = receiving("mailbox:plans");
  world.send(event);
  world.send(LeaveReceive{event.reply});
  send("mailbox:plans", "a");
  EXPECT_THAT(world.said(), ElementsAre("sent 1"));
}

TEST_F(EventsTest, PatienceEnds) {
  ReceiveEvent event = receiving("mailbox:plans");
  event.patience = seconds(5);
  world.send(event);
  world.pass(seconds(4));
  EXPECT_THAT(world.said(), IsEmpty());
  world.pass(seconds(1));
  EXPECT_THAT(world.said(), ElementsAre("error no event ready came in time"));
  send("mailbox:plans", "a");
  EXPECT_THAT(waiting(world.core), ElementsAre("1 mailbox:plans a"));
}

TEST_F(EventsTest, ATimeToLiveEndsAlsoWhileNoControllerRuns) {
  SendEvent event = sending("mailbox:plans", "a");
  event.ttl = seconds(10);
  world.send(event);
  EXPECT_EQ(world.wake(), world.now + seconds(10));
  world.now = world.now + seconds(10);
  EXPECT_THAT(waiting_after_restart(), IsEmpty());
  world.forget_said();
  receive("mailbox:plans");
  EXPECT_THAT(world.said(), IsEmpty());
  EXPECT_THAT(waiting_after_restart(), IsEmpty());
}

TEST_F(EventsTest, OneForAllIsReceivedByEveryRequestUntilItExpires) {
  SendEvent event = sending("shared:news", "a");
  event.broadcast = true;
  event.ttl = seconds(60);
  receive("shared:news", "r1");
  world.send(event);
  ReceiveEvent of_bob = receiving("shared:news", "r1");
  of_bob.actor = world.bob;
  world.send(of_bob);
  receive("shared:news", "r1");
  EXPECT_THAT(world.said(),
              ElementsAre("sent 1", "received 1 ready 'a' from ''", "received 1 ready 'a' from ''",
                          "received 1 ready 'a' from ''"));
  EXPECT_THAT(waiting(world.core), ElementsAre("1 shared:news a"));
  world.pass(seconds(60));
  EXPECT_THAT(waiting(world.core), IsEmpty());
}

// What is remembered for who receives is his, and has an end: nobody else can send less for it.
TEST_F(EventsTest, TheOldestReceiptsOfAUserLeave) {
  SendEvent event = sending("shared:news", std::string(kMostPayloadBytes, 'x'));
  event.broadcast = true;
  world.send(event);
  const int many = static_cast<int>(2 * kMostReceiptBytesPerUser / kMostPayloadBytes);
  for (int i = 0; i < many; ++i) {
    ReceiveEvent of_bob = receiving("shared:news", "r" + std::to_string(i));
    of_bob.actor = world.bob;
    world.send(of_bob);
  }
  world.forget_said();
  EXPECT_TRUE(world.core.check_invariants());
  std::size_t receipts = 0;
  std::vector<Action> out;
  const auto other = world.restored(out);
  EXPECT_TRUE(other->check_invariants());
  for (const Row& row : world.live_rows()) {
    const auto* one = std::get_if<EventRow>(&row);
    receipts += one != nullptr && one->of ? 1U : 0U;
  }
  EXPECT_LE(receipts, kMostReceiptBytesPerUser / kMostPayloadBytes);
  EXPECT_GT(receipts, kMostReceiptBytesPerUser / kMostPayloadBytes / 2);
  for (int i = 0; i < 3; ++i) send("mailbox:plans", std::string(kMostPayloadBytes, 'x'));
  EXPECT_THAT(world.said().back(), HasSubstr("sent"));
}

TEST_F(EventsTest, UsersHaveMailboxesOfTheirOwn) {
  send("mailbox:plans", "a");
  ReceiveEvent of_bob = receiving("mailbox:plans");
  of_bob.actor = world.bob;
  world.send(of_bob);
  EXPECT_THAT(world.said(), ElementsAre("sent 1"));
  EXPECT_THAT(world.core.events(world.bob, "")->events, IsEmpty());
  world.send(DropEvent{World::kReply, world.bob, EventId{1}});
  EXPECT_THAT(world.said(), ElementsAre("error no event 1 waits; `jq event list` lists them"));
}

TEST_F(EventsTest, AJobThatNeverWasOrHasEndedGetsNothing) {
  world.join("n1", 1);
  send("41");
  EXPECT_THAT(world.said().back(), HasSubstr("there is no job 41"));
  const JobNumber job = world.submit(one_step());
  SendEvent of_bob = sending("1");
  of_bob.actor = world.bob;
  world.send(of_bob);
  EXPECT_THAT(world.said().back(), HasSubstr("job 1 belongs to ann"));
  send("1", "a");
  EXPECT_THAT(waiting(world.core), ElementsAre("1 1 a"));
  world.complete(job, "main");
  EXPECT_THAT(waiting(world.core), IsEmpty());
  EXPECT_THAT(waiting_after_restart(), IsEmpty());
  send("1");
  EXPECT_THAT(world.said().back(), HasSubstr("job 1 has ended"));
}

TEST_F(EventsTest, ACommandInAStepSpeaksForItsJob) {
  world.join("n1", 1);
  Ticket ticket = ticket_of(one_step());
  ticket.name = "nightly";
  world.submit(ticket);
  ReceiveEvent own = receiving("");
  world.send(own);
  EXPECT_THAT(world.said().back(), HasSubstr("no mailbox is named"));
  SendEvent event = sending("nightly", "a");
  event.job = JobNumber{1};
  event.step = "main";
  world.send(event);
  world.forget_said();
  own.job = JobNumber{1};
  own.from = "nightly";
  world.send(own);
  EXPECT_THAT(world.said(), ElementsAre("received 1 ready 'a' from '1'"));
  own.actor = world.bob;
  world.send(own);
  EXPECT_THAT(world.said().back(), HasSubstr("job 1 belongs to ann"));
  own.actor = world.ann;
  own.from = "9";
  world.send(own);
  EXPECT_THAT(world.said().back(), HasSubstr("there is no job 9"));
  own.from = "01";
  world.send(own);
  world.forget_said();
  world.send(event);
  EXPECT_THAT(world.said(), ElementsAre("sent 2", "received 2 ready 'a' from '1'"));
}

TEST_F(EventsTest, ADroppedEventIsNotReceived) {
  send("mailbox:plans", "a");
  world.send(DropEvent{World::kReply, world.ann, EventId{1}});
  receive("mailbox:plans");
  EXPECT_THAT(world.said(), ElementsAre("sent 1", "done"));
}

TEST_F(EventsTest, WhatCannotBeSentIsRefused) {
  SendEvent event = sending("mailbox:plans");
  event.payload.assign(kMostPayloadBytes + 1, 'x');
  world.send(event);
  EXPECT_THAT(world.said().back(), HasSubstr("65537 bytes"));
  event = sending("mailbox:plans");
  event.event = "";
  world.send(event);
  EXPECT_THAT(world.said().back(), HasSubstr("no name of an event"));
  event = sending("mailbox:plans");
  event.ttl = kLongestEventLife + Millis{1};
  world.send(event);
  EXPECT_THAT(world.said().back(), HasSubstr("expected 1s to 365d"));
  event = sending("mailbox:plans");
  event.key.assign(kMostEventWordBytes + 1, 'k');
  world.send(event);
  EXPECT_THAT(world.said().back(), HasSubstr("the key of an event has 257 bytes"));
  world.send(receiving("mailbox:plans", event.key));
  EXPECT_THAT(world.said().back(), HasSubstr("the key of an event has 257 bytes"));
  EXPECT_TRUE(world.last_rows.empty());
}

TEST_F(EventsTest, AListHasWhatWaitsAndWhoWaits) {
  send("mailbox:plans", "a");
  send("nightly", "b");
  receive("shared:news");
  const auto all = world.core.events(world.ann, "");
  EXPECT_EQ(all->events.size(), 2U);
  EXPECT_EQ(all->receivers.size(), 1U);
  const auto one = world.core.events(world.ann, "nightly");
  ASSERT_EQ(one->events.size(), 1U);
  EXPECT_EQ(one->events[0].payload, "b");
  EXPECT_TRUE(one->receivers.empty());
  EXPECT_EQ(world.core.events(world.bob, "")->receivers.size(), 1U);
  EXPECT_FALSE(world.core.events(world.ann, "shared:a b"));
}

}  // namespace
}  // namespace jobq::sched
