// SPDX-License-Identifier: Apache-2.0
// Arrays: how their elements are made, in which order and how many, and what a user can do to them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Texts = std::vector<std::string>;

Ticket array_of(const std::string& elements, const SpecBuilder& builder = one_step()) {
  Ticket ticket = ticket_of(builder);
  ticket.array = parse_array(elements).value();
  return ticket;
}

Texts queue(const World& world) {
  Texts lines;
  world.core.queue({}, world.now, [&](const JobSummary& it) {
    const std::string elements = it.elements.empty() ? "" : "[" + it.elements + "]";
    lines.push_back(fmt::format("{}{} {}", to_string(it.ref()), elements, code(it.state)));
    return true;
  });
  return lines;
}

ArrayView view(const World& world, JobNumber array) {
  return world.core.show(array, world.now).value().array.value();
}

TEST(Array, ElementsStartInTheOrderOfTheirIndexesAsRoomAllows) {
  World world;
  world.join("n1", 2);
  world.said();
  const JobNumber array = world.submit(array_of("0-10:5,3"));
  EXPECT_THAT(world.said(),
              ElementsAre("submitted 1", "launch 1[0].main on n1", "launch 1[3].main on n1"));
  EXPECT_THAT(queue(world), ElementsAre("1[0] BP", "1[3] BP", "1[5,10] WR"));
  EXPECT_EQ(world.state(array), "BP");
  world.complete(world.element(array, 0), "main");
  EXPECT_THAT(world.said(),
              ElementsAre("ended 1[0] JD", "forget 1[0].main", "launch 1[5].main on n1"));
  world.complete(world.element(array, 3), "main");
  world.complete(world.element(array, 5), "main");
  world.complete(world.element(array, 10), "main");
  EXPECT_EQ(world.state(array), "gone");
  EXPECT_EQ(world.row(array).state, JobState::kDone);
  EXPECT_EQ(world.said().back(), "ended 1 JD");
  EXPECT_EQ(world.core.live_count(), 0U);
}

TEST(Array, TheThrottleLimitsHowManyRunTogether) {
  World world;
  world.join("n1", 10);
  const JobNumber array = world.submit(array_of("0-9%3"));
  EXPECT_THAT(queue(world), ElementsAre("1[0] BP", "1[1] BP", "1[2] BP", "1[3-9] QU"));
  const Why why = world.core.why({array, 7}, world.now).value();
  EXPECT_EQ(why.state, JobState::kQueued);
  ASSERT_EQ(why.blockers.size(), 1U);
  EXPECT_EQ(why.blockers[0].kind, "array_throttle");
  EXPECT_EQ(world.core.why(array, world.now)->blockers.at(0).kind, "array_throttle");
  world.complete(world.element(array, 1), "main");
  EXPECT_THAT(queue(world), ElementsAre("1[0] BP", "1[2] BP", "1[3] BP", "1[4-9] QU"));
}

TEST(Array, ElementsGoByTheirNamesInWhatHoldsOthersUp) {
  World world;
  world.join("n1", 2);
  world.create_exclusive("db");
  const JobNumber array = world.submit(array_of("3-5"));
  const JobNumber other = world.submit(one_step());
  const auto blocker = [&](JobRef job) { return world.core.why(job, world.now)->blockers.at(0); };
  EXPECT_EQ(blocker(other).remedy, "wait for jobs 1[3], 1[4] on n1 to end");
  world.complete(world.element(array, 3), "main");
  EXPECT_EQ(blocker(other).remedy, "wait for jobs 1[4], 1[5] on n1 to end");
  world.cancel(array);
  const JobNumber holds = world.submit(array_of("0-1", one_step().needs(exclusive("db"))));
  EXPECT_EQ(blocker(holds).text, fmt::format("exclusive db is held by job {}[0]", holds.value));
  world.said();
  world.send(RemoveResource{World::kReply, world.root, "db"});
  EXPECT_THAT(world.said(), ElementsAre(fmt::format(
                                "error db is held by job {}[0]; wait for its end", holds.value)));
}

TEST(Array, WaitsWhereItWasSubmittedNotWhereItsElementsWereMade) {
  World world;
  const JobNumber array = world.submit(array_of("0-2"));
  const JobNumber later = world.submit(one_step());
  EXPECT_GT(later.value, world.element(array, 0).value) << "or the test says nothing";
  world.join("n1", 1);
  for (Index index = 0; index < 3; ++index) {
    ASSERT_EQ(world.state(world.element(array, index)), "BP") << index;
    ASSERT_EQ(world.state(later), "WR");
    world.complete(world.element(array, index), "main");
  }
  EXPECT_EQ(world.state(later), "BP");
}

TEST(Array, AHigherPriorityGoesBetweenElements) {
  World world;
  world.join("n1", 1);
  const JobNumber array = world.submit(array_of("0-2"));
  Ticket urgent = ticket_of(one_step());
  urgent.priority = 90;
  const JobNumber job = world.submit(urgent);
  world.complete(world.element(array, 0), "main");
  EXPECT_EQ(world.state(job), "BP");
  EXPECT_EQ(world.state(array), "WR");
}

TEST(Array, FailuresAreCountedAndTheFirstIsTheReason) {
  World world;
  world.join("n1", 1);
  const JobNumber array = world.submit(array_of("0-3"));
  for (Index index = 0; index < 4; ++index) {
    world.complete(world.element(array, index), "main", index % 2 == 1 ? 3 : 0);
  }
  const JobRow row = world.row(array);
  EXPECT_EQ(row.state, JobState::kError);
  EXPECT_EQ(row.reason, "2 of 4 elements failed; the first: 1[1], step main: exit code 3");
  EXPECT_EQ(row.exit_code, 3);
}

TEST(Array, ElementsHaveTheirIndexInEnvironmentAndTexts) {
  World world;
  world.join("n1", 4);
  SpecBuilder builder = one_step().argv({"run", "${job}", "${index}"});
  builder.spec.output = "/out/%j.%a";
  const JobNumber array = world.submit(array_of("7", builder));
  const Launch launch = world.launched(world.element(array, 7), "main");
  EXPECT_THAT(launch.argv, ElementsAre("run", "1", "7"));
  EXPECT_EQ(launch.output, "/out/1.7");
  const auto has = [&](const std::string& name, const std::string& value) {
    return std::find(launch.env.begin(), launch.env.end(), NameValue(name, value)) !=
           launch.env.end();
  };
  EXPECT_TRUE(has("JOBQ_JOB", "1"));
  EXPECT_TRUE(has("JOBQ_ARRAY_INDEX", "7"));
}

TEST(Array, ElementsThatShareAFileAddToIt) {
  World world;
  world.join("n1", 2);
  SpecBuilder builder = one_step();
  builder.spec.output = "/out/all";
  builder.spec.error = "/out/%a";
  const JobNumber array = world.submit(array_of("0-1", builder));
  EXPECT_FALSE(world.launched(world.element(array, 0), "main").append_output);
  EXPECT_TRUE(world.launched(world.element(array, 1), "main").append_output);
  EXPECT_FALSE(world.launched(world.element(array, 1), "main").append_error);
}

// --- holds

TEST(ArrayHold, OfAllStopsWhatWaitsAndSuspendsWhatRuns) {
  World world;
  world.join("n1", 1);
  const JobNumber array = world.submit(array_of("0-2"));
  world.said();
  world.hold(array);
  EXPECT_THAT(world.said(), ElementsAre("suspend 1[0].main", "1 ok"));
  EXPECT_EQ(world.state(array), "HD");
  EXPECT_THAT(queue(world), ElementsAre("1[0] HD", "1[1-2] HD"));
  world.complete(world.element(array, 0), "main");
  EXPECT_THAT(world.said(), ElementsAre("ended 1[0] JD", "forget 1[0].main"));
  world.release(array);
  EXPECT_THAT(world.said(), ElementsAre("1 ok", "launch 1[1].main on n1"));
}

TEST(ArrayHold, OfElementsPassesThemOver) {
  World world;
  const JobNumber array = world.submit(array_of("0-4"));
  world.send(Hold{World::kReply, world.ann, World::elements(array, "0,2-3")});
  EXPECT_EQ(view(world, array).held, 3U);
  world.join("n1", 5);
  EXPECT_THAT(queue(world), ElementsAre("1[1] BP", "1[4] BP", "1[0,2-3] HD"));
  EXPECT_EQ(world.core.show({array, 2}, world.now)->summary.state, JobState::kHeld);
  EXPECT_EQ(world.core.why({array, 2}, world.now)->blockers.at(0).remedy, "jq release 1[2]");
  world.said();
  world.send(Release{World::kReply, world.ann, World::elements(array, "0-2")});
  EXPECT_THAT(world.said(),
              ElementsAre("1 ok", "launch 1[0].main on n1", "launch 1[2].main on n1"));
  for (const Index index : {1U, 4U, 0U, 2U}) world.complete(world.element(array, index), "main");
  EXPECT_EQ(world.state(array), "HD") << "3 is left";
  world.release(array);
  world.complete(world.element(array, 3), "main");
  EXPECT_EQ(world.row(array).state, JobState::kDone);
}

TEST(ArrayHold, OfARunningElementSuspendsIt) {
  World world;
  world.join("n1", 2);
  const JobNumber array = world.submit(array_of("0-1"));
  world.said();
  world.send(Hold{World::kReply, world.ann, World::elements(array, "1")});
  EXPECT_THAT(world.said(), ElementsAre("suspend 1[1].main", "1 ok"));
  EXPECT_EQ(world.state(array), "BP");
}

TEST(ArrayHold, SubmittedHeldItMakesNothing) {
  World world;
  world.join("n1", 2);
  Ticket ticket = array_of("0-1");
  ticket.hold = true;
  const JobNumber array = world.submit(ticket);
  EXPECT_EQ(world.state(array), "HD");
  EXPECT_EQ(world.core.live_count(), 1U);
  world.release(array);
  EXPECT_EQ(view(world, array).running, 2U);
}

// --- cancels

TEST(ArrayCancel, OfAllEndsWhatRunsAndDropsTheRest) {
  World world;
  world.join("n1", 1);
  const JobNumber array = world.submit(array_of("0-999999"));
  world.said();
  world.cancel(array);
  EXPECT_THAT(world.said(), ElementsAre("dropped 1[1-999999]", "kill 1[0].main", "1 ok"));
  world.complete(world.element(array, 0), "main", 15);
  EXPECT_THAT(world.said(), ElementsAre("ended 1[0] JC cancelled by ann", "forget 1[0].main",
                                        "ended 1 JC cancelled by ann"));
}

TEST(ArrayCancel, OfElementsBeforeAndAfterTheirStart) {
  World world;
  world.join("n1", 1);
  const JobNumber array = world.submit(array_of("0-5"));
  world.said();
  world.send(Cancel{World::kReply, world.ann, World::elements(array, "0-1,4"), 0});
  EXPECT_THAT(world.said(), ElementsAre("dropped 1[1,4]", "kill 1[0].main", "1 ok"));
  EXPECT_TRUE(world.core.has_ended({array, 1}));
  EXPECT_EQ(world.core.show({array, 1}, world.now)->summary.state, JobState::kCancelled);
  world.complete(world.element(array, 0), "main", 15);
  EXPECT_EQ(world.state(world.element(array, 2)), "BP");
  for (const Index index : {2U, 3U, 5U}) world.complete(world.element(array, index), "main");
  EXPECT_EQ(world.row(array).state, JobState::kCancelled);
  EXPECT_EQ(world.row(array).reason, "3 of 6 elements were cancelled");
}

TEST(ArrayCancel, OfAStepOfAnElement) {
  World world;
  world.join("n1", 2);
  const JobNumber array = world.submit(array_of("0-1", one_step().step("other")));
  world.said();
  Selector selector = World::elements(array, "0");
  selector.step = "other";
  world.send(Cancel{World::kReply, world.ann, selector, 0});
  EXPECT_THAT(world.said(), ElementsAre("kill 1[0].other", "1 ok"));
}

TEST(ArrayCancel, ASignalGoesToWhatRuns) {
  World world;
  world.join("n1", 2);
  const JobNumber array = world.submit(array_of("0-4"));
  world.started(world.element(array, 0), "main");
  world.said();
  world.send(Cancel{World::kReply, world.ann, World::only(array), 10});
  EXPECT_THAT(world.said(), ElementsAre("signal 10 1[0].main", "signal 10 1[1].main", "1 ok"));
  world.send(Cancel{World::kReply, world.ann, World::elements(array, "3"), 10});
  EXPECT_THAT(world.said(),
              ElementsAre("1 job 1 has no running element among these: no signal was sent"));
}

TEST(ArrayCommands, WhatIsNotThereIsRefusedByName) {
  World world;
  world.join("n1", 1);
  const JobNumber array = world.submit(array_of("0-4"));
  const JobNumber plain = world.submit(one_step());
  world.said();
  const auto refused = [&](const Selector& selector) {
    world.send(Cancel{World::kReply, world.ann, selector, 0});
    return world.said().at(0);
  };
  EXPECT_EQ(refused(World::elements(array, "3-7")),
            "1 there is no 1[5-7]; the elements of job 1 are 0-4");
  EXPECT_EQ(refused(World::elements(plain, "3")), "4 job 4 is no array: there is no 4[3]");
  EXPECT_EQ(refused(World::only(world.element(array, 0))),
            "2 2 is no job of its own, but 1[0]; name it so");
  world.complete(world.element(array, 0), "main");
  world.said();
  EXPECT_EQ(refused(World::elements(array, "0")), "1 1[0] has ended: nothing to cancel");
  const JobNumber gone = world.submit(array_of("3"));
  world.cancel(gone);
  world.said();
  EXPECT_EQ(refused(World::elements(gone, "3")),
            fmt::format("{0} job {0} has ended: there is no {0}[3] to cancel", gone.value));
  world.send(Hold{World::kReply, world.bob, World::elements(array, "2")});
  EXPECT_THAT(world.said(),
              ElementsAre("1 job 1 belongs to ann; only ann and operators may hold it"));
  Selector range;
  range.ranges.push_back({JobNumber{1}, JobNumber{100}});
  world.send(Hold{World::kReply, world.ann, range});
  EXPECT_THAT(world.said(), ElementsAre("suspend 1[1].main", "1 ok; 4 ok"));
}

// --- cost

// Whatever its size, one job is recorded and one element made, a bounded number of rows changes.
TEST(ArrayCost, AMillionElementsAreOneRecord) {
  World world;
  world.submit(array_of("0-999999%50"));
  EXPECT_LE(world.last_rows.size(), 5U);  // the job, its progress, its spec, two counters
  EXPECT_EQ(world.core.live_count(), 2U);
  world.submit(array_of("0-9999999:1"));
  EXPECT_LE(world.last_rows.size(), 4U);
  EXPECT_EQ(world.core.live_count(), 4U);
}

TEST(ArrayCost, WhatEndedLeavesMemory) {
  World world;
  world.join("n1", 2);
  const JobNumber array = world.submit(array_of("0-99"));
  for (Index index = 0; index < 90; ++index) {
    world.complete(world.element(array, index), "main");
    ASSERT_LE(world.core.live_count(), 4U);
  }
  EXPECT_EQ(view(world, array).done, 90U);
}

// --- recovery

TEST(ArrayRecovery, GoesOnWhereItWas) {
  World world;
  world.join("n1", 2);
  const JobNumber array = world.submit(array_of("0-9%2"));
  world.send(Hold{World::kReply, world.ann, World::elements(array, "3")});
  world.send(Cancel{World::kReply, world.ann, World::elements(array, "4,7-8"), 0});
  world.complete(world.element(array, 0), "main", 1);
  std::vector<Action> actions;
  const auto other = world.restored(actions);
  EXPECT_TRUE(other->check_invariants());
  EXPECT_THAT(other->take_rows(), IsEmpty());
  const ArrayView was = view(world, array);
  const ArrayView is = other->show(array, world.now)->array.value();
  EXPECT_EQ(is.not_started, was.not_started);
  EXPECT_EQ(is.not_started, "3,5-6,9");
  EXPECT_EQ(is.now_running, was.now_running);
  EXPECT_EQ(is.failed, 1U);
  EXPECT_EQ(is.cancelled, 3U);
  EXPECT_EQ(is.held, 1U);
}

}  // namespace
}  // namespace jobq::sched
