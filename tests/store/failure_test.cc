// SPDX-License-Identifier: Apache-2.0
// When the disk fails: nothing that was acknowledged is lost, nothing is there out of order, the
// user is told.
#include <gmock/gmock.h>

#include <memory>

#include "store/history.h"
#include "tests/store/child.h"
#include "tests/store/failing_vfs.h"
#include "tests/store/support.h"

namespace jobq::store {
namespace {

constexpr std::uint64_t kBatches = 6;

struct Fault {
  int nth = 0;
  int code = SQLITE_OK;
  bool stays = false;
};

// Batch i is job i and the counter i, in a journal that checkpoints all the time.
std::vector<sched::Row> batch(std::uint64_t i) {
  std::vector<sched::Row> rows = {job_row(i), sched::CounterRow{"next_job", i}};
  if (i == 1) rows.emplace_back(spec_row(1));
  return rows;
}

Journal::Options busy_options(const StoreDir& directory) {
  Journal::Options options = options_for(directory);
  options.checkpoint_pages = 2;
  return options;
}

// Appends batches first to last; how many were acknowledged. After the first that fails, all must.
std::uint64_t append_batches(Journal& journal, std::uint64_t first, std::uint64_t last) {
  std::uint64_t acknowledged = 0;
  bool failed = false;
  for (std::uint64_t i = first; i <= last; ++i) {
    const auto result = commit(journal, batch(i));
    EXPECT_FALSE(failed && result);
    EXPECT_TRUE(result || result.error().code == ErrorCode::kUnavailable);
    failed = failed || !result;
    if (result) ++acknowledged;
  }
  return acknowledged;
}

// What is on disk is batches 1 to n, whole; n.
std::uint64_t expect_prefix(Journal& journal) {
  const auto rows = journal.recover();
  EXPECT_TRUE(rows) << (rows ? "" : rows.error().message);
  std::vector<sched::Row> expected;
  const std::uint64_t count = live_jobs(journal).size();
  for (std::uint64_t i = 1; i <= count; ++i) expected.emplace_back(job_row(i));
  if (count > 0)
    expected.insert(expected.end(), {spec_row(1), sched::CounterRow{"next_job", count}});
  EXPECT_EQ(texts_of(rows.value_or(std::vector<sched::Row>{})), texts_of(expected));
  return count;
}

// Calls `scenario` with a failure at the first call, the second, ... until none is met any more.
template <class Scenario>
void at_every_call(int code, bool stays, const Scenario& scenario) {
  FailingVfs vfs;
  bool met = true;
  for (int nth = 1; met && !testing::Test::HasFailure(); ++nth) {
    SCOPED_TRACE(
        fmt::format("call {} fails with {}{}", nth, code, stays ? " and those after it" : ""));
    ASSERT_LT(nth, 1000);
    met = scenario(vfs, Fault{nth, code, stays});
  }
}

bool fails_then_heals(FailingVfs& vfs, const Fault& fault) {
  const StoreDir directory;
  std::uint64_t acknowledged = 0;
  bool met = false;
  {
    const auto journal = open_journal(busy_options(directory));
    vfs.fail_at(fault.nth, fault.code, fault.stays);
    acknowledged = append_batches(*journal, 1, kBatches);
    EXPECT_EQ(expect_prefix(*journal), acknowledged);
    met = vfs.has_failed();
    vfs.heal();
    EXPECT_TRUE(journal->reopen());
    EXPECT_EQ(expect_prefix(*journal), acknowledged);
    EXPECT_EQ(append_batches(*journal, acknowledged + 1, acknowledged + 3), 3U);
  }
  EXPECT_EQ(expect_prefix(*open_journal(options_for(directory))), acknowledged + 3);
  return met;
}

bool fails_then_crashes(FailingVfs& vfs, const Fault& fault) {
  const StoreDir directory;
  std::uint64_t acknowledged = 0;
  bool met = false;
  {
    Child child([&](const Child::Tell& tell) {
      // Never closed.
      Journal* journal = Journal::open(busy_options(directory))->release();
      vfs.fail_at(fault.nth, fault.code, fault.stays);
      tell(append_batches(*journal, 1, kBatches));
      tell(vfs.has_failed() ? 1 : 0);
    });
    acknowledged = child.next().value_or(99);
    met = child.next().value_or(1) != 0;
  }
  const std::uint64_t found = expect_prefix(*open_journal(options_for(directory)));
  EXPECT_GE(found, acknowledged);
  // The batch whose commit failed may be there; nothing after it.
  EXPECT_LE(found, acknowledged + 1);
  return met;
}

bool open_fails(FailingVfs& vfs, const Fault& fault) {
  const StoreDir directory;
  vfs.fail_at(fault.nth, fault.code, fault.stays);
  const auto journal = Journal::open(busy_options(directory));
  EXPECT_TRUE(journal || journal.error().code == ErrorCode::kRefused);
  const bool met = vfs.has_failed();
  vfs.heal();
  if (journal) return met;
  EXPECT_EQ(append_batches(*open_journal(busy_options(directory)), 1, 3), 3U);
  return met;
}

TEST(JournalFailure, ADiskThatIsFullForAMomentLosesNothing) {
  at_every_call(SQLITE_FULL, false, fails_then_heals);
}
TEST(JournalFailure, ADiskThatIsFullLosesNothing) {
  at_every_call(SQLITE_FULL, true, fails_then_heals);
}
TEST(JournalFailure, ADiskThatFailsOnceLosesNothing) {
  at_every_call(SQLITE_IOERR, false, fails_then_heals);
}
TEST(JournalFailure, ADiskThatFailsLosesNothing) {
  at_every_call(SQLITE_IOERR, true, fails_then_heals);
}
TEST(JournalFailure, ACrashAfterAFullDiskLeavesAPrefix) {
  at_every_call(SQLITE_FULL, true, fails_then_crashes);
}
TEST(JournalFailure, ACrashAfterAFailureLeavesAPrefix) {
  at_every_call(SQLITE_IOERR, false, fails_then_crashes);
}
TEST(JournalFailure, AFailureWhileTheFileIsMadeCanBeTriedAgain) {
  at_every_call(SQLITE_FULL, true, open_fails);
  at_every_call(SQLITE_IOERR, false, open_fails);
}

TEST(JournalFailure, TheUserIsToldThatTheDiskIsFull) {
  FailingVfs vfs;
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  vfs.fail_at(1, SQLITE_FULL, true);
  const Error expected = {
      ErrorCode::kUnavailable,
      "the journal cannot be written: the disk is full (database or disk is full); free some "
      "space for " +
          directory.path()};
  EXPECT_EQ(commit(*journal, batch(1)).error(), expected);
  // Also the batches after it, and the attempt to go on.
  EXPECT_EQ(commit(*journal, batch(2)).error(), expected);
  EXPECT_EQ(journal->reopen().error(), expected);
  vfs.heal();
  EXPECT_EQ(commit(*journal, batch(1)).error(), expected);
  EXPECT_TRUE(journal->reopen());
  EXPECT_TRUE(commit(*journal, batch(1)));
}

TEST(JournalFailure, TheUserIsToldThatTheDiskFails) {
  FailingVfs vfs;
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  vfs.fail_at(1, SQLITE_IOERR, true);
  const auto result = commit(*journal, batch(1));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message,
              testing::StartsWith("the journal cannot be written: the disk fails (disk I/O error"));
}

TEST(JournalFailure, ReopenOfASoundJournalDoesNothing) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  EXPECT_TRUE(journal->reopen());
  EXPECT_EQ(journal->counters().commits, 0U);
}

TEST(JournalCrash, WhatWasAcknowledgedOutlivesAKill) {
  const StoreDir directory;
  std::uint64_t on_disk = 0;
  for (const int acknowledgements : {1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 77, 1000}) {
    std::uint64_t acknowledged = on_disk;
    {
      Child child([&](const Child::Tell& tell) {
        Journal* journal = Journal::open(busy_options(directory))->release();
        for (std::uint64_t i = on_disk + 1; i <= on_disk + 1'000'000; ++i) {
          journal->append(batch(i), [i, &tell](const Result<void>& r) { tell(r ? i : 0); });
          if (i % 8 == 0) commit(*journal, {});  // not all at once
        }
      });
      for (int i = 0; i < acknowledgements; ++i) acknowledged = child.next().value_or(0);
      child.kill_now();
      while (const auto late = child.next()) acknowledged = *late;
    }
    const auto journal = open_journal(options_for(directory));
    on_disk = expect_prefix(*journal);
    ASSERT_GE(on_disk, acknowledged);
    ASSERT_GT(acknowledged, 0U);
  }
}

}  // namespace
}  // namespace jobq::store
