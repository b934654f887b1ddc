// SPDX-License-Identifier: Apache-2.0
// Which files the journal opens, and which it refuses; one controller at a time.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <fstream>

#include "store/database.h"
#include "store/history.h"
#include "store/schema.h"
#include "tests/store/child.h"
#include "tests/store/support.h"

namespace jobq::store {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string file_of(const StoreDir& directory) { return directory.path() + "/journal.db"; }

void make_database(const std::string& path, const char* sql) {
  auto database = Database::open(path, Database::Mode::kWrite);
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->execute(sql)) << database->error();
}

void expect_refused(const StoreDir& directory, const std::string& why) {
  const auto journal = Journal::open(options_for(directory));
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, ErrorCode::kRefused);
  EXPECT_EQ(journal.error().message, file_of(directory) + " " + why);
}

TEST(JournalOpen, ASecondProcessIsKeptOut) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  const std::string expected = fmt::format(
      "{} is in use by a controller (process {}); stop that one first, or give this one "
      "a state directory of its own",
      directory.path(), getpid());
  Child child([&](const Child::Tell& tell) {
    const auto second = Journal::open(options_for(directory));
    tell(!second && second.error() == Error{ErrorCode::kRefused, expected} ? 1 : 0);
  });
  EXPECT_EQ(child.next(), 1U);
}

TEST(JournalOpen, ASecondJournalOfTheSameProcessIsKeptOut) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  EXPECT_FALSE(Journal::open(options_for(directory)));
}

TEST(JournalOpen, TheLockGoesWithTheJournal) {
  const StoreDir directory;
  open_journal(options_for(directory)).reset();
  EXPECT_TRUE(Journal::open(options_for(directory)));
}

TEST(JournalOpen, OthersMayNotReadTheFile) {
  const StoreDir directory;
  const auto journal = open_journal(options_for(directory));
  ASSERT_TRUE(commit(*journal, {job_row(1)}));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status = {};
    ASSERT_EQ(stat((file_of(directory) + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST(JournalOpen, AMissingDirectoryIsRefused) {
  Journal::Options options;
  options.directory = "/nonexistent";
  const auto journal = Journal::open(options);
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().message, "cannot lock /nonexistent/lock: No such file or directory");
}

TEST(JournalOpen, ANewerSchemaIsRefusedByName) {
  const StoreDir directory;
  open_journal(options_for(directory)).reset();
  make_database(file_of(directory), "PRAGMA user_version = 99");
  expect_refused(directory,
                 "has schema version 99, written by a newer jobq; this one knows versions up to 4: "
                 "install the newer jobq again");
}

TEST(JournalOpen, ADatabaseOfAnotherProgramIsRefused) {
  const StoreDir directory;
  make_database(file_of(directory), "CREATE TABLE job(number)");
  expect_refused(directory, "is a database of another program, not a journal");
}

TEST(JournalOpen, AFileThatIsNoDatabaseIsRefused) {
  const StoreDir directory;
  std::ofstream(file_of(directory)) << std::string(10'000, 'x');
  expect_refused(directory, "is not a journal: it is no SQLite database");
}

TEST(JournalOpen, ADamagedFileIsRefused) {
  const StoreDir directory;
  open_journal(options_for(directory)).reset();
  {
    // The root page of the schema, behind the file's header.
    std::fstream file(file_of(directory), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file << std::string(1000, '\xff');
  }
  expect_refused(directory,
                 "is damaged (database disk image is malformed); restore it from a backup");
}

TEST(JournalOpen, AnEmptyFileBecomesAJournal) {
  const StoreDir directory;
  std::ofstream(file_of(directory)).close();
  EXPECT_TRUE(Journal::open(options_for(directory)));
}

TEST(Schema, AnOlderFileIsBroughtForwardStepByStep) {
  const StoreDir directory;
  constexpr std::array<const char*, 3> kSteps = {"CREATE TABLE a(x)", "ALTER TABLE a ADD y",
                                                 "UPDATE a SET y = x + 1"};
  auto database = Database::open(file_of(directory), Database::Mode::kWrite);
  ASSERT_TRUE(database);
  ASSERT_TRUE(prepare_writer(*database, "f", std::span(kSteps).first(1)));
  ASSERT_TRUE(database->execute("INSERT INTO a VALUES(1)"));
  ASSERT_TRUE(prepare_writer(*database, "f", kSteps));
  EXPECT_EQ(database->number("SELECT y FROM a"), 2);
  EXPECT_EQ(database->number("PRAGMA user_version"), 3);
  // Again: nothing is left to do.
  ASSERT_TRUE(prepare_writer(*database, "f", kSteps));
}

TEST(Schema, AStepThatFailsLeavesTheOlderVersion) {
  const StoreDir directory;
  constexpr std::array<const char*, 2> kSteps = {"CREATE TABLE a(x)",
                                                 "CREATE TABLE b(x); CREATE TABLE a(x)"};
  auto database = Database::open(file_of(directory), Database::Mode::kWrite);
  ASSERT_TRUE(database);
  const auto prepared = prepare_writer(*database, "f", kSteps);
  ASSERT_FALSE(prepared);
  EXPECT_THAT(prepared.error().message, StartsWith("f cannot be brought to schema version 2: "));
  EXPECT_EQ(database->number("PRAGMA user_version"), 1);
  EXPECT_EQ(database->number("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST(Schema, TheWriterIsSetUpToLoseNothing) {
  const StoreDir directory;
  auto database = Database::open(file_of(directory), Database::Mode::kWrite);
  ASSERT_TRUE(database);
  ASSERT_TRUE(prepare_writer(*database, "f"));
  EXPECT_EQ(database->number("PRAGMA synchronous"), 2);
  EXPECT_EQ(database->number("PRAGMA wal_autocheckpoint"), 0);
  EXPECT_EQ(database->number("PRAGMA user_version"), kSchemaVersion);
  EXPECT_EQ(database->number("PRAGMA application_id"), kApplicationId);
}

TEST(HistoryOpen, WithoutAControllerNothingIsRead) {
  const StoreDir directory;
  open_journal(options_for(directory)).reset();
  const auto history = History::open(directory.path(), test_codec());
  ASSERT_FALSE(history);
  EXPECT_THAT(history.error().message, HasSubstr("no controller has the journal"));
}

}  // namespace
}  // namespace jobq::store
