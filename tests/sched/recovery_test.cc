// SPDX-License-Identifier: Apache-2.0
// Recovery: a core from the rows is the core that wrote them. The same events give the same rows
// and actions. Random sequences of events, from fixed seeds.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/sched/random_world.h"
#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::IsEmpty;

// All that can be asked about the queue, as text.
std::vector<std::string> picture(const EventManager& core, Time now) {
  std::vector<std::string> lines;
  std::vector<JobNumber> numbers;
  core.queue({}, now, [&](const JobSummary& it) {
    lines.push_back(fmt::format("{} {} {} '{}' {}", it.job.value, it.name, code(it.state),
                                it.reason, it.priority));
    numbers.push_back(it.job);
    return true;
  });
  for (const JobNumber number : numbers) {
    const auto detail = core.show(number, now);
    for (const StepView& step : detail->steps) {
      lines.push_back(fmt::format("{}.{} {} '{}' {} {}", number.value, step.name,
                                  to_string(step.state), step.reason, step.event.value_or("-"),
                                  step.attempts.size()));
    }
    for (const HistoryEntry& it : detail->history) {
      lines.push_back(fmt::format("{} {} {} {}", number.value, it.at.ms, it.what, it.detail));
    }
  }
  return lines;
}

std::vector<std::string> texts(const std::vector<Row>& rows) {
  std::vector<std::string> out;
  for (const Row& row : rows) out.push_back(to_text(row));
  return out;
}

// Wake-ups may differ: a core that was restored asks afresh.
std::vector<std::string> texts(const std::vector<Action>& actions) {
  std::vector<std::string> out;
  for (const Action& action : actions) {
    if (!std::holds_alternative<WakeAt>(action)) out.push_back(to_text(action));
  }
  return out;
}

TEST(Recovery, ARunningJobIsAsItWasAndGoesOn) {
  World world;
  world.join("n1", 2);
  const JobNumber job = world.submit(one_step().step("next").after("main").limit(seconds(60)));
  std::vector<Action> actions;
  const auto other = world.restored(actions);
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(std::get<WakeAt>(actions.at(0)).at, world.now + seconds(60));
  EXPECT_EQ(other->state_of(job), JobState::kProcessing);
  EXPECT_TRUE(other->check_invariants());
  EXPECT_THAT(other->take_rows(), IsEmpty());
  actions.clear();
  NodeJoined join{"n1", "i1", {}, {{{job, StepId{0}, Attempt{1}}, false}}};
  join.capacity.cpus = 2;
  other->step(join, world.now, actions);
  other->step(TaskComplete{NodeId{1}, {job, StepId{0}, Attempt{1}}, {}}, world.now, actions);
  EXPECT_THAT(texts(actions),
              ::testing::ElementsAre("welcome n1", "forget @1.0.1@", "launch @1.1.1@ on #1#"));
}

TEST(Recovery, NothingIsLaunchedWithoutANode) {
  World world;
  world.join("n1", 1);
  world.submit(one_step());
  const JobNumber waiting = world.submit(one_step());
  std::vector<Action> actions;
  const auto other = world.restored(actions);
  EXPECT_THAT(actions, IsEmpty());
  EXPECT_EQ(other->state_of(waiting), JobState::kWaitingResources);
}

TEST(Recovery, KeysClassesDrainsAndCountersAreKept) {
  World world;
  world.join("n1", 1);
  world.send(DrainNode{World::kReply, world.root, "n1", "new disk", {}});
  world.register_plan(one_step());
  Ticket ticket;
  ticket.class_name = "plan";
  ticket.key = "nightly";
  const JobNumber job = world.submit(ticket);
  std::vector<Action> actions;
  const auto other = world.restored(actions);
  other->step(NewJobNotice{World::kReply, world.ann, "", {ticket}, false}, world.now, actions);
  EXPECT_EQ(texts(actions), std::vector<std::string>{"submitted 1"});
  EXPECT_TRUE(other->was_dispensed(job));
  EXPECT_FALSE(other->was_dispensed(JobNumber{2}));
  EXPECT_EQ(other->classes().size(), 1U);
  EXPECT_EQ(other->nodes().at(0).drained_by, "root");
}

class RandomEvents : public ::testing::TestWithParam<std::uint32_t> {};

// Every third seed goes without a policy.
Policy policy_for(std::uint32_t seed, int fair_share) {
  Policy policy;
  if (seed % 3 == 0) return policy;
  policy.priority = {.age = 200, .size = 3, .fair_share = fair_share, .half_life = seconds(3600)};
  policy.elements = {{"any", {"n*"}, 1, {}, {}, {4, {}}},
                     {"odd", {"n1", "n3"}, -2, seconds(3600), seconds(7200), {{}, 40}}};
  policy.accounts = {{"lab", 3, {"ann"}}};
  policy.each_user = {5, 60};
  policy.users = {{"bob", {2, {}}}};
  policy.scheduling.backfill = static_cast<resmgr::Backfill>(seed / 3 % 3);
  return policy;
}

TEST_P(RandomEvents, TheSameEventsGiveTheSameRowsAndActions) {
  RandomWorld first(GetParam(), policy_for(GetParam(), 100));
  RandomWorld second(GetParam(), policy_for(GetParam(), 100));
  for (int i = 0; i < 400; ++i) {
    first.act();
    second.act();
    ASSERT_EQ(texts(first.world.last_rows), texts(second.world.last_rows));
    ASSERT_EQ(texts(first.world.actions), texts(second.world.actions));
  }
}

TEST_P(RandomEvents, EverythingEndsWhenNodesAreThereAndNobodyHolds) {
  RandomWorld random(GetParam(), policy_for(GetParam(), 100));
  for (int i = 0; i < 800 && !::testing::Test::HasFatalFailure(); ++i) random.act();
  random.finish();
  EXPECT_EQ(picture(random.world.core, random.world.now), std::vector<std::string>{});
}

TEST_P(RandomEvents, AtEveryPointARestoredCoreShowsTheSame) {
  RandomWorld random(GetParam(), policy_for(GetParam(), 0));
  for (int i = 0; i < 300; ++i) {
    random.act();
    std::vector<Action> actions;
    const auto other = random.world.restored(actions);
    const auto right = other->check_invariants();
    ASSERT_TRUE(right) << right.error().message;
    // Nodes are away for the restored core only: reasons of steps tell that, and what nodes were
    // kept in reach for may start. So they are away for both.
    if (random.all_nodes_away()) {
      ASSERT_EQ(texts(other->take_rows()), std::vector<std::string>{});
      ASSERT_EQ(picture(*other, random.world.now), picture(random.world.core, random.world.now));
    }
  }
}

// From any point where the nodes are away, both go the same way from then on. What users have used
// is written now and then, and so is not quite the same: without fair share.
TEST_P(RandomEvents, ARestoredCoreBehavesAsTheOneThatRanOn) {
  RandomWorld random(GetParam(), policy_for(GetParam(), 0));
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 40; ++i) random.act();
    random.lose_all_nodes();
    random.leave_all_receives();
    random.answer_look_ups();
    random.take_events();
    std::vector<Action> actions;
    const auto other = random.world.restored(actions);
    // What it asks the history anew, the other one has been told.
    for (const Action& action : std::exchange(actions, {})) {
      const auto* asked = std::get_if<LookUp>(&action);
      if (asked != nullptr) other->step(random.answer_to(*asked), random.world.now, actions);
    }
    ASSERT_EQ(texts(other->take_rows()), std::vector<std::string>{});
    ASSERT_EQ(picture(*other, random.world.now), picture(random.world.core, random.world.now));
    for (int i = 0; i < 60; ++i) {
      random.act();
      for (const auto& [event, at] : random.take_events()) {
        actions.clear();
        other->step(event, at, actions);
        ASSERT_EQ(texts(actions), texts(random.world.actions)) << "after event " << i;
        ASSERT_EQ(texts(other->take_rows()), texts(random.world.last_rows));
      }
      ASSERT_EQ(picture(*other, random.world.now), picture(random.world.core, random.world.now));
    }
  }
}

// Else the comparisons above would say little about loops.
TEST(RandomWorlds, GoRoundAndUseLoopsUp) {
  std::map<std::string, int> notes;
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    RandomWorld random(seed);
    for (int i = 0; i < 800; ++i) {
      random.act();
      for (const Row& row : random.world.last_rows) {
        const auto* note = std::get_if<TransitionRow>(&row);
        if (note != nullptr) ++notes[note->what];
      }
    }
  }
  EXPECT_GT(notes["again"], 20);
  EXPECT_GT(notes["loop used up"], 5);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomEvents, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace jobq::sched
