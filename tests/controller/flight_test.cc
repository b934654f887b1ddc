// SPDX-License-Identifier: Apache-2.0
// The flight recorder's records: every event comes back as it was, and damage is seen.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/digest.h"
#include "controller/flight_digest.h"
#include "controller/flight_event.h"
#include "controller/flight_log.h"
#include "controller/flight_policy.h"

namespace jobq::controller {
namespace {

const sched::Actor kAnn{1000, 100, "ann", true};
const AttemptId kAttempt{JobNumber{7}, StepId{2}, Attempt{3}};

sched::Selector selector() {
  sched::Selector jobs;
  jobs.ranges.push_back({JobNumber{3}, JobNumber{9}});
  jobs.elements = {{JobNumber{4}, sched::IndexSet(1, 3)}};
  jobs.step = "calc";
  jobs.names = {"a", "b"};
  jobs.user = "bob";
  jobs.all = true;
  jobs.family = true;
  return jobs;
}

std::shared_ptr<const sched::JobSpec> spec() {
  sched::JobSpec spec;
  spec.class_name = "plan";
  spec.class_version = "2";
  sched::StepSpec step;
  step.name = "main";
  step.argv = {"true"};
  spec.steps.push_back(step);
  return std::make_shared<const sched::JobSpec>(spec);
}

sched::NewJobNotice submission() {
  sched::NewJobNotice notice{ReplyId{5}, kAnn, "key", {}, true};
  notice.tickets.resize(2);
  notice.tickets[0].spec = spec();
  notice.tickets[1].spec = notice.tickets[0].spec;
  notice.tickets[1].priority = 9;
  notice.tickets[1].after = {{"41", sched::JobCondition::On::kStarted, seconds(5)}};
  notice.tickets[1].keeps_never = true;
  notice.caller = {{JobNumber{17}, 3}, "calc"};
  notice.known = {{JobNumber{41}, Time{5}, Time{6}, sched::Outcome::kFailure, "node lost"}};
  return notice;
}

sched::TaskComplete completion() {
  sched::TaskComplete complete{NodeId{4}, kAttempt, {}};
  complete.end.how = sched::TaskEnd::How::kSignalled;
  complete.end.signal = 9;
  complete.end.event = "value";
  complete.end.max_rss = Bytes{77};
  complete.end.read_bytes = Bytes{78};
  complete.end.written_bytes = Bytes{79};
  return complete;
}

std::shared_ptr<const sched::Zone> zone() {
  using Kind = sched::YearlyTime::Kind;
  return std::make_shared<const sched::Zone>(
      sched::Zone{"Eastern",
                  -18000,
                  {{5, -14400}, {9, -18000}},
                  sched::ZoneRule{-18000,
                                  -14400,
                                  {Kind::kWeekday, 3, 2, 0, 0, 7200},
                                  {Kind::kDayOfYear, 11, 1, 0, 300, 7200}}});
}

sched::AddRecur recurring() {
  sched::Ticket ticket;
  ticket.class_name = "plan";
  ticket.name = "nightly";
  ticket.recur = {"0 0 2 * * *", true, "Eastern", sched::CatchUp::kAll, 7, sched::Overlap::kQueue};
  return {ReplyId{5}, kAnn, std::make_shared<const sched::Ticket>(ticket), zone(), true};
}

// As it is written; two events are equal when this is.
std::string text_of(const sched::Event& event) {
  wire::FlightEvent out;
  to_wire(event, out);
  return out.SerializeAsString();
}

TEST(FlightEvent, EveryKindComesBackAsItWas) {
  sched::NodeJoined joined{
      "n1", "life", {4, Bytes{1024}, 1, {{"disk", 5}}}, {{kAttempt, false}}, 12, seconds(15)};
  const std::vector<sched::Event> events{
      submission(),
      sched::Hold{ReplyId{5}, kAnn, selector()},
      sched::Release{ReplyId{5}, kAnn, selector()},
      sched::Cancel{ReplyId{5}, kAnn, selector(), 0},
      sched::Cancel{ReplyId{5}, kAnn, selector(), 15},
      sched::RegisterClass{ReplyId{5}, kAnn, {spec(), "text", "file"}},
      sched::RetireClass{ReplyId{5}, kAnn, "plan", "2"},
      sched::CreateResource{ReplyId{5}, kAnn, {"gate", resmgr::NamedKind::kTokens, 3}},
      sched::RemoveResource{ReplyId{5}, kAnn, "gate"},
      sched::DrainNode{ReplyId{5}, kAnn, "n1", "broken", seconds(60)},
      sched::ResumeNode{ReplyId{5}, kAnn, "n1"},
      sched::ForgetNode{ReplyId{5}, kAnn, "n1"},
      recurring(),
      sched::RemoveRecur{ReplyId{5}, kAnn, "ann", "nightly"},
      sched::PauseRecur{ReplyId{5}, kAnn, "", "nightly"},
      sched::ResumeRecur{ReplyId{5}, kAnn, "", "nightly"},
      sched::ZoneLearned{zone()},
      joined,
      sched::NodeLost{NodeId{4}, "silent"},
      sched::NodeGivenUp{NodeId{4}},
      sched::NodeServices{NodeId{4}, {"planner", "solver"}},
      sched::TaskStarted{NodeId{4}, kAttempt},
      completion(),
      sched::Tick{},
      sched::LookedUp{kAttempt, {{JobNumber{41}, Time{5}, Time{6}, sched::Outcome::kSuccess, ""}}},
      sched::SendEvent{ReplyId{5}, kAnn, "key", JobRef{JobNumber{7}, 3}, "main", "shared:news",
                       "ready", "text", seconds(9), true},
      sched::ReceiveEvent{ReplyId{5}, kAnn, "key", JobRef{JobNumber{7}}, "shared:news", "ready",
                          "41", seconds(9)},
      sched::LeaveReceive{ReplyId{6}},
      sched::DropEvent{ReplyId{5}, kAnn, sched::EventId{17}}};
  std::vector<bool> kinds(std::variant_size_v<sched::Event>);
  for (const sched::Event& event : events) {
    wire::FlightEvent written;
    to_wire(event, written);
    const auto read = from_wire(written);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->index(), event.index());
    EXPECT_EQ(text_of(*read), text_of(event)) << "event of kind " << event.index();
    kinds[event.index()] = true;
  }
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) EXPECT_TRUE(kinds[kind]) << kind;
}

TEST(FlightDigest, OneFieldMakesAnother) {
  sched::JobRow row;
  row.number = JobNumber{1};
  const std::vector<sched::Row> rows{row};
  row.exit_code = 1;
  const std::vector<sched::Row> others{row};
  EXPECT_NE(digest_of(std::span(rows)), digest_of(std::span(others)));
  const std::vector<sched::Action> done{sched::Reply{ReplyId{1}, sched::Done{}}};
  const std::vector<sched::Action> more{sched::Reply{ReplyId{1}, sched::Done{}, true}};
  EXPECT_NE(digest_of(std::span(done)), digest_of(std::span(more)));
}

TEST(Digest, ItIsTheSameOnEveryMachine) {
  EXPECT_EQ(jobq::digest_of("jobq"), 0xd0815352f75296aU);
  EXPECT_NE(jobq::digest_of(std::string_view("a\0", 2)), jobq::digest_of("a"));
}

sched::Policy full_policy() {
  sched::Policy policy;
  policy.keep_keys = seconds(1);
  policy.keep_request_keys = seconds(2);
  policy.cleanup_limit = seconds(3);
  policy.scheduling = {resmgr::Backfill::kConservative, 7};
  policy.priority = {10, -3, 100, seconds(3600)};
  policy.elements = {{"batch", {"n*", "big1"}, 10, seconds(60), seconds(120), {100, 1000}},
                     {"rest", {"*"}, -10, {}, {}, {0, {}}}};
  policy.accounts = {{"maths", 1, {}}, {"physics", 3, {"ann", "bob"}}};
  policy.all = {5000, 1000000};
  policy.each_user = {{}, 10};
  policy.users = {{"ann", {5, 10}}};
  policy.classes = {{"daily-plan", {1, {}}}};
  return policy;
}

TEST(FlightPolicy, EverythingThatOperatorsDecideComesBackAsItWas) {
  for (const sched::Policy& policy : {full_policy(), sched::Policy{}}) {
    wire::FlightStart start;
    to_wire(policy, start);
    const auto back = from_wire(start);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, policy);
  }
}

TEST(FlightPolicy, WhatCannotBeIsRefused) {
  wire::FlightStart start;
  to_wire(full_policy(), start);
  wire::FlightStart odd = start;
  for (const std::uint32_t version : {kFlightVersion - 1, kFlightVersion + 1}) {
    odd.set_version(version);
    EXPECT_FALSE(from_wire(odd));
  }
  odd = start;
  odd.mutable_policy()->set_half_life(0);
  EXPECT_FALSE(from_wire(odd));
  odd = start;
  odd.mutable_policy()->mutable_accounts(0)->set_shares(0);
  EXPECT_FALSE(from_wire(odd));
}

// Neither ends in zeros, so that zeros behind a part of it never make it whole.
std::string two_records() {
  std::string bytes;
  wire::FlightRecord record;
  record.mutable_turn()->set_rows(0x1234567812345678);
  append_record(bytes, record);
  record.mutable_turn()->set_rows(0x1234567812345679);
  append_record(bytes, record);
  return bytes;
}

struct Taken {
  std::size_t count = 0;
  bool torn = false;
  std::string damage;
};

Taken take_all(const std::string& bytes) {
  std::istringstream in(bytes);
  FlightReader reader(in);
  wire::FlightRecord record;
  Taken taken;
  for (auto more = reader.next(record);; more = reader.next(record)) {
    if (!more) taken.damage = more.error().message;
    if (!more || !*more) break;
    ++taken.count;
  }
  taken.torn = reader.torn();
  return taken;
}

TEST(FlightReader, WhatIsCutOffAnywhereIsTornAndNotDamaged) {
  const std::string whole = two_records();
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const Taken taken = take_all(whole.substr(0, length));
    EXPECT_EQ(taken.damage, "") << length;
    EXPECT_EQ(taken.count, length / (whole.size() / 2)) << length;
    EXPECT_EQ(taken.torn, length % (whole.size() / 2) != 0) << length;
  }
}

TEST(FlightReader, ZerosThatALossOfPowerLeftAreTornAndNotDamaged) {
  const std::string whole = two_records();
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    for (const std::size_t zeros : {1U, 7U, 8U, 9U, 100U}) {
      const Taken taken = take_all(whole.substr(0, length) + std::string(zeros, '\0'));
      EXPECT_EQ(taken.damage, "") << length << " and " << zeros;
      EXPECT_EQ(taken.count, length / (whole.size() / 2)) << length << " and " << zeros;
      EXPECT_TRUE(taken.torn) << length << " and " << zeros;
    }
  }
}

TEST(FlightReader, ZerosInTheMiddleAreDamage) {
  const std::string whole = two_records();
  const std::string zeros(whole.size() / 2, '\0');
  const std::string bytes = whole.substr(0, zeros.size()) + zeros + whole;
  EXPECT_EQ(take_all(bytes).damage, fmt::format("the record at byte {} is damaged", zeros.size()));
}

TEST(FlightReader, AByteThatWasFlippedIsSeen) {
  const std::string whole = two_records();
  for (std::size_t at = 0; at < whole.size() / 2; ++at) {
    for (const int bit : {0x01, 0x80}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ bit);
      EXPECT_EQ(take_all(bytes).damage, "the record at byte 0 is damaged") << at;
    }
  }
}

TEST(FlightReader, ALengthThatPointsToTheEndOrPastItIsDamage) {
  const std::string whole = two_records();
  for (const std::size_t length : {whole.size() - 8, whole.size() - 7, std::size_t{0x7FFFFFFF}}) {
    std::string bytes = whole;
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(length >> (8 * i));
    EXPECT_EQ(take_all(bytes).damage, "the record at byte 0 is damaged") << length;
    EXPECT_TRUE(take_all(bytes.substr(0, whole.size() / 2)).torn) << length;
  }
}

}  // namespace
}  // namespace jobq::controller
