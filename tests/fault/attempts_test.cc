// SPDX-License-Identifier: Apache-2.0
// The checker of the fault test sees what it is there for: made-up ledgers against made-up answers.
#include "tests/fault/attempts.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/temp_dir.h"

namespace jobq::fault {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::int64_t kStart = 1'000'000;
constexpr std::int64_t kEnd = kStart + 100;

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
};

TEST(CheckAttempts, HasNothingToSayWhereAllIsWell) { EXPECT_THAT(World().broken(), IsEmpty()); }

TEST(CheckAttempts, SeesAnAttemptThatStartedTwice) {
  World world;
  world.ledger.records.push_back({"start", kEnd, "7", "main", 1, 4712, "n2", "-"});
  EXPECT_THAT(world.broken(), ElementsAre(StartsWith("no attempt starts twice")));
}

TEST(CheckAttempts, SeesTwoAliveAtOnce) {
  World world;
  world.ledger.records.push_back({"clash", kEnd, "7", "main", 1, 4711, "n1", "resource.door"});
  EXPECT_THAT(world.broken(), ElementsAre(StartsWith("one alive at a time")));
}

TEST(CheckAttempts, SeesAnotherExitStatus) {
  World world;
  world.said.exit_code = 4;
  EXPECT_THAT(world.broken(), ElementsAre(StartsWith("the exit status is the step's")));
}

TEST(CheckAttempts, SeesAnExitThatNeverWas) {
  World world;
  world.ledger.records.pop_back();
  EXPECT_THAT(world.broken(), ElementsAre(StartsWith("no exit status is invented")));
}

TEST(CheckAttempts, SeesALossWithoutACause) {
  World world;
  world.lose("the keeper died");
  EXPECT_THAT(world.broken(), ElementsAre(StartsWith("no exit status is lost")));
}

TEST(CheckAttempts, TakesALossThatHadACause) {
  World world;
  world.lose("the keeper died");
  world.chronicle.add({"n1", Harm::kKeeperDied, kEnd, kEnd});
  EXPECT_THAT(world.broken(), IsEmpty());
}

TEST(CheckAttempts, ACauseOnAnotherNodeOrAtAnotherTimeIsNone) {
  World world;
  world.lose("the keeper died");
  world.chronicle.add({"n2", Harm::kKeeperDied, kEnd, kEnd});
  world.chronicle.add({"n1", Harm::kKeeperDied, kEnd + 60'000, kEnd + 60'000});
  EXPECT_THAT(world.broken(), ElementsAre(StartsWith("no exit status is lost")));
}

TEST(CheckAttempts, SeesASignalThatNobodySent) {
  World world;
  world.said.exit_code.reset();
  world.said.signal = 15;
  EXPECT_THAT(world.broken(), ElementsAre(StartsWith("no exit status is lost")));
}

TEST(CheckAttempts, SeesAnAttemptThatIsNotOnRecord) {
  World world;
  world.ledger.records.push_back({"start", kEnd, "7", "main", 2, 4712, "n2", "-"});
  EXPECT_THAT(world.broken(), ElementsAre(StartsWith("every attempt is on record")));
}

TEST(CheckAttempts, SeesAnotherNode) {
  World world;
  world.said.node = "n2";
  EXPECT_THAT(world.broken(), ElementsAre(StartsWith("an attempt runs where it is said to")));
}

TEST(CheckAttempts, SeesAJobThatIsNotWhatItsStepIs) {
  World world;
  world.state = "JD";
  EXPECT_THAT(world.broken(), ElementsAre(StartsWith("a job is what its step is")));
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
