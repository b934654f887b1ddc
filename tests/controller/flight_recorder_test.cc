// SPDX-License-Identifier: Apache-2.0
// Recordings on disk: what space they take, who can read them, when events reach them.
#include "controller/flight_recorder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "controller/flight_log.h"
#include "controller/journal_codec.h"
#include "controller/translate.h"
#include "tests/controller/served.h"
#include "tests/temp_dir.h"

namespace jobq::controller {
namespace {

class Recordings : public ::testing::Test {
 protected:
  // One whole recording of a controller that started with so many jobs.
  void record(std::size_t jobs, std::size_t events) const {
    FlightRecorder recorder({state_.path(), kLimit, journal_codec()});
    recorder.restored(rows(jobs), Time{1}, {}, {}, {});
    for (std::size_t i = 0; i < events; ++i) {
      recorder.given(sched::NodeLost{NodeId{1}, std::string(1000, 'x')}, Time{2});
      recorder.decided({});
      recorder.turned({});
      FlightRecorder::write(recorder.take());
    }
  }
  std::uint64_t used() const {
    std::uint64_t sum = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(flight())) {
      if (entry.is_regular_file()) sum += entry.file_size();
    }
    return sum;
  }
  std::string flight() const { return flight_directory(state_.path()); }
  void add_file(const std::string& recording, const std::string& name) const {
    std::filesystem::create_directories(flight() + "/" + recording);
    std::ofstream(flight() + "/" + recording + "/" + name) << "something";
  }

  static constexpr Bytes kLimit{1U << 20U};

  static std::vector<sched::Row> rows(std::size_t count) {
    std::vector<sched::Row> rows;
    for (std::size_t i = 1; i <= count; ++i) {
      sched::JobRow row;
      row.number = JobNumber{i};
      row.name = std::string(100, 'n');
      rows.emplace_back(row);
    }
    return rows;
  }

  TempDir state_;
};

TEST_F(Recordings, RowsAndEventsTogetherStayWithinTheLimit) {
  for (int i = 0; i < 3; ++i) {
    record(1500, 2000);
    EXPECT_LE(used(), kLimit.count);
    EXPECT_GT(used(), kLimit.count / 4);
  }
  EXPECT_FALSE(recordings(flight()).empty());
}

TEST_F(Recordings, WhereTheRowsDoNotFitNothingIsKept) {
  record(20'000, 10);
  EXPECT_EQ(used(), 0U);
  EXPECT_TRUE(recordings(flight()).empty());
}

// While the journal is away nothing that the core is told becomes true.
TEST_F(Recordings, WhatAFailedJournalLostIsNotRecorded) {
  FlightRecorder recorder({state_.path(), kLimit, journal_codec()});
  recorder.restored(rows(1), Time{1}, {}, {}, {});
  for (int i = 0; i < 2; ++i) {
    recorder.given(sched::NodeLost{NodeId{1}, "x"}, Time{2});
    recorder.decided({});
    recorder.turned({});
    EXPECT_EQ(recorder.pending() != 0, i == 0);
    recorder.lost();
    EXPECT_EQ(recorder.take().bytes, "");
  }
  recorder.restored(rows(1), Time{3}, {}, {}, {});
  EXPECT_LE(recordings(flight()).size(), 2U);
}

TEST_F(Recordings, NobodyElseCanReadThemAlsoWhenTheyAreMovedElsewhere) {
  record(1, 1);
  ASSERT_EQ(recordings(flight()).size(), 1U);
  for (const std::string& directory : {flight(), recordings(flight()).front()}) {
    EXPECT_EQ(std::filesystem::status(directory).permissions(), std::filesystem::perms::owner_all);
  }
}

TEST_F(Recordings, AreInTheOrderOfTheirNumbers) {
  const std::vector<std::string> names = {"000002", "999999", "1000000"};
  for (const std::string& name : names) add_file(name, "rows");
  record(1, 1);
  std::vector<std::string> found;
  for (const std::string& path : recordings(flight())) {
    found.push_back(std::filesystem::path(path).filename());
  }
  EXPECT_EQ(found, (std::vector<std::string>{"000002", "999999", "1000000", "1000001"}));
}

TEST_F(Recordings, WhatHasNoBeginningIsRemovedByTheNextStart) {
  add_file("000001", "rows");
  add_file("000001", "rows.part-journal");
  add_file("000002", "events");
  add_file("000002", "rows.part");
  record(1, 1);
  EXPECT_EQ(recordings(flight()),
            (std::vector<std::string>{flight() + "/000001", flight() + "/000003"}));
  EXPECT_TRUE(std::filesystem::exists(flight() + "/000001/rows"));
  EXPECT_FALSE(std::filesystem::exists(flight() + "/000001/rows.part-journal"));
}

TEST_F(Recordings, ANameThatIsNoNumberOfOursIsLeftAlone) {
  const std::string other = flight() + "/" + std::string(30, '9');
  std::filesystem::create_directories(other);
  record(1, 1);
  EXPECT_EQ(recordings(flight()), std::vector<std::string>{flight() + "/000001"});
  EXPECT_TRUE(std::filesystem::exists(other));
}

wire::Frame trial_frame() {
  wire::Frame trial = submit_frame(1);
  trial.mutable_submit()->set_dry_run(true);
  wire::NameValue& variable = *trial.mutable_submit()->mutable_tickets(0)->add_env();
  variable.set_name("TEXT");
  variable.set_value(std::string(100'000, 'x'));
  return trial;
}

TEST(Recording, WhatChangesNothingDoesNotPileUpInMemory) {
  const Served served;
  Talker client(served, wire::Hello::CLIENT);
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(client.ask(trial_frame()).has_submitted());
  const std::string events =
      events_file(recordings(flight_directory(served.options().state)).front());
  const auto written = [&] { return std::filesystem::file_size(events) > 2'000'000; };
  for (int i = 0; i < 2000 && !written(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(written()) << std::filesystem::file_size(events);
}

}  // namespace
}  // namespace jobq::controller
