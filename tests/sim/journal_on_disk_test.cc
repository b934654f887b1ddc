// SPDX-License-Identifier: Apache-2.0
// The journal's file on a disk that fails, dies and loses what was not synced.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "controller/journal_codec.h"
#include "controller/translate.h"
#include "sim/controller_process.h"
#include "sim/disk.h"
#include "sim/disk_vfs.h"
#include "store/journal_file.h"

namespace jobq::sim {
namespace {

using store::JournalFile;

std::unique_ptr<JournalFile> open(const DiskVfs& vfs) {
  store::Journal::Options options;
  options.codec = controller::journal_codec();
  options.now = [] { return Time{1'000'000}; };
  auto file = JournalFile::open(kJournalPath, options, vfs.name());
  EXPECT_TRUE(file) << (file ? "" : file.error().message);
  return file ? std::move(*file) : nullptr;
}

// A commit of counters whose names say where they come from.
JournalFile::Batches counters(const std::string& from) {
  std::vector<sched::Row> rows;
  for (std::uint64_t i = 0; i < 200; ++i) {
    rows.emplace_back(sched::CounterRow{from + std::to_string(i), i});
  }
  return {rows};
}

std::size_t count(JournalFile& file) {
  const auto rows = file.recover();
  EXPECT_TRUE(rows) << (rows ? "" : rows.error().message);
  return rows ? rows->size() : 0;
}

void kill(Disk& disk, std::unique_ptr<JournalFile>& file) {
  disk.die_now();
  file.reset();
  disk.restart();
}

class JournalOnDisk : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  Disk disk_{GetParam()};
  DiskVfs vfs_{disk_};
};

TEST_P(JournalOnDisk, WhatIsCommittedOutlivesALossOfPower) {
  auto file = open(vfs_);
  ASSERT_TRUE(file->commit(counters("a")));
  kill(disk_, file);
  disk_.lose_power();
  file = open(vfs_);
  EXPECT_EQ(count(*file), 200U);
}

TEST_P(JournalOnDisk, ACommitThatDiesInTheMiddleIsThereWholeOrNotAtAll) {
  auto file = open(vfs_);
  ASSERT_TRUE(file->commit(counters("a")));
  disk_.die_after(GetParam());
  const bool committed = file->commit(counters("b")).has_value();
  kill(disk_, file);
  disk_.lose_power();
  file = open(vfs_);
  const std::size_t rows = count(*file);
  EXPECT_TRUE(rows == 400 || (rows == 200 && !committed)) << rows << " rows";
}

TEST_P(JournalOnDisk, AFullDiskRefusesAndTakesMoreWhenThereIsRoomAgain) {
  auto file = open(vfs_);
  disk_.set_full(true);
  const auto refused = file->commit(counters("a"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("the disk is full"), std::string::npos);
  EXPECT_FALSE(file->reopen());
  disk_.set_full(false);
  EXPECT_TRUE(file->reopen());
  EXPECT_EQ(count(*file), 0U);
  EXPECT_TRUE(file->commit(counters("b")));
}

// Found by the simulator: the killed process left a log that read well and was not on disk.
TEST_P(JournalOnDisk, WhatComesAfterAFailedSyncAndAKillIsDurable) {
  auto file = open(vfs_);
  ASSERT_TRUE(file->commit(counters("a")));
  disk_.fail_after(GetParam());
  const bool committed = file->commit(counters("b")).has_value();
  disk_.heal();
  kill(disk_, file);
  file = open(vfs_);
  ASSERT_TRUE(file->commit(counters("c")));
  if (GetParam() % 2 == 0) file->tidy();
  kill(disk_, file);
  disk_.lose_power();
  file = open(vfs_);
  const std::size_t rows = count(*file);
  EXPECT_TRUE(rows == 600 || (rows == 400 && !committed)) << rows << " rows";
}

INSTANTIATE_TEST_SUITE_P(Seeds, JournalOnDisk, ::testing::Range<std::uint64_t>(0, 24));

}  // namespace
}  // namespace jobq::sim
