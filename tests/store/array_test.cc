// SPDX-License-Identifier: Apache-2.0
// Arrays in the journal: what a live one is recovered from, how elements are found when they have
// ended, and that a journal from before arrays is brought forward.
#include <gmock/gmock.h>

#include "store/database.h"
#include "store/history.h"
#include "store/schema.h"
#include "tests/store/support.h"

namespace jobq::store {
namespace {

using testing::ElementsAre;

sched::JobRow array_row(std::uint64_t number, Time ended = {}) {
  sched::JobRow row = job_row(number, ended);
  row.elements = "0-9%2";
  return row;
}

sched::JobRow element_row(std::uint64_t number, std::uint64_t array, std::uint32_t index,
                          Time ended = {}) {
  sched::JobRow row = job_row(number, ended);
  row.array = JobNumber(array);
  row.index = index;
  return row;
}

sched::ArrayRow progress_row(std::uint64_t array) {
  sched::ArrayRow row;
  row.job = JobNumber(array);
  row.next = 5;
  row.front = JobNumber(9);
  row.front_index = 4;
  row.made = 3;
  row.done = 2;
  row.held = "6,8";
  row.dropped = "7";
  row.overdue = "9";
  row.first_failure = "none yet";
  return row;
}

class ArrayHistory : public ::testing::Test {
 protected:
  std::vector<std::string> list(const HistoryFilter& filter) {
    std::vector<std::string> names;
    EXPECT_TRUE(history_->list(filter, [&](const sched::JobSummary& job) {
      names.push_back(to_string(job.ref()));
      return true;
    }));
    return names;
  }

  StoreDir directory_;
  std::unique_ptr<Journal> journal_ = open_journal(options_for(directory_));
  std::unique_ptr<History> history_ = *History::open(directory_.path(), test_codec());
};

TEST(ArrayJournal, ALiveArrayIsRecoveredWithItsLiveElements) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  const std::vector<sched::Row> rows = {spec_row(1), array_row(1), progress_row(1),
                                        element_row(4, 1, 3)};
  std::vector<sched::Row> written = rows;
  written.emplace_back(element_row(2, 1, 0, Time{7}));  // ended: history
  ASSERT_TRUE(commit(*journal, std::move(written)));
  const auto recovered = journal->recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(texts_of(*recovered), texts_of(rows));
}

TEST_F(ArrayHistory, ElementsAreFoundByTheirArrayAndIndex) {
  ASSERT_TRUE(commit(*journal_, {spec_row(1), array_row(1, Time{9}), progress_row(1),
                                 element_row(2, 1, 0, Time{5}), element_row(3, 1, 1, Time{6}),
                                 job_row(4, Time{8}), element_row(5, 1, 2, Time{7})}));
  EXPECT_THAT(list({}), ElementsAre("1", "4", "1[2]", "1[1]", "1[0]"));
  HistoryFilter whole;
  whole.jobs.ranges = {{JobNumber(1), JobNumber(3)}};
  EXPECT_THAT(list(whole), ElementsAre("1", "1[2]", "1[1]", "1[0]")) << "numbers of elements";
  HistoryFilter some;
  some.jobs.elements = {{JobNumber(1), sched::IndexSet(1, 7)}};
  EXPECT_THAT(list(some), ElementsAre("1[2]", "1[1]"));
  EXPECT_EQ(history_->show({JobNumber(1), 2})->summary.record, JobNumber(5));
  EXPECT_EQ(history_->show(JobNumber(5))->summary.ref(), JobRef(JobNumber(1), 2));
}

TEST_F(ArrayHistory, AnIndexIsRefusedWhereItMeansNothing) {
  ASSERT_TRUE(commit(*journal_, {spec_row(1), array_row(1, Time{9}), progress_row(1),
                                 element_row(2, 1, 0, Time{5}), job_row(4, Time{8})}));
  const auto refusal = [this](std::uint64_t job, std::uint32_t index) {
    const auto shown = history_->show({JobNumber(job), index});
    return shown ? "shown" : shown.error().message;
  };
  EXPECT_EQ(refusal(4, 0), "job 4 is no array: there is no 4[0]");
  EXPECT_EQ(refusal(2, 0), "job 2 is no array: there is no 2[0]") << "the number of an element";
  EXPECT_EQ(refusal(1, 10), "there is no 1[10]; the elements of job 1 are 0-9");
}

TEST_F(ArrayHistory, OfAnArrayTheCountsAndWhatNeverStartedAreKnown) {
  ASSERT_TRUE(commit(*journal_, {spec_row(1), array_row(1, Time{9}), progress_row(1)}));
  const auto array = history_->show(JobNumber(1));
  ASSERT_TRUE(array);
  ASSERT_TRUE(array->array);
  EXPECT_EQ(array->array->elements, "0-9%2");
  EXPECT_EQ(array->array->done, 2U);
  EXPECT_EQ(array->array->cancelled, 1U);
  EXPECT_EQ(array->array->failed, 1U);
  const auto overdue = history_->show({JobNumber(1), 9});
  ASSERT_TRUE(overdue);
  EXPECT_EQ(overdue->summary.state, sched::JobState::kError);
  EXPECT_EQ(overdue->summary.outcome, sched::Outcome::kFailure);
  EXPECT_EQ(overdue->summary.reason, array->summary.reason);
  const auto dropped = history_->show({JobNumber(1), 7});
  ASSERT_TRUE(dropped);
  EXPECT_EQ(dropped->summary.state, sched::JobState::kCancelled);
  EXPECT_EQ(dropped->summary.reason, "cancelled before it started");
  EXPECT_EQ(history_->show({JobNumber(1), 3}).error().code, ErrorCode::kNotFound);
}

TEST(PolicyJournal, UseAndRunTimesAreRecovered) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  const std::vector<sched::Row> rows = {sched::UsageRow{"ann", 1ULL << 50U, Time{77}},
                                        sched::RunTimeRow{"plan", seconds(80), 3}};
  std::vector<sched::Row> written = {sched::UsageRow{"ann", 5, Time{1}}};
  ASSERT_TRUE(commit(*journal, std::move(written)));
  ASSERT_TRUE(commit(*journal, rows));
  const auto recovered = journal->recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(texts_of(*recovered), texts_of(rows));
}

TEST(EventJournal, EventsAreRecoveredUntilTheyAreRemoved) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  const sched::EventRow first{sched::EventId(1),
                              {sched::Mailbox::Kind::kOwn, 1000, "plans"},
                              "ready",
                              "text",
                              true,
                              1001,
                              "bob",
                              "41[3]",
                              "nightly",
                              "main",
                              "key",
                              Time{5},
                              Time{6},
                              Time{7},
                              1002,
                              "other",
                              sched::EventId(9)};
  sched::EventRow second = first;
  second.id = sched::EventId(2);
  ASSERT_TRUE(commit(*journal, {first, second}));
  second.removed = true;
  ASSERT_TRUE(commit(*journal, {second}));
  const auto recovered = journal->recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(texts_of(*recovered), texts_of({first}));
}

TEST(RecurJournal, RecurringTicketsAndTheirFiringsAreRecoveredUntilTheyAreRemoved) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  sched::RecurRow recur;
  recur.uid = 1000;
  recur.name = "nightly";
  recur.gid = 1001;
  recur.user = "ann";
  recur.ticket = std::make_shared<const sched::Ticket>();
  recur.zone = std::make_shared<const sched::Zone>();
  recur.added = Time{1};
  recur.decided = Time{2};
  recur.next = Time{3};
  recur.paused = Time{4};
  recur.paused_by = "bob";
  recur.paused_until = Time{5};
  recur.waiting = Time{6};
  recur.last_job = JobNumber(7);
  const sched::FiringRow firing{
      1000,         "nightly", Time{2}, Time{3}, 9, sched::FiringEnd::kMissed,
      JobNumber(8), "because", Time{5}, false};
  sched::RecurRow other = recur;
  other.uid = 1002;
  sched::FiringRow later = firing;
  later.nominal = Time{4};
  ASSERT_TRUE(commit(*journal, {recur, other, firing, later}));
  other.removed = later.removed = true;
  ASSERT_TRUE(commit(*journal, {other, later}));
  const auto recovered = journal->recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(texts_of(*recovered), texts_of({recur, firing}));
}

TEST_F(ArrayHistory, EndedJobsAreListedAndFilteredByTheElementOfTheirNodes) {
  auto spec = std::make_shared<sched::JobSpec>(*spec_row(1).spec);
  spec->needs.element = "batch";
  sched::JobRow plain = job_row(5, Time{9});
  plain.spec = SpecId(2);
  ASSERT_TRUE(commit(*journal_, {sched::SpecRow{SpecId(1), spec}, spec_row(2, "other"),
                                 job_row(4, Time{8}), plain}));
  const auto elements = [this](std::vector<std::string> asked_for) {
    HistoryFilter filter;
    filter.jobs.node_elements = std::move(asked_for);
    std::vector<std::string> found;
    EXPECT_TRUE(history_->list(filter, [&found](const sched::JobSummary& job) {
      found.push_back(job.element);
      return true;
    }));
    return found;
  };
  EXPECT_THAT(elements({}), ElementsAre("", "batch"));
  EXPECT_THAT(elements({"batch", "none"}), ElementsAre("batch"));
  EXPECT_THAT(elements({"none"}), ElementsAre());
}

TEST(ArraySchema, AJournalFromBeforeArraysIsBroughtForward) {
  const StoreDir directory;
  const std::string file = directory.path() + "/journal.db";
  {
    auto database = Database::open(file, Database::Mode::kWrite);
    ASSERT_TRUE(database);
    ASSERT_TRUE(prepare_writer(*database, file, migrations().first(1)));
    ASSERT_TRUE(database->execute(
        "INSERT INTO spec VALUES(1, '', '', x'0a0a');"
        "INSERT INTO job VALUES(7, 1, 'old', 'ann', 1, 1, 50, NULL, NULL, 0, '', 0, 0, NULL, 0, "
        "'', 0, '', 500, 0, 0, 0, 0, 2)"));
  }
  const auto journal = open_journal(options_for(directory));
  ASSERT_TRUE(commit(*journal, {array_row(8), progress_row(8), element_row(9, 8, 0)}));
  const auto rows = journal->recover();
  ASSERT_TRUE(rows);
  std::vector<std::uint64_t> jobs;
  for (const sched::Row& row : *rows) {
    if (const auto* job = std::get_if<sched::JobRow>(&row)) {
      jobs.push_back(job->number.value);
      EXPECT_EQ(job->array, JobNumber(job->number.value == 9 ? 8 : 0));
    }
  }
  EXPECT_THAT(jobs, ElementsAre(7, 8, 9));
}

}  // namespace
}  // namespace jobq::store
