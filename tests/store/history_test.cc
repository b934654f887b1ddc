// SPDX-License-Identifier: Apache-2.0
// What users learn of jobs that ended.
#include "store/history.h"

#include <gmock/gmock.h>

#include <atomic>
#include <limits>
#include <thread>

#include "store/database.h"
#include "tests/store/support.h"

namespace jobq::store {
namespace {

using Numbers = std::vector<std::uint64_t>;
using testing::ElementsAre;
using testing::IsEmpty;

// Jobs 1 to `count`, job i ended at i/10 + 1000, so that ten share their end.
class HistoryTest : public testing::Test {
 protected:
  void fill(std::uint64_t count) {
    std::vector<sched::Row> rows = {spec_row(1), spec_row(2, "simulate")};
    for (std::uint64_t i = 1; i <= count; ++i) {
      sched::JobRow job = job_row(i, end_of(i));
      job.user = i % 2 == 0 ? "bob" : "ann";
      job.spec = SpecId(i % 5 == 0 ? 2 : 1);
      job.state = i % 3 == 0 ? sched::JobState::kError : sched::JobState::kDone;
      rows.emplace_back(job);
    }
    ASSERT_TRUE(commit(*journal_, std::move(rows)));
  }
  static Time end_of(std::uint64_t job) { return Time{static_cast<std::int64_t>(1000 + job / 10)}; }

  Numbers list(const HistoryFilter& filter) {
    Numbers numbers;
    const auto listed = history_->list(filter, [&](const sched::JobSummary& job) {
      numbers.push_back(job.job.value);
      return true;
    });
    EXPECT_TRUE(listed) << (listed ? "" : listed.error().message);
    return numbers;
  }

  // first down to last, of those that let through.
  template <class Test>
  static Numbers down(std::uint64_t first, std::uint64_t last, const Test& test) {
    Numbers numbers;
    for (std::uint64_t i = first; i >= last; --i) {
      if (test(i)) numbers.push_back(i);
    }
    return numbers;
  }
  static Numbers down(std::uint64_t first, std::uint64_t last) {
    return down(first, last, [](std::uint64_t) { return true; });
  }

  StoreDir directory_;
  std::unique_ptr<Journal> journal_ = open_journal(options_for(directory_));
  std::unique_ptr<History> history_ = *History::open(directory_.path(), test_codec());
};

sched::Selector::Range range(std::uint64_t first, std::uint64_t last) {
  return {JobNumber(first), JobNumber(last)};
}

TEST_F(HistoryTest, AllPagesComeNewestEndFirst) {
  fill(1777);
  EXPECT_EQ(list({}), down(1777, 1));
}

TEST_F(HistoryTest, JobsThatEndedAtOnceFillManyPages) {
  std::vector<sched::Row> rows = {spec_row(1)};
  for (std::uint64_t i = 1; i <= 1200; ++i) rows.emplace_back(job_row(i, Time{5}));
  ASSERT_TRUE(commit(*journal_, std::move(rows)));
  EXPECT_EQ(list({}), down(1200, 1));
}

TEST_F(HistoryTest, LiveJobsAreNotListed) {
  fill(3);
  ASSERT_TRUE(commit(*journal_, {job_row(4)}));
  EXPECT_EQ(list({}), down(3, 1));
}

TEST_F(HistoryTest, FiltersLetThrough) {
  fill(1777);
  HistoryFilter by_user;
  by_user.jobs.user = "ann";
  EXPECT_EQ(list(by_user), down(1777, 1, [](std::uint64_t i) { return i % 2 == 1; }));
  HistoryFilter by_class;
  by_class.jobs.classes = {"simulate", "other"};
  EXPECT_EQ(list(by_class), down(1777, 1, [](std::uint64_t i) { return i % 5 == 0; }));
  HistoryFilter by_state;
  by_state.jobs.states = {sched::JobState::kError, sched::JobState::kQueued};
  EXPECT_EQ(list(by_state), down(1777, 1, [](std::uint64_t i) { return i % 3 == 0; }));
  HistoryFilter by_name;
  by_name.jobs.names = {"job-3", "job-1700", "none", "'; DROP TABLE job"};
  EXPECT_THAT(list(by_name), ElementsAre(1700, 3));
  HistoryFilter by_all = by_user;
  by_all.jobs.states = by_state.jobs.states;
  by_all.jobs.classes = by_class.jobs.classes;
  EXPECT_EQ(list(by_all), down(1777, 1, [](std::uint64_t i) { return i % 30 == 15; }));
}

TEST_F(HistoryTest, RangesLetThrough) {
  fill(1777);
  HistoryFilter few;
  few.jobs.ranges = {range(5, 7), range(1000, 1001), range(6, 6), range(9, 8)};
  EXPECT_THAT(list(few), ElementsAre(1001, 1000, 7, 6, 5));
  HistoryFilter many;
  many.jobs.ranges = {range(1700, std::numeric_limits<std::uint64_t>::max()), range(2, 3)};
  EXPECT_EQ(list(many).size(), 80U);
  EXPECT_EQ(list(many).back(), 2U);
  HistoryFilter none;
  none.jobs.ranges = {range(3, 2)};
  EXPECT_THAT(list(none), IsEmpty());
  few.limit = 2;
  EXPECT_THAT(list(few), ElementsAre(1001, 1000));
}

TEST_F(HistoryTest, TimesAreFromInclusiveToExclusive) {
  fill(1777);
  HistoryFilter filter;
  filter.ended_from = Time{1010};
  filter.ended_to = Time{1012};
  EXPECT_EQ(list(filter), down(119, 100));
  filter.ended_to = Time{1010};
  EXPECT_THAT(list(filter), IsEmpty());
}

TEST_F(HistoryTest, LimitAndBeforeMakePages) {
  fill(1777);
  Numbers all;
  HistoryFilter page;
  page.limit = 600;
  for (Numbers part = list(page); !part.empty(); part = list(page)) {
    all.insert(all.end(), part.begin(), part.end());
    page.before = std::pair(end_of(part.back()), JobNumber(part.back()));
  }
  EXPECT_EQ(all, down(1777, 1));
}

TEST_F(HistoryTest, TheCallerMayStop) {
  fill(20);
  int seen = 0;
  EXPECT_TRUE(history_->list({}, [&seen](const sched::JobSummary&) { return ++seen < 5; }));
  EXPECT_EQ(seen, 5);
}

// A job of class simulate whose step "first" ran twice, and whose other steps did not run.
std::vector<sched::Row> restarted_job() {
  sched::JobRow job = job_row(9, Time{900});
  job.started = Time{600};
  job.priority = 77;
  job.uid = 1000;
  job.decided = sched::Outcome::kFailure;
  job.state = sched::JobState::kError;
  job.reason = "step first: exit code 3";
  job.exit_code = 3;
  job.params = {{"input", "x"}};
  job.time_limit = Millis{5000};
  sched::StepRow step = step_row(9, 0);
  step.state = sched::StepState::kFailed;
  step.outcome = sched::Outcome::kFailure;
  step.reason = "exit code 3";
  step.event = "hot";
  step.attempt = Attempt(2);
  sched::AttemptRow lost;
  lost.id = {JobNumber(9), StepId(0), Attempt(1)};
  lost.node_name = "n2";
  lost.started = Time{600};
  lost.ended = Time{700};
  lost.end.how = sched::TaskEnd::How::kLost;
  lost.end.reason = "node n2 was rebooted";
  sched::AttemptRow last = lost;
  last.id.attempt = Attempt(2);
  last.node_name = "n1";
  last.output = "/out";
  last.started = Time{750};
  last.ended = Time{900};
  last.end = {};
  last.end.exit_code = 3;
  last.end.max_rss = Bytes{4096};
  last.end.read_bytes = Bytes{512};
  last.end.written_bytes = Bytes{1024};
  lost.end.read_bytes = Bytes{2048};
  lost.end.written_bytes = Bytes{8192};
  return {spec_row(1, "simulate"),
          job,
          step,
          lost,
          last,
          sched::TransitionRow{JobNumber(9), 1, Time{550}, "held", "by bob"},
          sched::TransitionRow{JobNumber(9), 2, Time{560}, "released", "by bob"}};
}

TEST_F(HistoryTest, ShowTellsAllOfAJob) {
  ASSERT_TRUE(commit(*journal_, restarted_job()));
  const auto job = history_->show(JobNumber(9));
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->summary.class_name, "simulate");
  EXPECT_EQ(job->summary.state, sched::JobState::kError);
  EXPECT_EQ(job->summary.exit_code, 3);
  EXPECT_EQ(job->summary.restarts, 1);
  EXPECT_THAT(job->summary.nodes, ElementsAre("n1", "n2"));
  EXPECT_EQ(job->class_version, "1");
  EXPECT_EQ(job->uid, 1000U);
  EXPECT_EQ(job->time_limit, Millis{5000});
  EXPECT_EQ(job->params, (std::vector<sched::NameValue>{{"input", "x"}}));
  ASSERT_EQ(job->steps.size(), 3U);
  EXPECT_EQ(job->steps[0].name, "first");
  EXPECT_EQ(job->steps[0].state, sched::StepState::kFailed);
  EXPECT_EQ(job->steps[0].event, "hot");
  ASSERT_EQ(job->steps[0].attempts.size(), 2U);
  EXPECT_EQ(job->steps[0].attempts[0].end.reason, "node n2 was rebooted");
  EXPECT_EQ(job->steps[0].attempts[1].node, "n1");
  EXPECT_EQ(job->steps[0].attempts[1].output, "/out");
  EXPECT_EQ(job->steps[0].attempts[1].end.max_rss, Bytes{4096});
  EXPECT_EQ(job->steps[0].attempts[1].end.read_bytes, Bytes{512});
  EXPECT_EQ(job->steps[0].attempts[1].end.written_bytes, Bytes{1024});
  EXPECT_EQ(job->steps[1].state, sched::StepState::kSkipped);
  EXPECT_EQ(job->steps[2].name, "cleanup");
}

TEST_F(HistoryTest, ShowTellsWhatHappenedInOrder) {
  ASSERT_TRUE(commit(*journal_, restarted_job()));
  std::vector<std::string> told;
  const auto job = history_->show(JobNumber(9));
  ASSERT_TRUE(job);
  for (const auto& entry : job->history) {
    told.push_back(fmt::format("{} {}: {}", entry.at.ms, entry.what, entry.detail));
  }
  EXPECT_THAT(told, ElementsAre("500 submitted: by ann", "550 held: by bob", "560 released: by bob",
                                "600 started: ", "600 launched: step first, attempt 1 on n2",
                                "700 step ended: step first: node n2 was rebooted",
                                "750 launched: step first, attempt 2 on n1",
                                "900 step ended: step first: exit code 3",
                                "900 ended: step first: exit code 3"));
}

TEST_F(HistoryTest, ListAndShowAgree) {
  ASSERT_TRUE(commit(*journal_, restarted_job()));
  sched::JobSummary listed;
  ASSERT_TRUE(history_->list({}, [&listed](const sched::JobSummary& job) {
    listed = job;
    return true;
  }));
  const sched::JobSummary shown = history_->show(JobNumber(9))->summary;
  EXPECT_EQ(std::tie(listed.job, listed.name, listed.class_name, listed.user, listed.state,
                     listed.reason, listed.priority, listed.nodes, listed.submitted, listed.started,
                     listed.ended, listed.outcome, listed.restarts, listed.exit_code, listed.cpu,
                     listed.max_rss, listed.read_bytes, listed.written_bytes),
            std::tie(shown.job, shown.name, shown.class_name, shown.user, shown.state, shown.reason,
                     shown.priority, shown.nodes, shown.submitted, shown.started, shown.ended,
                     shown.outcome, shown.restarts, shown.exit_code, shown.cpu, shown.max_rss,
                     shown.read_bytes, shown.written_bytes));
  EXPECT_EQ(listed.max_rss, Bytes{4096});
  EXPECT_EQ(listed.read_bytes, Bytes{2560});
  EXPECT_EQ(listed.written_bytes, Bytes{9216});
}

TEST_F(HistoryTest, WhatIsNotThereIsNotFound) {
  ASSERT_TRUE(commit(*journal_, {spec_row(1), job_row(1)}));
  for (const std::uint64_t number : {1U, 2U}) {
    const auto job = history_->show(JobNumber(number));
    ASSERT_FALSE(job);
    EXPECT_EQ(job.error().code, ErrorCode::kNotFound);
  }
}

// With a WAL that is checkpointed all the time.
class BusyHistoryTest : public HistoryTest {
 protected:
  BusyHistoryTest() {
    history_.reset();
    journal_.reset();
    auto options = options_for(directory_);
    options.checkpoint_pages = kPages;
    journal_ = open_journal(options);
    EXPECT_TRUE(commit(*journal_, {spec_row(1)}));
  }
  void expect_checkpoint() {
    for (int i = 0; i < 3000 && journal_->counters().checkpoints == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_GT(journal_->counters().checkpoints, 0U);
  }
  void write(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t i = first; i <= last; ++i) {
      ASSERT_TRUE(commit(*journal_, {job_row(i, end_of(i))}));
    }
  }

  static constexpr std::size_t kPages = 4;
};

TEST_F(BusyHistoryTest, ReadingGoesOnWhileTheWriterCommitsAndCheckpoints) {
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    const auto history = *History::open(directory_.path(), test_codec());
    std::size_t before = 0;
    while (!stop) {
      std::size_t count = 0;
      const auto listed = history->list({}, [&](const sched::JobSummary&) { return ++count > 0; });
      EXPECT_TRUE(listed) << (listed ? "" : listed.error().message);
      EXPECT_GE(count, before);
      before = count;
    }
  });
  write(1, 2000);
  // Although there was always a reader.
  EXPECT_LT(journal_->counters().wal_bytes, 50 * kPages * 4096);
  stop = true;
  reader.join();
  expect_checkpoint();
}

TEST_F(BusyHistoryTest, AReaderThatStandsStillStopsNothing) {
  auto reader = Database::open(directory_.path() + "/journal.db", Database::Mode::kRead);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->execute("BEGIN"));
  EXPECT_EQ(reader->number("SELECT count(*) FROM job"), 0);
  write(1, 20);
  EXPECT_EQ(journal_->counters().checkpoints, 0U);
  EXPECT_EQ(reader->number("SELECT count(*) FROM job"), 0);
  ASSERT_TRUE(reader->execute("COMMIT"));
  expect_checkpoint();
}

}  // namespace
}  // namespace jobq::store
