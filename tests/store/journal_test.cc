// SPDX-License-Identifier: Apache-2.0
// Rows that were appended come back as they were, the live ones only.
#include "store/journal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/store/support.h"

namespace jobq::store {
namespace {

using sched::Row;

sched::JobRow full_job() {
  sched::JobRow row = job_row(7);
  row.uid = 1000;
  row.gid = 100;
  row.priority = 70;
  row.params = {{"input", "a b"}, {"empty", ""}};
  row.time_limit = Millis{60'000};
  row.held = true;
  row.held_by = "bob";
  row.started_needs = true;
  row.node = NodeId(3);
  row.gpus = {0, 2};
  row.decided = sched::Outcome::kFailure;
  row.reason = "exit code 3";
  row.exit_code = 3;
  row.cancelled_by = "root";
  row.started = Time{600};
  row.suspended = Time{700};
  row.suspended_for = Millis{20};
  row.begin = Time{550};
  row.to_begin = true;
  row.deadline = Time{900};
  row.state = sched::JobState::kCleaningUp;
  return row;
}

sched::AttemptRow full_attempt(std::uint64_t job) {
  sched::AttemptRow row;
  row.id = {JobNumber(job), StepId(0), Attempt(1)};
  row.node = NodeId(3);
  row.node_name = "n3";
  row.incarnation = "boot-1";
  row.gpus = {2};
  row.launched = true;
  row.output = "/out/7.txt";
  row.error = "/out/7.err";
  row.started = Time{600};
  row.warned = Time{640};
  row.suspended_before = Millis{30};
  row.round = 5;
  row.ended = Time{650};
  row.end.how = sched::TaskEnd::How::kSignalled;
  row.end.exit_code = -1;
  row.end.signal = 9;
  row.end.reason = "memory";
  row.end.reported = sched::Outcome::kFailure;
  row.end.event = "";
  row.end.wall = Millis{50};
  row.end.cpu = Millis{40};
  row.end.max_rss = Bytes{1ULL << 40U};
  row.end.read_bytes = Bytes{1ULL << 41U};
  row.end.written_bytes = Bytes{1ULL << 42U};
  return row;
}

std::vector<Row> one_of_each() {
  std::vector<Row> rows;
  rows.emplace_back(spec_row(1, "simulate"));
  rows.emplace_back(full_job());
  rows.emplace_back(sched::StepRow{JobNumber(7), StepId(0), sched::StepState::kRunning, "why",
                                   sched::Outcome::kCancel, "hot", Attempt(2), Time{700}, 5, 4});
  rows.emplace_back(full_attempt(7));
  rows.emplace_back(sched::TransitionRow{JobNumber(7), 1, Time{620}, "held", "by bob"});
  rows.emplace_back(sched::ClassRow{"simulate", "1", 4, SpecId(1), "[class]\n", "simulate.toml",
                                    "ann", Time{10}, Time{20}});
  rows.emplace_back(sched::NodeRow{NodeId(3),
                                   "n3",
                                   "boot-1",
                                   {8, Bytes{1ULL << 35U}, 4, {{"scratch", 100}}},
                                   true,
                                   "root",
                                   "broken fan",
                                   Time{90},
                                   Time{5},
                                   seconds(60),
                                   true});
  rows.emplace_back(sched::ResourceRow{{"solver", resmgr::NamedKind::kTokens, 12}, false});
  rows.emplace_back(
      sched::SubmissionRow{1000, "request:1", {JobNumber(7), JobNumber(0)}, Time{2'000'000}});
  rows.emplace_back(sched::CounterRow{"next_job", 8});
  return rows;
}

TEST(Journal, EveryKindOfRowComesBackEqual) {
  const StoreDir directory;
  {
    const auto journal = open_journal(options_for(directory));
    ASSERT_TRUE(commit(*journal, one_of_each()));
    EXPECT_EQ(texts_of(*journal->recover()), texts_of(one_of_each()));
  }
  EXPECT_EQ(texts_of(*open_journal(options_for(directory))->recover()), texts_of(one_of_each()));
}

TEST(Journal, AllCodePointsAndBytesOfTextComeBack) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  sched::JobRow job = job_row(1);
  job.reason = std::string("nul \0 and \xff\xfe and ü", 19);
  ASSERT_TRUE(commit(*journal, {spec_row(1), job}));
  EXPECT_EQ(texts_of(*journal->recover()), texts_of({spec_row(1), job}));
}

TEST(Journal, ANewerRowReplacesTheOneUnderItsKey) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  ASSERT_TRUE(commit(*journal, {spec_row(1), job_row(7), sched::CounterRow{"next_job", 1}}));
  ASSERT_TRUE(commit(*journal, one_of_each()));
  ASSERT_TRUE(commit(*journal, one_of_each()));
  std::vector<Row> expected = one_of_each();
  // What a job is given at its submission stays as it was written first.
  auto& job = std::get<sched::JobRow>(expected[1]);
  job.uid = 0;
  job.gid = 0;
  job.params.clear();
  EXPECT_EQ(texts_of(*journal->recover()),
            texts_of({job, expected[2], expected[3], expected[4], expected[5], expected[6],
                      expected[7], expected[8], expected[9], spec_row(1)}));
}

TEST(Journal, ARemovedResourceIsGone) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  sched::ResourceRow resource{{"plan-db", resmgr::NamedKind::kExclusive, 1}, false};
  ASSERT_TRUE(commit(*journal, {resource}));
  resource.removed = true;
  ASSERT_TRUE(commit(*journal, {resource}));
  EXPECT_TRUE(journal->recover()->empty());
}

TEST(Journal, OnlyLiveRowsAreRecovered) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  // Jobs 1 to 99; every tenth lives. Enough dead ones between them that recovery leaps.
  std::vector<Row> all;
  std::vector<Row> live;
  for (std::uint64_t number = 1; number < 100; ++number) {
    const bool lives = number % 10 == 0;
    sched::JobRow job = job_row(number, lives ? Time{} : Time{900});
    job.spec = SpecId(lives ? 1 : 2);
    std::vector<Row> rows = {job};
    for (std::uint32_t step = 0; step < 3; ++step) {
      rows.emplace_back(step_row(number, step));
    }
    sched::AttemptRow attempt = full_attempt(number);
    rows.emplace_back(attempt);
    rows.emplace_back(sched::TransitionRow{job.number, 1, Time{1}, "held", "by bob"});
    all.insert(all.end(), rows.begin(), rows.end());
    if (lives) live.insert(live.end(), rows.begin(), rows.end());
  }
  for (const std::uint64_t id : {1U, 2U, 3U}) all.emplace_back(spec_row(id));
  live.emplace_back(spec_row(1));
  sched::ClassRow with_spec;
  with_spec.spec = SpecId(3);
  all.emplace_back(with_spec);
  live.emplace_back(all.back());
  live.emplace_back(spec_row(3));
  all.emplace_back(sched::SubmissionRow{0, "old", {}, Time{1'000'000}});
  ASSERT_TRUE(commit(*journal, all));
  EXPECT_EQ(texts_of(*journal->recover()), texts_of(live));
}

TEST(Journal, RecoveryRefusesASpecThatDoesNotDecode) {
  const StoreDir directory;
  auto options = options_for(directory);
  options.codec.encode = [](const sched::JobSpec&) { return std::string("?"); };
  const auto journal = open_journal(options);
  ASSERT_TRUE(commit(*journal, {spec_row(1), job_row(1)}));
  const auto rows = journal->recover();
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kRefused);
  EXPECT_EQ(rows.error().message, "the journal cannot be read: spec 1: no spec");
}

TEST(Journal, CallbacksComeInTheOrderOfTheAppends) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  std::vector<int> order;  // written on the journal's thread, read after the last commit
  for (int i = 0; i < 1000; ++i) {
    journal->append({job_row(static_cast<std::uint64_t>(i) + 1)},
                    [&order, i](const Result<void>& result) {
                      EXPECT_TRUE(result);
                      order.push_back(i);
                    });
  }
  ASSERT_TRUE(commit(*journal, {spec_row(1)}));
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Journal, BatchesThatWaitShareACommit) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  std::promise<void> go;
  auto gone = go.get_future();
  // The journal's thread stands in a callback while more is appended.
  journal->append({job_row(1)}, [&gone](const Result<void>&) { gone.wait(); });
  for (std::uint64_t i = 2; i <= 100; ++i) journal->append({job_row(i)}, {});
  go.set_value();
  ASSERT_TRUE(commit(*journal, {}));
  EXPECT_LE(journal->counters().commits, 3U);
  EXPECT_EQ(journal->counters().rows, 100U);
}

TEST(Journal, DestructionWaitsForWhatWasAppended) {
  const StoreDir directory;
  std::atomic<int> committed = 0;
  {
    const auto journal = open_journal(options_for(directory));
    journal->append({spec_row(1)}, {});
    for (std::uint64_t i = 1; i <= 50; ++i) {
      journal->append({job_row(i)},
                      [&committed](const Result<void>& r) { committed += r ? 1 : 0; });
    }
  }
  EXPECT_EQ(committed, 50);
  EXPECT_EQ(live_jobs(*open_journal(options_for(directory))), one_to(50));
}

TEST(Journal, ACleanCloseLeavesNoWal) {
  const StoreDir directory;
  ASSERT_TRUE(commit(*open_journal(options_for(directory)), {spec_row(1), job_row(1)}));
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/journal.db-wal"));
}

TEST(Journal, TheWalIsCheckpointedWhenItIsLong) {
  const StoreDir directory;
  auto options = options_for(directory);
  options.checkpoint_pages = 8;
  const auto journal = open_journal(options);
  for (std::uint64_t i = 1; i <= 200; ++i) ASSERT_TRUE(commit(*journal, {job_row(i)}));
  EXPECT_GT(journal->counters().checkpoints, 10U);
  EXPECT_LT(journal->counters().wal_bytes, 40U * 4096);
}

TEST(Journal, TheWalIsCheckpointedWhenNothingIsToDo) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  ASSERT_TRUE(commit(*journal, {spec_row(1), job_row(1)}));
  for (int i = 0; i < 1000 && journal->counters().checkpoints == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(journal->counters().checkpoints, 1U);
}

}  // namespace
}  // namespace jobq::store
