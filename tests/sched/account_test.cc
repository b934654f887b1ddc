// SPDX-License-Identifier: Apache-2.0
// How long each reason held: spans that add up to a job's life, in every world.
#include "sched/account.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "sched/job.h"
#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using Kind = Standing::Kind;

// "held 5, processing 7".
std::string text(const std::vector<Span>& spans) {
  std::vector<std::string> parts;
  for (const Span& span : spans) {
    const std::string name = span.standing.name.empty() ? "" : " " + span.standing.name;
    parts.push_back(fmt::format("{}{} {}", to_string(span.standing.kind), name, span.time.count));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

Millis total(const std::vector<Span>& spans) {
  Millis sum;
  for (const Span& span : spans) sum = sum + span.time;
  return sum;
}

TEST(Account, AddsUpWhatIsTheSame) {
  Account account(Time{100});
  account.turn_to({Kind::kHeld, ""}, Time{110});
  account.turn_to({Kind::kExclusive, "db"}, Time{130});
  account.turn_to({Kind::kHeld, ""}, Time{135});
  EXPECT_EQ(text(account.spans(Time{140})), "priority 10, held 25, exclusive db 5");
  account.close(Time{150});
  EXPECT_EQ(text(account.spans(Time{999})), "priority 10, held 35, exclusive db 5");
}

TEST(Account, IsReadBackAsItWasWritten) {
  Account account(Time{100});
  account.turn_to({Kind::kTokens, "a name: with blanks"}, Time{110});
  EXPECT_EQ(Account::parse(account.to_text()), account);
  account.close(Time{120});
  const auto closed = Account::parse(account.to_text());
  EXPECT_EQ(closed->spans(Time{120}), account.spans(Time{120}));
  for (const char* wrong : {"held 5", "held 5 \nnonsense\n", "unheard 5 \n", "held x \n"}) {
    EXPECT_FALSE(Account::parse(wrong).has_value()) << wrong;
  }
}

TEST(Account, KeepsFewReasonsApart) {
  Account account(Time{0});
  for (int i = 0; i < 40; ++i) {
    account.turn_to({Kind::kExclusive, std::to_string(i)}, Time{i * 10});
  }
  account.close(Time{400});
  const std::vector<Span> spans = account.spans(Time{400});
  EXPECT_EQ(spans.size(), Account::kMostSpans);
  EXPECT_EQ(spans.back().standing.kind, Kind::kOther);
  EXPECT_EQ(total(spans).count, 400);
}

TEST(Account, AddsUpWhenTheClockWasSetBack) {
  Account account(Time{100});
  account.turn_to({Kind::kHeld, ""}, Time{150});
  account.turn_to({Kind::kProcessing, ""}, Time{120});
  account.turn_to({Kind::kCleanup, ""}, Time{160});
  EXPECT_EQ(total(account.spans(Time{160})).count, 60);
  account.close(Time{130});
  EXPECT_EQ(total(account.spans(Time{130})).count, 30);
}

class Accounts : public ::testing::Test {
 public:
  std::string life(JobNumber job) const {
    const JobRow row = world.row(job);
    const auto account = Account::parse(row.account);
    EXPECT_TRUE(account.has_value()) << row.account;
    const std::vector<Span> spans = account->spans(row.ended);
    EXPECT_EQ(total(spans), row.ended - row.submitted);
    return text(spans);
  }
  World world;
};

TEST_F(Accounts, EveryReasonOfALifeIsTold) {
  world.join("n1", 2);
  world.create_exclusive("db");
  const JobNumber holder = world.submit(one_step().needs(exclusive("db")));
  const JobNumber job = world.submit(one_step().needs(exclusive("db")).cleanup());
  world.pass(Millis{10});
  world.hold(job);
  world.pass(Millis{20});
  world.release(job);
  world.pass(Millis{5});
  EXPECT_EQ(text(world.core.why(job, world.now)->spans), "exclusive db 15, held 20");
  world.complete(holder, "main");
  world.pass(Millis{30});
  world.hold(job);
  world.pass(Millis{3});
  world.release(job);
  world.complete(job, "main");
  world.pass(Millis{7});
  world.complete(job, "cleanup");
  EXPECT_EQ(life(job), "exclusive db 15, held 20, processing 30, suspended 3, cleanup 7");
  EXPECT_EQ(life(holder), "processing 35");
}

TEST_F(Accounts, OfOneThatIsCancelledWhileItWaits) {
  world.join("n1", 1);
  const JobNumber first = world.submit(one_step().needs(cpus(1)));
  const JobNumber job = world.submit(one_step().needs(cpus(1)));
  world.pass(Millis{10});
  world.cancel(job);
  EXPECT_EQ(life(job), "resources 10");
  world.complete(first, "main");
}

TEST_F(Accounts, BeginsDependenciesAndDelays) {
  world.join("n1", 2);
  const JobNumber before = world.submit(one_step());
  Ticket ticket = ticket_of(one_step());
  ticket.begin = world.now + Millis{40};
  ticket.after.push_back(*parse_job_condition(std::to_string(before.value)));
  const JobNumber job = world.submit(std::move(ticket));
  world.pass(Millis{40});
  world.pass(Millis{10});
  world.complete(before, "main");
  world.pass(Millis{5});
  world.complete(job, "main");
  EXPECT_EQ(life(job), "begin 40, dependency 1 10, processing 5");
}

TEST_F(Accounts, OfAnElementBeginWithItsArray) {
  world.join("n1", 4);
  Ticket ticket = ticket_of(one_step());
  ticket.array = *parse_array("0-1%1");
  const JobNumber array = world.submit(std::move(ticket));
  const JobNumber first = world.element(array, 0);
  world.pass(Millis{10});
  world.complete(first, "main");
  const JobNumber second = world.element(array, 1);
  world.pass(Millis{6});
  world.complete(second, "main");
  EXPECT_EQ(life(first), "processing 10");
  EXPECT_EQ(life(second), "array_throttle 10, processing 6");
  EXPECT_EQ(life(array), "processing 16");
}

TEST_F(Accounts, OfAnElementThatIsMadeBeforeItWasSubmittedByAClockThatWasSetBack) {
  world.join("n1", 4);
  Ticket ticket = ticket_of(one_step());
  ticket.array = *parse_array("0-1%1");
  const JobNumber array = world.submit(std::move(ticket));
  world.now = world.now - Millis{500};
  world.complete(world.element(array, 0), "main");
  const JobNumber second = world.element(array, 1);
  world.now = world.now + Millis{506};
  world.complete(second, "main");
  EXPECT_EQ(life(second), "processing 6");
}

TEST_F(Accounts, AreKeptOverARestart) {
  world.join("n1", 2);
  const JobNumber job = world.submit(one_step());
  world.hold(job);
  world.pass(Millis{10});
  world.release(job);
  world.pass(Millis{5});
  std::vector<Action> out;
  const auto again = world.restored(out);
  EXPECT_EQ(text(again->why(job, world.now + Millis{2})->spans),
            text(world.core.why(job, world.now + Millis{2})->spans));
}

}  // namespace
}  // namespace jobq::sched
