// SPDX-License-Identifier: Apache-2.0
// What steps write can be read, while they run and later.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "exec/output_packs.h"
#include "tests/exec/cluster.h"

namespace jobq::exec {
namespace {

class Output : public testing::Test {
 protected:
  std::string go() const { return cluster_.dir() / "go"; }
  void let_go() const { close(creat(go().c_str(), 0600)); }
  std::string until_go() const { return "while [ ! -e " + go() + " ]; do sleep 0.01; done"; }
  wire::OutputChunk read(const wire::ReadOutput& what) {
    const wire::Frame frame = cluster_.ask_and_wait(what);
    EXPECT_TRUE(frame.has_output_chunk()) << frame.error().message();
    return frame.output_chunk();
  }

  Cluster cluster_;
};

TEST_F(Output, ASilentStepHasNone) {
  cluster_.launch(launch_of(1, {"true"}));
  cluster_.end_of(1);
  const wire::OutputChunk chunk = read(read_of(1));
  EXPECT_EQ(chunk.data(), "");
  EXPECT_TRUE(chunk.ended());
}

TEST_F(Output, AnUnknownAttemptHasNone) {
  EXPECT_TRUE((cluster_.wait([&] { return cluster_.agent_joined(); })) &&
              read(read_of(77)).ended());
}

TEST_F(Output, StreamsAreReadApartAndAfterTheEnd) {
  cluster_.launch(launch_shell(1, "echo out; echo err >&2"));
  cluster_.end_of(1);
  EXPECT_EQ(read(read_of(1)).data(), "out\n");
  wire::ReadOutput what = read_of(1);
  what.set_error_stream(true);
  EXPECT_EQ(read(what).data(), "err\n");
  cluster_.order(wire::AttemptOrder::FORGET, 1);
  EXPECT_EQ(read(read_of(1)).data(), "out\n") << "the output outlives the record";
}

TEST_F(Output, ItIsReadInParts) {
  cluster_.launch(launch_shell(1, "printf 0123456789"));
  cluster_.end_of(1);
  wire::ReadOutput what = read_of(1, 2);
  what.set_max_bytes(5);
  wire::OutputChunk chunk = read(what);
  EXPECT_EQ(chunk.data(), "23456");
  EXPECT_EQ(chunk.offset(), 2U);
  EXPECT_FALSE(chunk.ended());
  chunk = read(read_of(1, 7));
  EXPECT_EQ(chunk.data(), "789");
  EXPECT_TRUE(chunk.ended());
  EXPECT_TRUE(read(read_of(1, 100)).ended());
}

TEST_F(Output, ARunningStepIsReadAndIsNotAtItsEnd) {
  cluster_.launch(launch_shell(1, "echo first; " + until_go()));
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.started(1) == 1; }));
  const wire::OutputChunk chunk = read(read_of(1, 0, true));
  EXPECT_EQ(chunk.data(), "first\n");
  EXPECT_FALSE(chunk.ended());
  EXPECT_FALSE(read(read_of(1, 6)).ended());
}

TEST_F(Output, FollowingWaitsForMoreAndForTheEnd) {
  cluster_.launch(launch_shell(1, "echo first; " + until_go() + "; echo second; exit 1"));
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.started(1) == 1; }));
  EXPECT_EQ(read(read_of(1, 0, true)).data(), "first\n");
  const std::uint64_t question = cluster_.ask(read_of(1, 6, true));
  // An answer to a later question shows that this one had its turn.
  read(read_of(1));
  EXPECT_EQ(cluster_.answer(question), nullptr);
  let_go();
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.answer(question) != nullptr; }));
  EXPECT_EQ(cluster_.answer(question)->output_chunk().data(), "second\n");
  const wire::OutputChunk last = read(read_of(1, 13, true));
  EXPECT_EQ(last.data(), "");
  EXPECT_TRUE(last.ended());
}

TEST_F(Output, ASecondStepInTheSameSlotIsNotMistakenForTheFirst) {
  cluster_.launch(launch_of(1, {"true"}));
  cluster_.end_of(1);
  cluster_.order(wire::AttemptOrder::FORGET, 1);
  cluster_.launch(launch_shell(2, "echo secret; " + until_go()));
  ASSERT_EQ(read(read_of(2, 0, true)).data(), "secret\n");
  EXPECT_EQ(read(read_of(1)).data(), "");
}

TEST_F(Output, WhatWasWrittenBeforeAKillIsThereToRead) {
  cluster_.launch(launch_shell(1, "echo before; kill -KILL $$"));
  cluster_.end_of(1);
  EXPECT_EQ(read(read_of(1)).data(), "before\n");
  cluster_.launch(launch_shell(2, "trap '' TERM; echo before; " + until_go()));
  ASSERT_EQ(read(read_of(2, 0, true)).data(), "before\n");
  cluster_.order(wire::AttemptOrder::KILL, 2);
  cluster_.end_of(2);
  EXPECT_EQ(read(read_of(2)).data(), "before\n");
}

// A follower goes on at its offset: not a byte is lost or comes twice.
TEST_F(Output, WhatWasWrittenBeforeTheKeeperDiedIsThereToRead) {
  const std::string large(kMostPacked + 1, 'x');
  cluster_.launch(launch_shell(1, "echo before; echo and more; " + until_go()));
  cluster_.launch(launch_shell(2, "printf " + large + "; " + until_go()));
  ASSERT_TRUE(cluster_.wait([&] { return read(read_of(1)).data().size() == 16; }));
  ASSERT_TRUE(cluster_.wait([&] { return read(read_of(2)).data() == large; }));
  cluster_.kill_keeper();
  cluster_.drop_agent();
  cluster_.start_agent();
  for (const std::uint64_t job : {std::uint64_t{1}, std::uint64_t{2}}) {
    EXPECT_EQ(cluster_.end_of(job).reason(), "the keeper died");
  }
  EXPECT_EQ(read(read_of(1, 7, true)).data(), "and more\n");
  EXPECT_TRUE(read(read_of(1, 7, true)).ended());
  EXPECT_EQ(read(read_of(2)).data(), large);
  cluster_.order(wire::AttemptOrder::FORGET, 1);
  EXPECT_EQ(read(read_of(1)).data(), "before\nand more\n");
}

// As on a full disk, where no directory can be made.
TEST_F(Output, AFileWithoutADirectoryIsFoundAndSwept) {
  ASSERT_TRUE(make_directories(output_directory(cluster_.state()), 0700));
  std::ofstream(output_directory(cluster_.state()) + "/01") << "no directory";
  const std::string large(kMostPacked + 1, 'x');
  cluster_.launch(launch_shell(1, "printf " + large));
  cluster_.end_of(1);
  EXPECT_EQ(read(read_of(1)).data(), large);
  sweep_outputs(cluster_.state(), {seconds(3600), {0}}, wall_now());
  EXPECT_EQ(read(read_of(1)).data(), "");
}

TEST_F(Output, ANamedFileIsReadByItsName) {
  wire::Launch launch = launch_shell(1, "echo named; " + until_go());
  launch.set_output(cluster_.dir() / "log");
  cluster_.launch(launch);
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.started(1) == 1; }));
  wire::ReadOutput what = read_of(1, 0, true);
  what.set_path(cluster_.dir() / "log");
  const wire::OutputChunk chunk = read(what);
  EXPECT_EQ(chunk.data(), "named\n");
  EXPECT_EQ(chunk.path(), cluster_.dir() / "log");
  EXPECT_FALSE(chunk.ended());
}

TEST_F(Output, ANamedFileIsReadWithTheRightsOfItsUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can look with other eyes";
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.agent_joined(); }));
  const std::string path = cluster_.dir() / "private";
  std::ofstream(path) << "private";
  chmod(path.c_str(), 0600);
  wire::ReadOutput what = read_of(1);
  what.set_path(path);
  what.set_uid(65534);
  what.set_gid(65534);
  const wire::Frame refused = cluster_.ask_and_wait(what);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code(), static_cast<std::uint32_t>(ErrorCode::kDenied));
  EXPECT_EQ(refused.error().message(), path + ": permission denied");
  ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
  EXPECT_EQ(read(what).data(), "private");
}

TEST_F(Output, WhatIsNoFileIsNotRead) {
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.agent_joined(); }));
  ASSERT_EQ(mkfifo((cluster_.dir() / "pipe").c_str(), 0600), 0);
  for (const std::string& name : {std::string("pipe"), std::string("state")}) {
    wire::ReadOutput what = read_of(1);
    what.set_path(cluster_.dir() / name);
    EXPECT_TRUE(cluster_.ask_and_wait(what).has_error()) << name;
  }
}

// Files of jobs 1 to 4, each an hour older than the one before, of two blocks each.
class Sweep : public testing::Test {
 protected:
  Sweep() {
    for (std::uint64_t job = 1; job <= 4; ++job) {
      const AttemptId id{JobNumber(job), StepId(0), Attempt(1)};
      EXPECT_TRUE(make_directories(kept_directory(dir_.path(), id), 0700));
      files_.push_back(kept_file(dir_.path(), id, Which::kOutput));
      std::ofstream(files_.back()) << std::string(8192, 'x');
      set_age(files_.back(), seconds(static_cast<std::int64_t>(job) * 3600));
    }
  }
  void set_age(const std::string& file, Millis age) const {
    const timespec at{now_.ms / 1000 - age.count / 1000, 0};
    const timespec times[] = {at, at};
    EXPECT_EQ(utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  }
  void sweep(std::int64_t age_s, std::uint64_t total) const {
    sweep_outputs(dir_.path(), {seconds(age_s), {total}}, now_);
  }

  OpenDir dir_;
  const Time now_{1'000'000'000'000};
  std::vector<std::string> files_;
};

TEST_F(Sweep, OldFilesGoAndThenTheOldestUntilTheRestFits) {
  sweep(3 * 3600 + 60, 1000 << 10);
  EXPECT_TRUE(exists(files_[2]));
  EXPECT_FALSE(exists(files_[3])) << "too old";
  sweep(3 * 3600 + 60, 20 << 10);
  EXPECT_TRUE(exists(files_[0]) && exists(files_[1]));
  EXPECT_FALSE(exists(files_[2])) << "the oldest one too many";
}

TEST_F(Sweep, PacksGoLikeFiles) {
  OutputPacks packs(dir_.path());
  const AttemptId id{JobNumber(9), StepId(0), Attempt(1)};
  ASSERT_TRUE(packs.append(id, Which::kOutput, "packed"));
  set_age(pack_file(dir_.path(), 1), seconds(1800));
  sweep(7200, 10 << 10);
  EXPECT_TRUE(PackReader(dir_.path()).find(id, Which::kOutput)) << "it is the newest";
  EXPECT_FALSE(exists(files_[0]));
  sweep(1700, 10 << 10);
  EXPECT_FALSE(exists(pack_file(dir_.path(), 1)));
  ASSERT_TRUE(packs.append(id, Which::kOutput, "once more"));
  EXPECT_EQ(PackReader(dir_.path()).find(id, Which::kOutput), "once more");
}

TEST_F(Sweep, ASparseFileCountsAsWhatThereIsOfIt) {
  ASSERT_EQ(truncate(files_[0].c_str(), off_t{1} << 40U), 0);
  set_age(files_[0], seconds(3600));
  sweep(7 * 3600, 100 << 10);
  EXPECT_TRUE(exists(files_[0]) && exists(files_[3]));
}

}  // namespace
}  // namespace jobq::exec
