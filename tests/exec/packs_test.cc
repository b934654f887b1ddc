// SPDX-License-Identifier: Apache-2.0
// Packs: what was appended is found, also after a keeper died while it wrote, and until it is
// swept.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "exec/checksum.h"
#include "exec/output_slots.h"
#include "tests/exec/world.h"

namespace jobq::exec {
namespace {

AttemptId attempt_of(std::uint64_t job) { return {JobNumber(job), StepId(0), Attempt(1)}; }

class Packs : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directories(output_directory(state_), 0700));
    open();
  }
  // As another keeper does.
  void open() { packs_ = std::make_unique<OutputPacks>(state_); }
  bool append(std::uint64_t job, std::string_view data, Which which = Which::kOutput) {
    return packs_->append(attempt_of(job), which, data);
  }
  std::string find(std::uint64_t job, Which which = Which::kOutput) {
    return reader_.find(attempt_of(job), which).value_or("nothing");
  }
  std::string pack(std::uint64_t number) const { return pack_file(state_, number); }
  std::uint64_t size_of(std::uint64_t number) const {
    return std::filesystem::file_size(pack(number));
  }

  OpenDir dir_;
  const std::string state_ = dir_.path();
  std::unique_ptr<OutputPacks> packs_;
  PackReader reader_{state_};
};

TEST(Checksum, IsTheOneThatEverybodyHas) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
  EXPECT_EQ(crc32("6789", crc32("12345")), 0xcbf43926U);
  EXPECT_EQ(crc32(std::string(1000, 'x')), crc32(std::string(993, 'x'), crc32("xxxxxxx")));
}

TEST_F(Packs, OutputsAreFoundByAttemptAndStream) {
  ASSERT_TRUE(append(1, "of one") && append(2, "of two") && append(2, "error", Which::kError));
  EXPECT_EQ(find(1), "of one");
  EXPECT_EQ(find(2), "of two");
  EXPECT_EQ(find(2, Which::kError), "error");
  EXPECT_EQ(find(1, Which::kError), "nothing");
  EXPECT_EQ(find(3), "nothing");
  EXPECT_FALSE(reader_.find({JobNumber(1), StepId(0), Attempt(2)}, Which::kOutput));
  EXPECT_FALSE(reader_.find({JobNumber(1), StepId(1), Attempt(1)}, Which::kOutput));
  EXPECT_EQ(pack_numbers(state_), (std::vector<std::uint64_t>{1}));
}

TEST_F(Packs, TheNextKeeperGoesOnWithTheSamePack) {
  ASSERT_TRUE(append(1, "before"));
  open();
  ASSERT_TRUE(append(2, "after"));
  EXPECT_EQ(find(1) + " " + find(2), "before after");
  EXPECT_EQ(pack_numbers(state_).size(), 1U);
}

TEST_F(Packs, OfTwoEntriesTheLastOneCounts) {
  ASSERT_TRUE(append(1, "cut of") && append(2, "x") && append(1, "all of it"));
  EXPECT_EQ(find(1), "all of it");
}

// Killed while it wrote, at each byte of an entry.
TEST_F(Packs, ATornEndIsCutAndHidesNothing) {
  ASSERT_TRUE(append(1, "whole"));
  const std::uint64_t whole = size_of(1);
  ASSERT_TRUE(append(2, "torn"));
  const std::uint64_t both = size_of(1);
  std::ifstream file(pack(1), std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  for (std::uint64_t size = whole; size < both; ++size) {
    std::ofstream(pack(1), std::ios::binary) << bytes.substr(0, size);
    EXPECT_EQ(find(1) + " " + find(2), "whole nothing") << size;
    open();
    EXPECT_EQ(size_of(1), whole);
    ASSERT_TRUE(append(3, "next"));
    EXPECT_EQ(find(1) + " " + find(2) + " " + find(3), "whole nothing next") << size;
  }
}

TEST_F(Packs, WhatIsDamagedIsNotTakenForAnOutput) {
  ASSERT_TRUE(append(1, "first") && append(2, "second") && append(3, "third"));
  std::fstream file(pack(1), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size_of(1)) - 28 - 5 - 2);
  file.put('X');
  file.close();
  EXPECT_EQ(find(1) + " " + find(2) + " " + find(3), "first nothing third");
}

TEST_F(Packs, AFullPackHasASummaryAndAnotherOneFollows) {
  const std::string much(kMostPacked, 'm');
  const std::uint64_t fit = kFullPackBytes / kMostPacked;
  for (std::uint64_t job = 1; job <= fit; ++job) ASSERT_TRUE(append(job, much));
  EXPECT_GT(size_of(1), kFullPackBytes + (64U << 10U));
  for (const bool again : {false, true}) {
    if (again) open();
    ASSERT_TRUE(append(fit + 1 + (again ? 1 : 0), "in the next"));
    EXPECT_EQ(pack_numbers(state_), (std::vector<std::uint64_t>{1, 2}));
  }
  for (const std::uint64_t job : {std::uint64_t{1}, fit / 2, fit}) EXPECT_EQ(find(job), much);
  EXPECT_EQ(find(fit / 2, Which::kError), "nothing");
  EXPECT_EQ(find(fit + 1), "in the next");
  EXPECT_EQ(find(fit + 100), "nothing");
}

TEST_F(Packs, AFullPackWithoutASummaryIsRead) {
  const std::string much(kMostPacked, 'm');
  const std::uint64_t fit = kFullPackBytes / kMostPacked;
  for (std::uint64_t job = 1; job <= fit; ++job) ASSERT_TRUE(append(job, much));
  ASSERT_EQ(truncate(pack(1).c_str(), static_cast<off_t>(size_of(1) - 1000)), 0);
  EXPECT_EQ(find(fit), much);
  open();
  EXPECT_EQ(find(fit), much);
  ASSERT_TRUE(append(fit + 1, "next"));
  EXPECT_EQ(find(fit + 1), "next");
  EXPECT_EQ(pack_numbers(state_).size(), 2U);
}

TEST_F(Packs, WhatTheSummaryLostHidesNothing) {
  const std::string much(kMostPacked, 'm');
  for (std::uint64_t job = 1; job <= kFullPackBytes / kMostPacked; ++job) append(job, much);
  std::fstream file(pack(1), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size_of(1)) - (64 << 10));
  file << std::string(64U << 10U, '\0');
  file.close();
  EXPECT_EQ(find(7), much);
}

TEST_F(Packs, APackOfALaterVersionIsLeftAlone) {
  std::string head = pack_head();
  head[8] = 2;
  std::ofstream(pack(1), std::ios::binary) << head << "who knows";
  open();
  ASSERT_TRUE(append(1, "here"));
  EXPECT_EQ(find(1), "here");
  EXPECT_EQ(read_file(pack(1)), head + "who knows");
}

TEST_F(Packs, OneThatWasSweptIsNotWrittenTo) {
  ASSERT_TRUE(append(1, "old"));
  EXPECT_FALSE(remove_pack(pack(1), size_of(1) - 1)) << "it has grown since";
  EXPECT_TRUE(remove_pack(pack(1), size_of(1)));
  ASSERT_TRUE(append(2, "new"));
  EXPECT_EQ(find(1) + " " + find(2), "nothing new");
  EXPECT_EQ(pack_numbers(state_), (std::vector<std::uint64_t>{2}));
}

// --- slots --------------------------------------------------------------------------------------

class Slots : public testing::Test {
 protected:
  Slots() : slots_(OutputSlots::open(state_).value()) {}
  Slot take() { return std::move(slots_.take(geteuid(), getegid()).value()); }
  std::string packed(std::uint64_t job) {
    return PackReader(state_).find(attempt_of(job), Which::kOutput).value_or("nothing");
  }
  std::string kept(std::uint64_t job) const {
    return read_file(kept_file(state_, attempt_of(job), Which::kOutput));
  }

  OpenDir dir_;
  const std::string state_ = dir_.path();
  OutputSlots slots_;
};

TEST_F(Slots, ASmallOutputIsPackedAndItsSlotUsedAgain) {
  Slot slot = take();
  const std::uint64_t number = slot.number;
  ASSERT_TRUE(write_all(slot.file.get(), "small"));
  slots_.keep_written(slot, attempt_of(1), Which::kOutput);
  EXPECT_EQ(packed(1), "small");
  EXPECT_EQ(kept(1), "");
  EXPECT_EQ(read_file(slot_file(state_, number)), "small") << "who has not heard of the end reads";
  slots_.give_back(std::move(slot));
  slot = take();
  EXPECT_EQ(slot.number, number);
  EXPECT_EQ(read_file(slot_file(state_, number)), "");
  ASSERT_EQ(fcntl(slot.file.get(), F_SETFL, 0), 0);
  ASSERT_TRUE(write_all(slot.file.get(), "next"));
  EXPECT_EQ(read_file(slot_file(state_, number)), "next") << "no hole, also without O_APPEND";
}

TEST_F(Slots, ALargeOutputKeepsItsFile) {
  Slot slot = take();
  const std::string large(kMostPacked + 1, 'l');
  ASSERT_TRUE(write_all(slot.file.get(), large));
  slots_.keep_written(slot, attempt_of(1), Which::kOutput);
  EXPECT_EQ(slot.number, 0U);
  EXPECT_EQ(kept(1), large);
  EXPECT_EQ(packed(1), "nothing");
}

TEST_F(Slots, AStepThatChangedItsDescriptionDoesNotDisturbTheNext) {
  Slot slot = take();
  const std::uint64_t number = slot.number;
  ASSERT_EQ(fcntl(slot.file.get(), F_SETFL, O_NONBLOCK), 0);
  ASSERT_TRUE(write_all(slot.file.get(), "not appended"));
  slots_.keep_written(slot, attempt_of(1), Which::kOutput);
  slots_.give_back(std::move(slot));
  slot = take();
  ASSERT_EQ(slot.number, number);
  EXPECT_EQ(fcntl(slot.file.get(), F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND);
  ASSERT_TRUE(write_all(slot.file.get(), "next"));
  EXPECT_EQ(read_file(slot_file(state_, number)), "next");
}

// What a keeper that died left behind: written, or packed and not yet emptied.
TEST_F(Slots, WhatIsLeftInASlotIsKeptOnce) {
  for (const bool packed_before : {false, true}) {
    const std::uint64_t job = packed_before ? 2 : 1;
    Slot slot = take();
    ASSERT_TRUE(write_all(slot.file.get(), "left"));
    if (packed_before) {
      ASSERT_TRUE(OutputPacks(state_).append(attempt_of(job), Which::kOutput, "left"));
    }
    slots_.keep_left(slot.number, attempt_of(job), Which::kOutput);
    EXPECT_EQ(packed(job), "left");
    EXPECT_FALSE(exists(slot_file(state_, slot.number)));
  }
}

// As on a full disk: no file takes another byte.
TEST_F(Slots, WhatCannotBePackedKeepsItsFile) {
  Slot slot = take();
  Slot other = take();
  ASSERT_TRUE(write_all(slot.file.get(), "small") && write_all(other.file.get(), "other"));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit none = before;
  none.rlim_cur = 20;  // a pack's head, and no entry
  setrlimit(RLIMIT_FSIZE, &none);
  slots_.keep_written(slot, attempt_of(1), Which::kOutput);
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(kept(1), "small");
  slots_.keep_written(other, attempt_of(2), Which::kOutput);
  EXPECT_EQ(packed(2), "other") << "it goes on where it can";
}

}  // namespace
}  // namespace jobq::exec
