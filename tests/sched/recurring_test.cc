// SPDX-License-Identifier: Apache-2.0
// Recurring tickets: each nominal time is decided once, whatever comes between.
#include "sched/recurring.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr Time kNewYear{1798761600000};  // 2027-01-01T00:00:00Z
constexpr Millis kMinute = seconds(60);
constexpr Millis kHour = seconds(3600);

std::shared_ptr<const Zone> utc() { return std::make_shared<const Zone>(Zone{"UTC", 0, {}, {}}); }

Ticket every(const std::string& cron, Overlap overlap = Overlap::kAllow) {
  SpecBuilder builder;
  builder.step("main").step_needs(cpus(1));
  Ticket ticket = ticket_of(builder);
  ticket.name = "nightly";
  Recurrence recur;
  recur.cron = cron;
  recur.overlap = overlap;
  ticket.recur = recur;
  return ticket;
}

Ticket hourly(CatchUp catchup, std::uint32_t most = 100) {
  Ticket ticket = every("0 * * * *");
  ticket.recur->catchup = catchup;
  ticket.recur->catchup_max = most;
  return ticket;
}

class RecurringTickets : public ::testing::Test {
 public:
  RecurringTickets() {
    w.now = kNewYear + kMinute;
    w.join("n1", 64);
    w.forget_said();
  }

  void add(const Ticket& ticket, bool replace = false) {
    w.send(AddRecur{World::kReply, w.ann, std::make_shared<const Ticket>(ticket), utc(), replace});
  }
  void pause() { w.send(PauseRecur{World::kReply, w.ann, "", "nightly"}); }
  void resume() { w.send(ResumeRecur{World::kReply, w.ann, "", "nightly"}); }

  // The controller is away for so long.
  void be_away(Millis span) {
    w.now = w.now + span;
    std::vector<Action> out;
    auto other = w.restored(out);
    w.core = std::move(*other);
    tick();
  }
  // Ticks as long as there is something to do at this time.
  void tick() {
    for (int i = 0; i < 2; ++i) w.send(Tick{});
  }

  // Oldest first: "01:00 fired 1", "02:00-05:00 missed x4".
  std::vector<std::string> firings() const {
    std::vector<std::string> lines;
    const auto rows = w.core.firings(w.ann, "", "nightly");
    if (!rows) return {rows.error().message};
    for (const FiringRow& row : *rows) {
      std::string line = clock(row.nominal);
      if (row.count > 1) line += fmt::format("-{}", clock(row.last));
      line += fmt::format(" {}", to_string(row.what));
      if (row.job) line += fmt::format(" {}", row.job.value);
      if (row.count > 1) line += fmt::format(" x{}", row.count);
      lines.insert(lines.begin(), line);
    }
    return lines;
  }
  static std::string clock(Time at) { return format_rfc3339(at).substr(11, 5); }

  // The nominal times of all jobs that were ever written, and how many each has.
  std::map<std::int64_t, int> jobs_by_time() const {
    std::map<std::int64_t, int> times;
    for (std::uint64_t n = 1; w.core.was_dispensed(JobNumber{n}); ++n) {
      ++times[w.row(JobNumber{n}).nominal.ms];
    }
    return times;
  }

  World w;
};

TEST_F(RecurringTickets, FireAtTheirTimesAsJobsThatKnowThem) {
  add(every("0 * * * *"));
  EXPECT_THAT(w.said(), ElementsAre("done"));
  w.pass(kHour + kHour);
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1", "02:00 fired 2"));
  EXPECT_THAT(w.said(), ElementsAre("launch 1.main on n1", "launch 2.main on n1"));
  EXPECT_EQ(w.row(JobNumber{1}).nominal, kNewYear + kHour);
  EXPECT_EQ(w.row(JobNumber{1}).name, "nightly");
  EXPECT_EQ(w.row(JobNumber{1}).user, "ann");
  EXPECT_EQ(w.row(JobNumber{1}).submitted, kNewYear + kHour);
  const std::vector<NameValue>& env = w.launched(JobNumber{2}, "main").env;
  EXPECT_THAT(env, Contains(Pair("JOBQ_RECUR", "nightly")));
  EXPECT_THAT(env, Contains(Pair("JOBQ_NOMINAL", "2027-01-01T02:00:00.000Z")));
  EXPECT_EQ(w.core.show(JobNumber{2}, w.now)->nominal, kNewYear + kHour + kHour);
}

TEST_F(RecurringTickets, AreAddedOnceAndReplacedOnRequest) {
  add(every("0 * * * *"));
  w.pass(kHour);
  add(every("0 * * * *"));
  EXPECT_THAT(w.said(), ElementsAre("done", "launch 1.main on n1", "done"));
  add(every("30 * * * *"));
  EXPECT_THAT(w.said(), ElementsAre(HasSubstr("error there is a recurring ticket 'nightly' already"
                                              ", and it says something else; use --replace")));
  add(every("30 * * * *"), true);
  w.pass(kHour);
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1", "01:30 fired 2"));
}

TEST_F(RecurringTickets, AreRefusedWhereTheyCouldNotRun) {
  const auto refusal = [&](const Ticket& ticket) {
    add(ticket);
    return w.said().at(0);
  };
  Ticket ticket = every("0 0 30 2 *");
  EXPECT_THAT(refusal(ticket), HasSubstr("it would never fire"));
  ticket = every("0 0 * * * *");
  EXPECT_THAT(refusal(ticket), HasSubstr("expected five, or seconds = true"));
  ticket = every("0 0 * * *");
  ticket.recur->seconds = true;
  EXPECT_THAT(refusal(ticket), HasSubstr("no field for them"));
  ticket = every("@daily");
  ticket.name.clear();
  EXPECT_THAT(refusal(ticket), HasSubstr("goes by its name"));
  ticket = every("@daily");
  ticket.key = "k";
  EXPECT_THAT(refusal(ticket), HasSubstr("one job of all that the ticket fires"));
  ticket = every("@daily");
  ticket.begin = w.now + kHour;
  EXPECT_THAT(refusal(ticket), HasSubstr("expected so long after each firing"));
  ticket = every("@daily");
  ticket.after = {*parse_job_condition("nightly.ended"), *parse_job_condition("7")};
  EXPECT_THAT(refusal(ticket), HasSubstr("ticket.after[1]: job 7 ends once"));
  ticket = every("@daily");
  ticket.spec = nullptr;
  ticket.class_name = "plan";
  EXPECT_THAT(refusal(ticket), HasSubstr("plan"));
  EXPECT_THAT(w.core.recurring(), IsEmpty());
}

TEST_F(RecurringTickets, AreNoJobs) {
  w.submit(every("@daily"));
  EXPECT_THAT(w.said(), ElementsAre(HasSubstr("add it with `jq recur add FILE`")));
}

TEST_F(RecurringTickets, BelongToTheirUserAndOperators) {
  add(every("0 * * * *"));
  w.forget_said();
  w.send(RemoveRecur{World::kReply, w.bob, "", "nightly"});
  EXPECT_THAT(w.said(), ElementsAre(HasSubstr("error bob has no recurring ticket 'nightly'")));
  w.send(PauseRecur{World::kReply, w.bob, "ann", "nightly"});
  EXPECT_THAT(w.said(), ElementsAre(HasSubstr("only ann and operators may change it")));
  w.send(PauseRecur{World::kReply, w.root, "ann", "nightly"});
  EXPECT_THAT(w.said(), ElementsAre("done"));
  w.send(RemoveRecur{World::kReply, w.root, "ann", "nightly"});
  EXPECT_THAT(w.said(), ElementsAre("done"));
  EXPECT_THAT(w.core.recurring(), IsEmpty());
}

TEST_F(RecurringTickets, SkipATimeWhileTheRunBeforeIsNotOver) {
  add(every("0 * * * *", Overlap::kSkip));
  w.pass(kHour + kHour + kHour);
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1", "02:00-03:00 skipped 1 x2"));
  w.complete(JobNumber{1}, "main");
  w.pass(kHour);
  EXPECT_THAT(firings(), Contains("04:00 fired 2"));
}

TEST_F(RecurringTickets, LetTheNewestTimeWaitForTheRunBefore) {
  add(every("0 * * * *", Overlap::kQueue));
  w.pass(kHour + kHour);
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1", "02:00 waiting 1"));
  w.pass(kHour);
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1", "02:00 skipped 1", "03:00 waiting 1"));
  be_away(seconds(1));
  w.join("n1", 64);
  w.forget_said();
  w.complete(JobNumber{1}, "main");
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1", "02:00 skipped 1", "03:00 fired 2"));
  EXPECT_EQ(w.row(JobNumber{2}).nominal, kNewYear + kHour + kHour + kHour);
}

TEST_F(RecurringTickets, ReplaceTheRunBefore) {
  add(every("0 * * * *", Overlap::kReplace));
  w.pass(kHour);
  w.forget_said();
  w.pass(kHour);
  EXPECT_THAT(w.said(), ElementsAre("kill 1.main", "launch 2.main on n1"));
  w.complete(JobNumber{1}, "main", 9);
  EXPECT_EQ(w.row(JobNumber{1}).decided, Outcome::kCancel);
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1", "02:00 fired 2"));
}

TEST_F(RecurringTickets, CatchUpWithNothing) {
  add(hourly(CatchUp::kNone));
  be_away(kHour + kHour + kHour + kMinute);
  EXPECT_THAT(firings(), ElementsAre("01:00-03:00 missed x3"));
}

TEST_F(RecurringTickets, CatchUpOnceWithTheNewest) {
  add(hourly(CatchUp::kOnce));
  w.now = w.now + kMinute;
  be_away(kHour + kHour + kHour);
  EXPECT_THAT(firings(), ElementsAre("01:00-02:00 missed x2", "03:00 fired 1"));
  be_away(kHour - kMinute - kMinute + seconds(30));
  EXPECT_THAT(firings(), Contains("04:00 fired 2"));
}

TEST_F(RecurringTickets, CatchUpWithAllUpToTheMaximum) {
  add(hourly(CatchUp::kAll, 3));
  w.now = w.now + kMinute;
  be_away(seconds(6 * 3600));
  EXPECT_THAT(firings(), ElementsAre("01:00-03:00 missed x3", "04:00 fired 1", "05:00 fired 2",
                                     "06:00 fired 3"));
}

TEST_F(RecurringTickets, ALittleLateIsNotMissed) {
  add(hourly(CatchUp::kNone));
  w.now = kNewYear + kHour - seconds(5);
  be_away(seconds(50));
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1"));
}

TEST_F(RecurringTickets, AYearOfMissedSecondsIsOneRowAndManyShortTurns) {
  Ticket ticket = every("* * * * * *", Overlap::kSkip);
  ticket.recur->seconds = true;
  ticket.recur->catchup = CatchUp::kNone;
  add(ticket);
  w.now = w.now + seconds(40'000);
  std::vector<Action> out;
  auto other = w.restored(out);
  w.core = std::move(*other);
  std::size_t turns = 0;
  do {
    w.send(Tick{});
    ASSERT_LE(w.last_rows.size(), 70U);
    ++turns;
  } while (w.core.recurring().at(0).row.next <= w.now);
  EXPECT_GE(turns, 10U);
  const auto rows = *w.core.firings(w.ann, "", "nightly");
  EXPECT_EQ(rows.at(2).what, FiringEnd::kMissed);
  EXPECT_EQ(rows.at(2).count, 40'000U - 61);
  EXPECT_EQ(rows.at(1).what, FiringEnd::kFired);
  EXPECT_EQ(rows.at(0).what, FiringEnd::kSkipped);
  EXPECT_EQ(rows.at(0).count, 60U);
}

TEST_F(RecurringTickets, APauseIsNotCaughtUpWith) {
  add(hourly(CatchUp::kAll));
  w.pass(kHour);
  pause();
  EXPECT_EQ(w.core.recurring().at(0).row.paused_by, "ann");
  w.pass(kHour + kHour);
  be_away(kHour);
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1"));
  resume();
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1", "02:00-04:00 paused x3"));
  w.pass(kHour);
  EXPECT_THAT(firings(), Contains("05:00 fired 2"));
}

TEST_F(RecurringTickets, ARefusedRunSaysWhy) {
  w.register_plan(one_step());
  Ticket ticket = every("0 * * * *");
  ticket.spec = nullptr;
  ticket.class_name = "plan";
  add(ticket);
  w.send(RetireClass{World::kReply, w.ann, "plan", ""});
  w.pass(kHour + kHour);
  EXPECT_THAT(firings(), ElementsAre("01:00-02:00 refused x2"));
  EXPECT_THAT(w.core.firings(w.ann, "", "nightly")->at(0).detail, HasSubstr("plan"));
}

TEST_F(RecurringTickets, AClockThatIsSetBackFiresNothingTwice) {
  add(hourly(CatchUp::kAll));
  w.pass(kHour + kHour);
  w.now = kNewYear + kMinute;
  be_away(seconds(1));
  w.pass(kHour + kHour + kHour);
  EXPECT_THAT(firings(), ElementsAre("01:00 fired 1", "02:00 fired 2", "03:00 fired 3"));
}

TEST_F(RecurringTickets, NewerRulesOfTheirZoneCountFromThenOn) {
  add(every("0 12 * * *"));
  w.pass(seconds(86400));
  w.send(ZoneLearned{std::make_shared<const Zone>(Zone{"Elsewhere", 3600, {}, {}})});
  EXPECT_EQ(w.core.recurring().at(0).row.next, kNewYear + seconds(36 * 3600));
  w.send(ZoneLearned{std::make_shared<const Zone>(Zone{"UTC", 3600, {}, {}})});
  EXPECT_EQ(w.core.recurring().at(0).row.next, kNewYear + seconds(35 * 3600));
  w.pass(seconds(86400));
  EXPECT_THAT(firings(), ElementsAre("12:00 fired 1", "11:00 fired 2"));
}

TEST_F(RecurringTickets, NewerRulesBringNothingFromBeforeTheTicketSaidSo) {
  add(every("0 12 * * *"));
  w.pass(seconds(3 * 3600));
  add(every("0 * * * *"), true);
  w.send(ZoneLearned{std::make_shared<const Zone>(Zone{"UTC", 3600, {}, {}})});
  EXPECT_EQ(w.core.recurring().at(0).row.next, kNewYear + seconds(4 * 3600));
  w.pass(kHour);
  EXPECT_THAT(firings(), ElementsAre("04:00 fired 1"));
}

TEST_F(RecurringTickets, TheOldestFiringsLeave) {
  add(every("* * * * *", Overlap::kQueue));
  w.pass(seconds(60 * 1010));
  EXPECT_EQ(firings().size(), kMostFirings);
  std::size_t kept = 0;
  for (const Row& row : w.live_rows()) {
    const FiringRow* firing = std::get_if<FiringRow>(&row);
    if (firing != nullptr && !firing->removed) ++kept;
  }
  EXPECT_EQ(kept, kMostFirings);
}

TEST_F(RecurringTickets, WhatIsRemovedFiresNoMoreAndLeavesNoRows) {
  add(every("0 * * * *", Overlap::kSkip));
  w.pass(kHour);
  w.send(RemoveRecur{World::kReply, w.ann, "", "nightly"});
  w.pass(kHour);
  for (const Row& row : w.live_rows()) {
    const auto* recur = std::get_if<RecurRow>(&row);
    EXPECT_TRUE(recur == nullptr || recur->removed);
    const auto* firing = std::get_if<FiringRow>(&row);
    EXPECT_TRUE(firing == nullptr || firing->removed);
  }
  // One that takes its name waits for its jobs.
  add(every("0 * * * *", Overlap::kSkip));
  w.pass(kHour);
  EXPECT_THAT(firings(), ElementsAre("03:00 skipped 1"));
}

TEST_F(RecurringTickets, ACoreFromTheRowsIsTheOneThatWroteThem) {
  add(every("*/10 * * * *", Overlap::kQueue));
  for (int i = 0; i < 20; ++i) {
    w.pass(seconds(7 * 60));
    std::vector<Action> out;
    const auto other = w.restored(out);
    const auto right = other->check_invariants();
    ASSERT_TRUE(right) << right.error().message;
    const RecurView here = w.core.recurring().at(0);
    const RecurView there = other->recurring().at(0);
    EXPECT_EQ(to_text(Row{here.row}), to_text(Row{there.row}));
    EXPECT_EQ(here.running, there.running);
    EXPECT_EQ(w.core.firings(w.ann, "", "nightly")->size(),
              other->firings(w.ann, "", "nightly")->size());
    const auto running = here.running;
    if (i % 3 == 0 && !running.empty()) w.complete(running.front(), "main");
  }
}

// Killed and restarted around its firings: each nominal time has one job, or a row that says why
// it has none.
TEST_F(RecurringTickets, EachTimeIsDecidedOnceWheneverTheControllerDies) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    World fresh;
    std::swap(w, fresh);
    w.now = kNewYear + kMinute;
    std::mt19937 random(seed);
    Ticket ticket = every("*/2 * * * *");
    ticket.recur->catchup = static_cast<CatchUp>(seed % 3);
    ticket.recur->catchup_max = 3;
    add(ticket);
    for (int i = 0; i < 20; ++i) {
      const Millis span = seconds(static_cast<std::int64_t>(random() % 400));
      random() % 2 == 0 ? w.pass(span) : be_away(span);
      tick();
    }
    std::map<std::int64_t, int> times;
    const auto rows = *w.core.firings(w.ann, "", "nightly");
    for (const FiringRow& row : rows) {
      std::uint64_t count = 0;
      for (Time at = row.nominal; at <= row.last; at = at + seconds(120)) {
        ++times[at.ms];
        ++count;
      }
      ASSERT_EQ(count, row.count);
    }
    for (Time at = kNewYear + seconds(120); at <= w.now; at = at + seconds(120)) {
      ASSERT_EQ(times[at.ms], 1) << "seed " << seed << ", " << format_rfc3339(at);
    }
    for (const auto& [nominal, jobs] : jobs_by_time()) {
      ASSERT_EQ(jobs, 1) << "seed " << seed;
      ASSERT_EQ(times[nominal], 1) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace jobq::sched
