// SPDX-License-Identifier: Apache-2.0
// The table of events by itself: its order, its indexes, its limits.
#include "sched/mailboxes.h"

#include <gtest/gtest.h>

namespace jobq::sched {
namespace {

const Mailbox kPlans{Mailbox::Kind::kOwn, 1000, "plans"};
const Mailbox kNews{Mailbox::Kind::kShared, 0, "news"};

EventRow event(std::uint64_t id, const Mailbox& to = kPlans, const std::string& name = "ready") {
  EventRow row;
  row.id = EventId(id);
  row.to = to;
  row.name = name;
  row.uid = 1000;
  row.user = "ann";
  row.sent = Time{100};
  row.expires = Time{static_cast<std::int64_t>(1000 * id)};
  return row;
}

Receiver receiver(std::uint64_t reply, const Mailbox& mailbox = kPlans) {
  Receiver one;
  one.key = {Time{50}, {}, ReplyId(reply)};
  one.mailboxes = {mailbox};
  one.event = "ready";
  one.uid = 1000;
  one.user = "ann";
  return one;
}

class MailboxesTest : public ::testing::Test {
 public:
  void TearDown() override {
    const auto right = mailboxes.check_invariants();
    EXPECT_TRUE(right) << right.error().message;
  }
  Mailboxes mailboxes;
};

TEST_F(MailboxesTest, WhoBeginsToWaitTakesTheOldest) {
  mailboxes.add(event(3));
  mailboxes.add(event(2));
  mailboxes.wait(receiver(1));
  EXPECT_EQ(mailboxes.event_for(receiver(1).key), EventId(2));
  mailboxes.leave(receiver(1).key);
}

TEST_F(MailboxesTest, AnEventGoesToWhoWaitedFirst) {
  mailboxes.wait(receiver(2));
  Receiver early = receiver(3);
  early.key.since = Time{49};
  mailboxes.wait(early);
  mailboxes.add(event(1));
  EXPECT_EQ(mailboxes.receiver_for(EventId(1)), early.key);
  mailboxes.erase(EventId(1));
}

TEST_F(MailboxesTest, NameAndMailboxBothCount) {
  mailboxes.add(event(1, kNews));
  mailboxes.add(event(2, kPlans, "other"));
  mailboxes.add(event(3, {Mailbox::Kind::kOwn, 1001, "plans"}));
  mailboxes.add(event(4, {Mailbox::Kind::kName, 1000, "plans"}));
  mailboxes.wait(receiver(1));
  EXPECT_EQ(mailboxes.event_for(receiver(1).key), EventId());
}

TEST_F(MailboxesTest, OfSeveralMailboxesTheOldestEventIsTaken) {
  mailboxes.add(event(7, kPlans));
  mailboxes.add(event(5, kNews));
  Receiver both = receiver(1);
  both.mailboxes.push_back(kNews);
  mailboxes.wait(both);
  EXPECT_EQ(mailboxes.event_for(both.key), EventId(5));
  mailboxes.leave(both.key);
}

TEST_F(MailboxesTest, AFlowThatIsNamedMustHaveSentIt) {
  EventRow row = event(1);
  row.from = "41[3]";
  row.from_name = "nightly";
  mailboxes.add(row);
  EXPECT_TRUE(is_from(row, "41", 1000));
  EXPECT_TRUE(is_from(row, "41[3]", 1000));
  EXPECT_FALSE(is_from(row, "41[4]", 1000));
  EXPECT_FALSE(is_from(row, "4", 1000));
  EXPECT_TRUE(is_from(row, "nightly", 1000));
  EXPECT_FALSE(is_from(row, "nightly", 1001));
  EXPECT_TRUE(is_from(event(2), "nightly", 1000));  // sent by hand
  EXPECT_FALSE(is_from(event(2), "nightly", 1001));
  Receiver other = receiver(1);
  other.from = "42";
  mailboxes.wait(other);
  EXPECT_EQ(mailboxes.receiver_for(EventId(1)), std::nullopt);
}

TEST_F(MailboxesTest, OneForAllIsHadOnce) {
  EventRow row = event(1);
  row.broadcast = true;
  mailboxes.add(row);
  Receiver had = receiver(1);
  had.had = {EventId(1)};
  mailboxes.wait(had);
  EXPECT_EQ(mailboxes.event_for(had.key), EventId());
  EXPECT_EQ(mailboxes.receiver_for(EventId(1)), std::nullopt);
}

TEST_F(MailboxesTest, WhatIsClosedWaitsForNobodyAndIsKnownUnderItsKey) {
  EventRow row = event(1);
  row.key = "k";
  row.payload = "text";
  mailboxes.add(row);
  mailboxes.close(EventId(1), Time{200}, Time{900});
  mailboxes.wait(receiver(1));
  EXPECT_EQ(mailboxes.event_for(receiver(1).key), EventId());
  EXPECT_EQ(mailboxes.sent_under(1000, "k"), EventId(1));
  EXPECT_EQ(mailboxes.sent_under(1001, "k"), EventId());
  EXPECT_EQ(mailboxes.find(EventId(1))->payload, "");
  EXPECT_TRUE(mailboxes.in(kPlans).empty());
  EXPECT_EQ(mailboxes.due(), Time{900});
  mailboxes.erase(EventId(1));
  EXPECT_EQ(mailboxes.sent_under(1000, "k"), EventId());
}

TEST_F(MailboxesTest, AReceiptIsKnownUnderTheKeyOfItsRequest) {
  EventRow receipt = event(2);
  receipt.received = Time{300};
  receipt.received_uid = 1001;
  receipt.received_key = "r";
  receipt.of = EventId(1);
  mailboxes.add(receipt);
  EXPECT_EQ(mailboxes.received_under(1001, "r"), EventId(2));
  EXPECT_EQ(mailboxes.received_under(1000, "r"), EventId());
}

TEST_F(MailboxesTest, TheNextToExpireAndTheNextWithoutPatienceAreKnown) {
  EXPECT_EQ(mailboxes.due(), std::nullopt);
  mailboxes.add(event(2));
  EXPECT_EQ(mailboxes.due(), Time{2000});
  Receiver hasty = receiver(1, kNews);
  hasty.until = Time{700};
  mailboxes.wait(hasty);
  EXPECT_EQ(mailboxes.due(), Time{700});
  EXPECT_TRUE(mailboxes.timed_out(Time{699}).empty());
  EXPECT_EQ(mailboxes.timed_out(Time{700}).size(), 1U);
  EXPECT_TRUE(mailboxes.expired(Time{1999}).empty());
  EXPECT_EQ(mailboxes.expired(Time{2000}), std::vector{EventId(2)});
}

TEST_F(MailboxesTest, AFullMailboxTakesNoMore) {
  for (std::uint64_t id = 1; id <= kMostEventsPerMailbox; ++id) {
    EXPECT_TRUE(mailboxes.check_room(event(id)));
    mailboxes.add(event(id));
  }
  const auto full = mailboxes.check_room(event(99999));
  ASSERT_FALSE(full);
  EXPECT_NE(full.error().message.find("mailbox:plans is full: 10000 events"), std::string::npos);
  EXPECT_TRUE(mailboxes.check_room(event(99999, kNews)));
}

TEST_F(MailboxesTest, AUserHasSoManyBytes) {
  EventRow large = event(1);
  large.payload.assign(kMostPayloadBytes, 'x');
  std::uint64_t count = 0;
  while (mailboxes.check_room(large)) {
    mailboxes.add(large);
    large.id = EventId(large.id.value + 1);
    ++count;
  }
  EXPECT_EQ(count, kMostEventBytesPerUser / (kMostPayloadBytes + 210));
  large.uid = 1001;
  EXPECT_TRUE(mailboxes.check_room(large));
}

TEST(MailboxNames, AreReadAsTheyAreWritten) {
  for (const char* text : {"41", "17[3]", "nightly", "my job", "flow:41", "flow:mailbox:x",
                           "mailbox:plans", "shared:news"}) {
    const auto mailbox = parse_mailbox(text, 1000);
    ASSERT_TRUE(mailbox) << text;
    EXPECT_EQ(to_string(*mailbox), text);
  }
  EXPECT_EQ(parse_mailbox("shared:news", 1000)->uid, 0U);
  EXPECT_EQ(parse_mailbox("nightly", 1000)->uid, 1000U);
  EXPECT_EQ(parse_mailbox("mailbx:plans", 7).error().message,
            "'mailbx:' is no kind of place for events; expected mailbox:, shared: or flow:, as in "
            "flow:mailbx:plans for a job of that name");
  EXPECT_EQ(to_string(*parse_mailbox("flow:at:noon", 7)), "flow:at:noon");
  EXPECT_EQ(parse_mailbox("flow:nightly", 7), parse_mailbox("nightly", 7));
}

TEST(MailboxNames, WhatIsNoneIsRefused) {
  for (const char* text : {"", "mailbox:", "shared:a b", "flow:", "a\nb"}) {
    EXPECT_FALSE(parse_mailbox(text, 1000)) << text;
  }
  EXPECT_EQ(parse_job_ref("0"), std::nullopt);
  EXPECT_EQ(parse_job_ref("17[3"), std::nullopt);
  EXPECT_EQ(parse_job_ref("17[]"), std::nullopt);
  EXPECT_EQ(parse_job_ref("17x"), std::nullopt);
  EXPECT_EQ(parse_job_ref("17[3]"), JobRef(JobNumber(17), 3));
}

}  // namespace
}  // namespace jobq::sched
