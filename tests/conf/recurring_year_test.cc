// SPDX-License-Identifier: Apache-2.0
// A year of a recurring ticket in zones of the time-zone database: the core fires, on a virtual
// clock, at the times that a watched clock shows.
#include <gtest/gtest.h>

#include "conf/zone.h"
#include "sched/event_manager.h"
#include "tests/sched/calendar_walk.h"

namespace jobq::conf {
namespace {

using sched::test::Shown;

constexpr std::int64_t kDay = 86'400;

struct Year {
  const char* zone;
  std::int64_t from_s;  // the first of January, UTC
};

sched::Ticket ticket_of(const std::string& cron) {
  auto spec = std::make_shared<sched::JobSpec>();
  sched::StepSpec step;
  step.name = "main";
  step.argv = {"true"};
  spec->steps.push_back(step);
  sched::Ticket ticket;
  ticket.spec = spec;
  ticket.name = "yearly";
  ticket.recur.emplace();
  ticket.recur->cron = cron;
  ticket.recur->overlap = sched::Overlap::kAllow;
  return ticket;
}

// The nominal times, in seconds, of the jobs that come in a year.
std::vector<std::int64_t> fired(const sched::Zone& zone, const std::string& cron,
                                std::int64_t from_s) {
  sched::EventManager core;
  std::vector<sched::Action> actions;
  std::vector<std::int64_t> times;
  auto ticket = ticket_of(cron);
  ticket.recur->zone = zone.name;
  core.step(sched::AddRecur{ReplyId{1},
                            {1000, 1000, "ann", false},
                            std::make_shared<const sched::Ticket>(ticket),
                            std::make_shared<const sched::Zone>(zone),
                            false},
            Time{from_s * 1000 - 1}, actions);
  for (;;) {
    Time wake{};
    for (const sched::Action& action : actions) {
      if (const auto* it = std::get_if<sched::WakeAt>(&action)) wake = it->at;
    }
    actions.clear();
    for (const sched::Row& row : core.take_rows()) {
      const auto* job = std::get_if<sched::JobRow>(&row);
      if (job != nullptr && !job->ended) times.push_back(job->nominal.ms / 1000);
    }
    if (!wake || wake.ms >= (from_s + 365 * kDay) * 1000) return times;
    core.step(sched::Tick{}, wake, actions);
  }
}

class RecurringYear : public ::testing::TestWithParam<Year> {};

TEST_P(RecurringYear, FiresWhenAWatchedClockShowsIt) {
  const auto zone = read_zone(GetParam().zone, {});
  ASSERT_TRUE(zone) << zone.error().message;
  const std::int64_t from_s = GetParam().from_s;
  const auto passings =
      sched::test::Watcher([&](std::int64_t at) { return sched::period_at(*zone, at).offset_s; },
                           from_s - kDay, from_s + 365 * kDay, 60)
          .watch();
  const auto expect_same = [&](const char* cron, bool wildcard, const auto& matches) {
    const auto want = sched::test::firings_of(passings, from_s, wildcard, matches);
    ASSERT_GT(want.size(), 300U);
    EXPECT_EQ(fired(*zone, cron, from_s), want) << cron;
  };
  expect_same("30 0 * * *", false, [](const Shown& it) { return it.hour == 0 && it.minute == 30; });
  expect_same("15 2 * * *", false, [](const Shown& it) { return it.hour == 2 && it.minute == 15; });
  expect_same("0 */6 * * *", true,
              [](const Shown& it) { return it.hour % 6 == 0 && it.minute == 0; });
}

// Of Moscow, Sao Paulo and Apia the years in which their clocks were changed.
INSTANTIATE_TEST_SUITE_P(
    Zones, RecurringYear,
    ::testing::Values(Year{"America/New_York", 1798761600}, Year{"Europe/Moscow", 1388534400},
                      Year{"Australia/Lord_Howe", 1798761600}, Year{"Africa/Cairo", 1798761600},
                      Year{"America/Sao_Paulo", 1514764800}, Year{"Pacific/Apia", 1293840000}));

}  // namespace
}  // namespace jobq::conf
