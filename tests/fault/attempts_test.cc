// SPDX-License-Identifier: Apache-2.0
// The checker of the fault test sees what it is there for: made-up ledgers against made-up answers.
#include "tests/fault/attempts.h"

#include <gmock/gmock.h>

#include <functional>

#include "tests/temp_dir.h"

namespace jobq::fault {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::int64_t kStart = 1'000'000;
constexpr std::int64_t kEnd = kStart + 100;
constexpr std::int64_t kLateEnd = kStart + 10'000;

constexpr const char* kKeeperDied = "the keeper died";
constexpr const char* kUncontrolled = "the node lost its controller";

// One job of one step that ran on n1 and exits with 3.
struct World {
  TempDir directory = TempDir();
  Chronicle chronicle = Chronicle(directory.path());
  Ticket ticket = {.kind = "some-time", .steps = {{"main", {"plain", 3}}}, .job = 7};
  AttemptSaid said = {1, "n1", 3, std::nullopt, "", kStart, kEnd};
  std::string state = "JE";
  Ledger ledger = {{{"start", kStart, "7", "main", 1, 4711, "n1", "-"},
                    {"end", kEnd, "7", "main", 1, 4711, "n1", "3"}},
                   {}};

  std::vector<std::string> broken() {
    const std::vector<Ticket> tickets = {ticket};
    const std::vector<JobSaid> jobs = {{"7", state, false, {{"main", "failed", {said}}}}};
    check_attempts({tickets, jobs, ledger}, chronicle);
    return chronicle.broken_promises();
  }
  void lose(const std::string& reason) {
    said.exit_code.reset();
    said.reason = reason;
  }
  void cut_off(const std::string& node, std::int64_t from_ms, std::int64_t to_ms) {
    chronicle.add({node, Harm::kCutOff, from_ms, to_ms});
  }
  void write_end(std::int64_t at_ms) {
    ledger.records.push_back({"end", at_ms, "7", "main", 1, 4711, "n1", "3"});
  }
};

const auto kALoss = ElementsAre(StartsWith("no exit status is lost"));

// It may be ended by a lease, and was lost for this reason without a word of its own.
struct FencedWorld : World {
  explicit FencedWorld(const std::string& reason) {
    ticket.fenced = true;
    said.ended_ms = kLateEnd;
    ledger.records.pop_back();
    lose(reason);
  }
};

// What is wrong in a world, and the promise that is broken by it.
struct Wrong {
  std::string what;
  std::function<void(World&)> make;
  std::string promise;
};

const std::vector<Wrong> kWrong = {
    {"an attempt that started twice",
     [](World& world) {
       world.ledger.records.push_back({"start", kEnd, "7", "main", 1, 4712, "n2", "-"});
     },
     "no attempt starts twice"},
    {"two alive at once",
     [](World& world) {
       world.ledger.records.push_back({"clash", kEnd, "7", "main", 1, 4711, "n1", "resource.door"});
     },
     "one alive at a time"},
    {"another exit status", [](World& world) { world.said.exit_code = 4; },
     "the exit status is the step's"},
    {"an exit that never was", [](World& world) { world.ledger.records.pop_back(); },
     "no exit status is invented"},
    {"a signal that nobody sent",
     [](World& world) {
       world.said.exit_code.reset();
       world.said.signal = 15;
     },
     "no exit status is lost"},
    {"an attempt that is not on record",
     [](World& world) {
       world.ledger.records.push_back({"start", kEnd, "7", "main", 2, 4712, "n2", "-"});
     },
     "every attempt is on record"},
    {"another node", [](World& world) { world.said.node = "n2"; },
     "an attempt runs where it is said to"},
    {"a job that is not what its step is", [](World& world) { world.state = "JD"; },
     "a job is what its step is"},
};

TEST(CheckAttempts, HasNothingToSayWhereAllIsWell) { EXPECT_THAT(World().broken(), IsEmpty()); }

TEST(CheckAttempts, SeesWhatIsWrong) {
  for (const Wrong& wrong : kWrong) {
    World world;
    wrong.make(world);
    EXPECT_THAT(world.broken(), ElementsAre(StartsWith(wrong.promise))) << wrong.what;
  }
}

// --- attempts that were lost

TEST(CheckAttempts, ALossWantsACause) {
  World world;
  world.lose(kKeeperDied);
  EXPECT_THAT(world.broken(), kALoss);
}

TEST(CheckAttempts, ALossThatHadACauseIsNone) {
  World world;
  world.lose(kKeeperDied);
  world.chronicle.add({"n1", Harm::kKeeperDied, kEnd, kEnd});
  EXPECT_THAT(world.broken(), IsEmpty());
}

TEST(CheckAttempts, ACauseOnAnotherNodeOrAtAnotherTimeIsNone) {
  World world;
  world.lose(kKeeperDied);
  world.chronicle.add({"n2", Harm::kKeeperDied, kEnd, kEnd});
  world.chronicle.add({"n1", Harm::kKeeperDied, kEnd + 60'000, kEnd + 60'000});
  EXPECT_THAT(world.broken(), kALoss);
}

TEST(CheckAttempts, AnEndThatWasNotToldIsLostWithTheStateOfItsNode) {
  for (const bool is_told : {true, false}) {
    World world;
    world.lose("n1 was restarted");
    world.said.ended_ms = kEnd + 20'000;
    if (!is_told) world.cut_off("", kEnd + 50, kEnd + 6'000);
    world.chronicle.add({"n1", Harm::kStateLost, kEnd + 5'000, kEnd + 5'000});
    EXPECT_EQ(world.broken().empty(), !is_told);
  }
}

TEST(CheckAttempts, BeingCutOffIsNoCauseForAnAttemptThatNoLeaseEnds) {
  World world;
  world.lose(kUncontrolled);
  world.cut_off("n1", kStart - 10'000, kEnd);
  EXPECT_THAT(world.broken(), kALoss);
}

// --- attempts that a lease ended: the world's step runs for ten seconds

TEST(CheckAttempts, ALeaseEndsWhatIsFencedWhereItsNodeOrTheControllerWasAway) {
  for (const std::string& node : {std::string("n1"), std::string()}) {
    FencedWorld world(kUncontrolled);
    world.cut_off(node, kLateEnd - 4'000, kLateEnd);
    EXPECT_THAT(world.broken(), IsEmpty()) << node;
  }
}

TEST(CheckAttempts, WhatIsFencedIsNotLostWithoutACauseEither) {
  EXPECT_THAT(FencedWorld(kUncontrolled).broken(), kALoss);
  FencedWorld other_node(kUncontrolled);
  other_node.cut_off("n2", kLateEnd - 4'000, kLateEnd);
  EXPECT_THAT(other_node.broken(), kALoss);
  FencedWorld too_short(kUncontrolled);
  too_short.cut_off("n1", kLateEnd - 1'000, kLateEnd);
  EXPECT_THAT(too_short.broken(), kALoss) << "the lease was not over by then";
  FencedWorld over_before(kUncontrolled);
  over_before.cut_off("n1", kStart - 20'000, kStart - 10'000);
  EXPECT_THAT(over_before.broken(), kALoss);
}

TEST(CheckAttempts, ALeaseIsNoCauseForAnotherReason) {
  FencedWorld world("n1 does not know the step any more");
  world.cut_off("n1", kLateEnd - 4'000, kLateEnd);
  EXPECT_THAT(world.broken(), kALoss);
}

TEST(CheckAttempts, AnEndThatWasWrittenIsLostOnlyWhereItsNodeWasGivenUp) {
  FencedWorld cut_before("n1, it stayed away");
  cut_before.write_end(kLateEnd - 3'000);
  cut_before.cut_off("n1", kLateEnd - 6'000, kLateEnd);
  EXPECT_THAT(cut_before.broken(), IsEmpty());
  FencedWorld cut_after("n1, it stayed away");
  cut_after.write_end(kStart + 100);
  cut_after.cut_off("n1", kLateEnd - 6'000, kLateEnd);
  EXPECT_THAT(cut_after.broken(), kALoss) << "it had the time to say so";
  FencedWorld ended_early(kUncontrolled);
  ended_early.write_end(kStart + 100);
  ended_early.cut_off("n1", kLateEnd - 4'000, kLateEnd);
  EXPECT_THAT(ended_early.broken(), kALoss) << "it was not there any more to be ended";
}

TEST(Ledger, LinesAreReadAsTheyWereWritten) {
  const Record record{"start", kStart, "17[3]", "main", 2, 4711, "n1", "-"};
  std::string line = to_line(record);
  line.pop_back();
  const auto read = parse_line(line);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_line(*read), to_line(record));
  EXPECT_FALSE(parse_line(line.substr(0, line.size() - 2)));
  EXPECT_FALSE(parse_line(line + " more"));
}

}  // namespace
}  // namespace jobq::fault
