// SPDX-License-Identifier: Apache-2.0
// What is old leaves the journal with all that hangs on it, and nothing else does.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "store/database.h"
#include "tests/store/support.h"

namespace jobq::store {
namespace {

// Ends at the condition, or after a time that no machine needs.
template <class Condition>
bool wait_until(const Condition& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::int64_t count_in(const StoreDir& directory, const std::string& table) {
  auto database = Database::open(directory.path() + "/journal.db", Database::Mode::kRead);
  return database ? database->number("SELECT count(*) FROM " + table).value_or(-1) : -1;
}

// A job with a step, an attempt and a transition, and a spec that only it has.
std::vector<sched::Row> job_with_all(std::uint64_t number, Time ended) {
  sched::JobRow job = job_row(number, ended);
  job.spec = SpecId(number);
  sched::AttemptRow attempt;
  attempt.id = {job.number, StepId(0), Attempt(1)};
  sched::TransitionRow transition;
  transition.job = job.number;
  return {spec_row(number), job, step_row(number, 0), attempt, transition};
}

Journal::Options keep_for(const StoreDir& directory, Millis keep) {
  Journal::Options options = options_for(directory);
  options.keep_jobs = keep;
  return options;
}

TEST(Retention, OldJobsGoWithAllThatHangsOnThem) {
  const StoreDir directory;
  const auto journal = open_journal(keep_for(directory, Millis{1000}));  // now is 1,000,000
  for (std::uint64_t i = 1; i <= 10; ++i) {
    ASSERT_TRUE(commit(*journal, job_with_all(i, Time{i <= 7 ? 998'999 : 999'000})));
  }
  ASSERT_TRUE(commit(*journal, job_with_all(11, Time{})));
  ASSERT_TRUE(wait_until([&] { return journal->counters().purged_jobs == 7; }));
  for (const char* table : {"job", "step", "attempt", "transition", "spec"}) {
    EXPECT_EQ(count_in(directory, table), 4) << table;
  }
  EXPECT_EQ(live_jobs(*journal), std::vector<std::uint64_t>{11});
}

TEST(Retention, ASpecStaysAsLongAsAJobOrAClassNamesIt) {
  const StoreDir directory;
  const auto journal = open_journal(keep_for(directory, Millis{0}));
  sched::ClassRow of_class;
  of_class.spec = SpecId(2);
  sched::JobRow old_of_class = job_row(2, Time{1});
  old_of_class.spec = SpecId(2);
  sched::JobRow old_alone = job_row(4, Time{1});
  old_alone.spec = SpecId(3);
  ASSERT_TRUE(commit(*journal, {spec_row(1), spec_row(2), spec_row(3), of_class, old_of_class,
                                job_row(1, Time{1}), job_row(3), old_alone}));
  ASSERT_TRUE(wait_until([&] { return journal->counters().purged_jobs == 3; }));
  EXPECT_EQ(texts_of(*journal->recover()),
            texts_of({spec_row(1), spec_row(2), of_class, job_row(3)}));
  EXPECT_EQ(count_in(directory, "spec"), 2);
}

TEST(Retention, ManyChunksGoWhileNothingElseIsToDo) {
  const StoreDir directory;
  const auto journal = open_journal(keep_for(directory, Millis{0}));
  std::vector<sched::Row> rows;
  for (std::uint64_t i = 1; i <= 5'200; ++i) rows.emplace_back(job_row(i, Time{1}));
  ASSERT_TRUE(commit(*journal, std::move(rows)));
  EXPECT_TRUE(wait_until([&] { return journal->counters().purged_jobs == 5'200; }));
}

TEST(Retention, UnderLoadOldJobsGoAsFastAsNewOnesEnd) {
  const StoreDir directory;
  const auto journal = open_journal(keep_for(directory, Millis{0}));
  // Never idle: there is always a batch behind the one that is written.
  for (std::uint64_t i = 1; i <= 20; ++i) {
    std::vector<sched::Row> rows;
    for (std::uint64_t k = 0; k < 1000; ++k) rows.emplace_back(job_row((i * 1000) + k, Time{1}));
    std::promise<void> written;
    journal->append(std::move(rows), [&written](const Result<void>&) { written.set_value(); });
    written.get_future().wait();
  }
  ASSERT_TRUE(commit(*journal, {}));
  EXPECT_GE(journal->counters().purged_jobs, 500U);
}

TEST(Retention, ExpiredKeysGo) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  std::vector<sched::Row> rows = {sched::SubmissionRow{1, "fresh", {}, Time{1'000'001}}};
  for (int i = 0; i < 1200; ++i) {
    rows.emplace_back(sched::SubmissionRow{1, fmt::format("key {}", i), {}, Time{1'000'000}});
  }
  ASSERT_TRUE(commit(*journal, std::move(rows)));
  EXPECT_TRUE(wait_until([&] { return count_in(directory, "submission") == 1; }));
  EXPECT_EQ(journal->recover()->size(), 1U);
}

}  // namespace
}  // namespace jobq::store
