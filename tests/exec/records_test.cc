// SPDX-License-Identifier: Apache-2.0
// The records of attempts: what is read back after any crash, and what a new keeper makes of it.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "exec/state.h"
#include "tests/exec/world.h"

namespace jobq::exec {
namespace {

pb::Record started(std::uint64_t job) {
  pb::Record record;
  *record.mutable_started()->mutable_id() = id_of_job(job);
  return record;
}
pb::Record running(std::uint64_t job) {
  pb::Record record;
  *record.mutable_running()->mutable_id() = id_of_job(job);
  record.mutable_running()->set_pid(99);
  return record;
}
pb::Record reported(std::uint64_t job, const std::string& event) {
  pb::Record record;
  *record.mutable_reported()->mutable_id() = id_of_job(job);
  record.mutable_reported()->set_outcome(1);
  record.mutable_reported()->set_event(event);
  return record;
}
pb::Record ended(std::uint64_t job, int code) {
  pb::Record record;
  *record.mutable_ended()->mutable_id() = id_of_job(job);
  record.mutable_ended()->mutable_end()->set_exit_code(code);
  return record;
}
pb::Record forgotten(std::uint64_t job) {
  pb::Record record;
  *record.mutable_forgotten()->mutable_id() = id_of_job(job);
  return record;
}

// What is known of an attempt, in one word.
std::string word_for(const Ledger& ledger, std::uint64_t job) {
  const auto found = ledger.attempts.find(id_of(id_of_job(job)));
  if (found == ledger.attempts.end()) return "unknown";
  const KnownAttempt& known = found->second;
  if (known.end) return "ended " + std::to_string(known.end->exit_code());
  if (known.reported) return "reported " + known.reported->event();
  return known.running ? "running" : "started";
}

class Records : public testing::Test {
 protected:
  RecordLog open(const std::string& boot = "boot") {
    auto log = RecordLog::open(path_, boot);
    EXPECT_TRUE(log) << log.error().message;
    return std::move(*log);
  }
  // What a reader would see now, without touching the file.
  Ledger written() const {
    Ledger ledger;
    replay(read_file(path_), ledger);
    return ledger;
  }
  void write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }

  OpenDir dir_;
  std::string path_ = dir_ / "attempts.log";
};

TEST_F(Records, WhatIsWrittenIsReadBack) {
  {
    RecordLog log = open();
    for (const auto& record : {started(1), running(1), reported(1, "x"), ended(1, 3), started(2),
                               running(2), started(3), ended(3, 0), forgotten(3)}) {
      ASSERT_TRUE(log.append(record));
    }
  }
  const RecordLog log = open();
  EXPECT_EQ(word_for(log.ledger(), 1), "ended 3");
  EXPECT_EQ(word_for(log.ledger(), 2), "running");
  EXPECT_EQ(word_for(log.ledger(), 3), "unknown");
  EXPECT_EQ(log.ledger().attempts.at(id_of(id_of_job(1))).reported->event(), "x");
}

TEST_F(Records, EveryPrefixIsThatManyWholeRecords) {
  const std::vector<pb::Record> records = {started(1), running(1), reported(1, "e"), ended(1, 7),
                                           forgotten(1)};
  const std::vector<std::string> words = {"unknown",    "started", "running",
                                          "reported e", "ended 7", "unknown"};
  { open(); }
  std::string bytes = read_file(path_);
  std::vector<std::size_t> ends = {bytes.size()};
  for (const pb::Record& record : records) {
    bytes += frame_record(record);
    ends.push_back(bytes.size());
  }
  for (std::size_t size = ends[0]; size <= bytes.size(); ++size) {
    write(bytes.substr(0, size));
    const auto whole = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), size) -
                                                ends.begin() - 1);
    const RecordLog log = open();
    EXPECT_EQ(word_for(log.ledger(), 1), words[whole]) << size;
    EXPECT_EQ(read_file(path_).size(), ends[whole]) << "the torn rest is cut";
  }
}

TEST_F(Records, ALogWithoutAWholeHeaderIsANewMemory) {
  std::string first;
  std::string bytes;
  {
    RecordLog log = open();
    first = log.incarnation();
    bytes = read_file(path_);
    EXPECT_EQ(open().incarnation(), first);
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    write(bytes.substr(0, size));
    const RecordLog log = open();
    EXPECT_NE(log.incarnation(), first);
    EXPECT_FALSE(log.other_boot());
  }
}

TEST_F(Records, ADamagedRecordEndsTheLog) {
  {
    RecordLog log = open();
    ASSERT_TRUE(log.append(started(1)));
    ASSERT_TRUE(log.append(started(2)));
  }
  std::string bytes = read_file(path_);
  bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 1);
  write(bytes);
  RecordLog log = open();
  EXPECT_EQ(word_for(log.ledger(), 1), "started");
  EXPECT_EQ(word_for(log.ledger(), 2), "unknown");
  ASSERT_TRUE(log.append(started(3)));
  EXPECT_EQ(word_for(written(), 3), "started");
}

TEST_F(Records, AnotherBootIsAnotherIncarnation) {
  std::string first;
  {
    RecordLog log = open("boot 1");
    first = log.incarnation();
    ASSERT_TRUE(log.append(started(1)));
  }
  {
    const RecordLog log = open("boot 2");
    EXPECT_TRUE(log.other_boot());
    EXPECT_NE(log.incarnation(), first);
    EXPECT_EQ(word_for(log.ledger(), 1), "started");
  }
  EXPECT_FALSE(open("boot 2").other_boot());
}

TEST_F(Records, CompactionKeepsWhatIsNotForgotten) {
  std::string incarnation;
  std::size_t large = 0;
  {
    RecordLog log = open();
    incarnation = log.incarnation();
    for (std::uint64_t job = 1; job <= 100; ++job) {
      ASSERT_TRUE(log.append(started(job)));
      ASSERT_TRUE(log.append(ended(job, static_cast<int>(job))));
      if (job != 50) {
        ASSERT_TRUE(log.append(forgotten(job)));
      }
    }
    large = read_file(path_).size();
    log.compact();
    ASSERT_TRUE(log.append(started(200)));
  }
  EXPECT_LT(read_file(path_).size(), large / 10);
  const RecordLog log = open();
  EXPECT_EQ(log.ledger().attempts.size(), 2U);
  EXPECT_EQ(word_for(log.ledger(), 50), "ended 50");
  EXPECT_EQ(word_for(log.ledger(), 200), "started");
  EXPECT_EQ(log.incarnation(), incarnation);
}

// A file that may not grow stands for a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_DFL);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

TEST_F(Records, AnAppendThatFailsChangesNothing) {
  RecordLog log = open();
  const std::string before = read_file(path_);
  {
    const FullDisk full(before.size() + 3);
    EXPECT_FALSE(log.append(started(1)));
    EXPECT_EQ(read_file(path_), before);
    EXPECT_EQ(word_for(log.ledger(), 1), "unknown");
  }
  ASSERT_TRUE(log.append(started(1)));
  EXPECT_EQ(word_for(written(), 1), "started");
}

TEST_F(Records, WhatCanWaitIsWrittenBeforeTheNextRecord) {
  RecordLog log = open();
  ASSERT_TRUE(log.append(started(1)));
  const std::string before = read_file(path_);
  log.append_later(forgotten(1));
  EXPECT_EQ(word_for(log.ledger(), 1), "unknown");
  EXPECT_EQ(read_file(path_), before);
  {
    const FullDisk full(before.size() + 3);
    EXPECT_FALSE(log.append(started(2)));
    EXPECT_FALSE(log.flush());
    EXPECT_EQ(read_file(path_), before);
  }
  EXPECT_TRUE(log.anything_waits());
  ASSERT_TRUE(log.append(started(2)));
  EXPECT_FALSE(log.anything_waits());
  EXPECT_EQ(read_file(path_), before + frame_record(forgotten(1)) + frame_record(started(2)));
  log.append_later(forgotten(2));
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(word_for(written(), 2), "unknown");
  log.append_later(forgotten(2));
  log.compact();
  EXPECT_FALSE(log.anything_waits()) << "what was written anew is without it";
}

// --- a keeper's successor -----------------------------------------------------------------------

class Successor : public Records {
 protected:
  // The log of a predecessor that was killed: what it did not write is not there.
  void left_behind(const std::vector<pb::Record>& records) {
    pb::Record header;
    header.mutable_header()->set_version(1);
    header.mutable_header()->set_log_id("log");
    header.mutable_header()->set_boot_id(boot_);
    std::string bytes = frame_record(header);
    for (const pb::Record& record : records) bytes += frame_record(record);
    write(bytes);
  }
  std::string boot_ = "this boot";
};

TEST_F(Successor, EveryAttemptWithoutAnEndIsLost) {
  left_behind({started(1), started(2), running(2), started(3), reported(3, "half"), started(4),
               ended(4, 9), started(5), forgotten(5)});
  StepsWorld world(dir_.path(), true);
  ASSERT_EQ(world.end_of(1).how(), pb::End::LOST);
  EXPECT_EQ(world.end_of(1).reason(), "the keeper died");
  EXPECT_EQ(world.end_of(2).how(), pb::End::LOST);
  EXPECT_EQ(world.end_of(3).event(), "half") << "what it had reported counts";
  EXPECT_EQ(world.told(4), nullptr) << "it has nothing new";
  ASSERT_EQ(world.steps().attempts().size(), 4U);
  EXPECT_EQ(word_for(written(), 1), "ended 0") << "the loss is on record";
}

TEST_F(Successor, AnotherBootIsTheReason) {
  boot_ = "an earlier boot";
  left_behind({started(1)});
  StepsWorld world(dir_.path(), true);
  EXPECT_EQ(world.end_of(1).reason(), "the machine was restarted");
}

TEST_F(Successor, WhatWasWrittenIsKept) {
  pb::Record record = started(1);
  record.mutable_started()->set_output_slot(3);
  record.mutable_started()->set_error_slot(4);
  left_behind({record});
  ASSERT_TRUE(make_directories(output_directory(dir_.path()), 0700));
  std::ofstream(slot_file(dir_.path(), 3)) << "half a line";
  std::ofstream(slot_file(dir_.path(), 4)).close();
  std::ofstream(slot_file(dir_.path(), 9)) << "of nobody";
  StepsWorld world(dir_.path(), true);
  world.end_of(1);
  const AttemptId id = id_of(id_of_job(1));
  EXPECT_EQ(stored(dir_.path(), id, Which::kOutput), "half a line");
  EXPECT_FALSE(exists(kept_file(dir_.path(), id, Which::kError)));
  for (const std::uint64_t slot : {3U, 4U, 9U}) EXPECT_FALSE(exists(slot_file(dir_.path(), slot)));
}

TEST_F(Successor, AStrangerWithTheSameNumberIsLeftAlone) {
  // This very process leads no session that the log could mean: its start time differs.
  pb::Record record = started(1);
  record.mutable_started()->mutable_place()->set_mark("no process has this mark");
  pb::Record runs = running(1);
  runs.mutable_running()->set_pid(getsid(0));
  runs.mutable_running()->set_start_time(1);
  left_behind({record, runs});
  StepsWorld world(dir_.path(), false);
  EXPECT_EQ(world.end_of(1).how(), pb::End::LOST);
}

// --- the keeper itself and a full disk ----------------------------------------------------------

TEST_F(Records, WhatCannotBeRecordedIsNotStarted) {
  StepsWorld world(dir_.path(), true);
  const FullDisk full(read_file(path_).size() + 3);
  const pb::End end = world.run(shell(1, "echo > " + (dir_ / "ran")));
  EXPECT_EQ(end.how(), pb::End::NOT_STARTED);
  EXPECT_FALSE(exists(dir_ / "ran"));
  EXPECT_FALSE(world.steps().anything_unrecorded());
}

TEST_F(Records, AnEndThatCannotBeRecordedIsToldAndTriedAgain) {
  StepsWorld world(dir_.path(), true);
  world.steps().start(
      shell(1, "while [ ! -e " + (dir_ / "go") + " ]; do sleep 0.01; done; exit 5"));
  close(creat((dir_ / "go").c_str(), 0600));
  const std::int64_t before_ns = steady_now_ns();
  {
    const FullDisk full(read_file(path_).size() + 3);
    EXPECT_EQ(world.end_of(1).exit_code(), 5);
    EXPECT_TRUE(world.steps().anything_unrecorded());
  }
  world.steps().reap();
  world.steps().tick(before_ns);
  EXPECT_TRUE(world.steps().anything_unrecorded()) << "the end of another process is no reason";
  EXPECT_TRUE(world.wait([&] { return !world.steps().anything_unrecorded(); }));
  EXPECT_EQ(word_for(written(), 1), "ended 5");
}

TEST_F(Records, AForgottenAttemptIsGone) {
  StepsWorld world(dir_.path(), true);
  world.run(start_of(1, {"true"}));
  EXPECT_EQ(word_for(written(), 1), "ended 0");
  world.order(pb::Order::FORGET, 1);
  ASSERT_TRUE(world.log().flush());
  EXPECT_EQ(word_for(written(), 1), "unknown");
  EXPECT_TRUE(world.steps().attempts().empty());
}

TEST_F(Records, WhatCouldNotBeForgottenIsToldByTheNextProgram) {
  StepsWorld world(dir_.path(), true);
  world.run(start_of(1, {"true"}));
  world.run(start_of(2, {"true"}));
  world.order(pb::Order::FORGET, 1);
  ASSERT_TRUE(world.log().flush());
  {
    const FullDisk full(read_file(path_).size() + 3);
    world.order(pb::Order::FORGET, 2);
    EXPECT_FALSE(world.log().flush());
  }
  EXPECT_TRUE(world.steps().attempts().empty());
  pb::Handover handover;
  world.steps().hand_over(handover);
  OutputSlots slots = OutputSlots::open(dir_.path()).value();
  RecordLog log = RecordLog::open(path_, "this boot").value();
  Steps next({dir_.path()}, world.containment(), slots, log, [](const pb::Attempt&) {});
  next.take_over(handover);
  ASSERT_EQ(next.attempts().size(), 1U);
  EXPECT_EQ(next.attempts().front().id().job(), 2U);
  EXPECT_TRUE(next.attempts().front().has_end());
  pb::Order order;
  order.set_what(pb::Order::FORGET);
  *order.mutable_id() = id_of_job(2);
  next.order(order);
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(word_for(written(), 2), "unknown");
}

TEST_F(Records, ARunningAttemptCannotBeForgotten) {
  StepsWorld world(dir_.path(), true);
  world.steps().start(shell(1, "exec sleep 100"));
  world.order(pb::Order::FORGET, 1);
  EXPECT_EQ(world.steps().attempts().size(), 1U);
}

}  // namespace
}  // namespace jobq::exec
