// SPDX-License-Identifier: Apache-2.0
// What operators decide, as jobs meet it: elements, caps, ranks and fair share.
#include "sched/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/elements.h"
#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Policy elements() {
  Policy policy;
  policy.elements = {{"big", {"b*"}, 10, {}, {}, {}},
                     {"small", {"s1", "s2"}, 0, seconds(60), seconds(600), {}}};
  return policy;
}

SpecBuilder in(const std::string& element, std::uint32_t count = 1) {
  SpecBuilder builder = one_step().needs(cpus(count));
  builder.spec.needs.element = element;
  return builder;
}

std::vector<std::uint64_t> in_order(const World& world) {
  std::vector<std::uint64_t> numbers;
  world.core.queue({}, world.now, [&](const JobSummary& it) {
    numbers.push_back(it.job.value);
    return true;
  });
  return numbers;
}

// --- elements

TEST(Element, ThatTheConfigurationHasNoMoreIsWhatIsMissing) {
  World world(elements());
  SpecBuilder nothing = one_step().step_needs({});
  nothing.spec.needs.element = "big";
  world.submit(in("big"));
  world.submit(nothing);
  EventManager without;
  std::vector<Action> actions;
  without.restore(world.live_rows(), world.now, actions);
  for (const std::uint64_t number : {1U, 2U}) {
    const Why why = without.why(JobNumber{number}, world.now).value();
    ASSERT_EQ(why.blockers.size(), 1U) << number;
    EXPECT_EQ(why.blockers[0].kind, "element");
    EXPECT_EQ(why.blockers[0].text, "the configuration has no element big any more");
  }
}

TEST(Element, TheQueueIsFilteredByWhatJobsAskFor) {
  World world(elements());
  world.join("b1", 1);
  const auto asking_for = [&world](std::vector<std::string> names) {
    QueueFilter filter;
    filter.node_elements = std::move(names);
    std::vector<std::uint64_t> numbers;
    world.core.queue(filter, world.now, [&](const JobSummary& it) {
      numbers.push_back(it.job.value);
      return true;
    });
    return numbers;
  };
  for (const char* element : {"big", "small", "", "big"}) world.submit(in(element));
  EXPECT_THAT(asking_for({}), ElementsAre(1, 4, 2, 3));
  EXPECT_THAT(asking_for({"big"}), ElementsAre(1, 4));
  EXPECT_THAT(asking_for({"small", "none"}), ElementsAre(2));
  EXPECT_THAT(asking_for({"none"}), IsEmpty());
}

TEST(Element, ANodeIsShownWithThoseThatItBelongsTo) {
  Policy policy = elements();
  policy.elements.insert(policy.elements.begin(), {"all", {"*1"}, 0, {}, {}, {}});
  World world(policy);
  for (const char* name : {"s1", "b2", "n2"}) world.join(name, 1);
  const std::vector<NodeView> nodes = world.core.nodes();
  EXPECT_THAT(nodes.at(0).elements, ElementsAre("all", "small"));
  EXPECT_THAT(nodes.at(1).elements, ElementsAre("big"));
  EXPECT_THAT(nodes.at(2).elements, IsEmpty());
}

TEST(Element, AStarStandsForAnyLetters) {
  EXPECT_TRUE(matches("n1", "n1"));
  EXPECT_FALSE(matches("n1", "n12"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("n*", "n"));
  EXPECT_TRUE(matches("n*", "n12"));
  EXPECT_FALSE(matches("n*", "m12"));
  EXPECT_TRUE(matches("*-gpu", "a-gpu"));
  EXPECT_FALSE(matches("*-gpu", "a-gpu1"));
  EXPECT_TRUE(matches("a*b*a", "abba"));
  EXPECT_FALSE(matches("a*a", "a"));
  EXPECT_FALSE(matches("a*b*c", "acb"));
  EXPECT_TRUE(matches("a**b", "ab"));
}

TEST(Element, ItsJobsRunOnItsNodesAlone) {
  World world(elements());
  world.join("s1", 4);
  world.join("b1", 2);
  const JobNumber first = world.submit(in("big", 2));
  const JobNumber second = world.submit(in("big", 2));
  EXPECT_EQ(world.launched(first, "main").node, *world.core.node_id("b1"));
  EXPECT_EQ(world.state(second), "WR");
  world.complete(first, "main");
  EXPECT_EQ(world.launched(second, "main").node, *world.core.node_id("b1"));
}

TEST(Element, StepsTakeTheirJobsOrTheirOwn) {
  World world(elements());
  world.join("s1", 4);
  world.join("b1", 4);
  SpecBuilder builder = one_step().step_needs(cpus(1)).step("other").step_needs(cpus(1));
  builder.spec.needs.element = "big";
  builder.spec.steps[1].needs->element = "small";
  const JobNumber job = world.submit(builder);
  EXPECT_EQ(world.launched(job, "main").node, *world.core.node_id("b1"));
  EXPECT_EQ(world.launched(job, "other").node, *world.core.node_id("s1"));
}

TEST(Element, AStepThatTakesNothingStaysInIt) {
  World world(elements());
  world.join("s1", 4);
  world.join("b1", 4);
  SpecBuilder builder = one_step().step_needs({});
  builder.spec.needs.element = "big";
  EXPECT_EQ(world.launched(world.submit(builder), "main").node, *world.core.node_id("b1"));
}

TEST(Element, AnUnknownOneIsRefusedWithTheNearest) {
  World world(elements());
  world.join("s1", 4);
  EXPECT_FALSE(world.submit(in("smal")));
  EXPECT_THAT(world.said().back(), HasSubstr("did you mean 'small'?"));
}

TEST(Element, AnUnknownOneIsRefusedAlsoWhereNothingIsTakenFromItsNodes) {
  Policy policy = elements();
  policy.elements.push_back({"nowhere", {"x*"}, 0, {}, {}, {}});
  World world(policy);
  world.join("s1", 4);
  constexpr const char* kRefusal =
      "needs element nowher; there is no such element; did you mean 'nowhere'?";
  SpecBuilder taking_nothing = one_step().step_needs({});
  taking_nothing.spec.needs.element = "nowher";
  resmgr::Needs db = exclusive("db");
  db.element = "nowher";
  world.create_exclusive("db");
  for (const SpecBuilder& it :
       {in("nowher"), taking_nothing, one_step().needs(cpus(1)).step_needs(db)}) {
    EXPECT_FALSE(world.submit(it));
    EXPECT_THAT(world.said().back(), HasSubstr(kRefusal));
    world.forget_said();
  }
}

TEST(Element, ItsLimitsHold) {
  World world(elements());
  world.join("s1", 4);
  const JobNumber job = world.submit(in("small"));
  EXPECT_EQ(world.row(job).time_limit, seconds(60));
  world.forget_said();
  EXPECT_FALSE(world.submit(in("small").limit(seconds(601))));
  EXPECT_THAT(world.said(), ElementsAre("refused element small allows a time limit of at most "
                                        "10m, not 10m1s"));
  EXPECT_TRUE(world.submit(in("small").limit(seconds(600))));
}

TEST(Element, AStepOnTopOfItsJobMustFitThereToo) {
  World world(elements());
  world.join("s1", 4);
  world.join("b1", 8);
  EXPECT_FALSE(world.submit(in("small", 3).step_needs(cpus(3))));
  EXPECT_THAT(world.said().back(), HasSubstr("is more than the cluster has"));
  EXPECT_TRUE(world.submit(in("big", 3).step_needs(cpus(3))));
}

TEST(Element, AStepThatTakesNothingNamesTheElementThatItWaitsFor) {
  World world(elements());
  world.join("b1", 4);
  SpecBuilder builder = one_step().step_needs({});
  builder.spec.needs.element = "small";
  const Why why = *world.core.why(world.submit(builder), world.now);
  EXPECT_EQ(why.blockers.at(0).kind, "element");
}

TEST(Element, ATicketNamesOneForItsClass) {
  World world(elements());
  world.join("s1", 4);
  world.join("b1", 4);
  world.register_plan(in("small"));
  Ticket ticket;
  ticket.class_name = "plan";
  ticket.element = "big";
  const JobNumber job = world.submit(ticket);
  EXPECT_EQ(world.launched(job, "main").node, *world.core.node_id("b1"));
  EXPECT_EQ(world.core.show(job, world.now)->summary.element, "big");
}

// --- caps

TEST(Caps, AUserRunsNoMoreThanHeMayAndNobodyWaitsBehindHim) {
  Policy policy;
  policy.users = {{"ann", {2, {}}}};
  World world(policy);
  world.join("n1", 8);
  for (int i = 0; i < 4; ++i) world.submit(one_step().needs(cpus(1)));
  EXPECT_EQ(world.state(JobNumber{2}), "BP");
  EXPECT_EQ(world.state(JobNumber{3}), "WR");
  const Why why = *world.core.why(JobNumber{3}, world.now);
  EXPECT_EQ(why.blockers.at(0).kind, "limit");
  EXPECT_EQ(why.blockers.at(0).text, "user ann may run 2 jobs at a time, and runs 2");
  world.send(
      NewJobNotice{World::kReply, world.bob, "", {ticket_of(one_step().needs(cpus(1)))}, false});
  EXPECT_EQ(world.state(JobNumber{5}), "BP");
  world.complete(JobNumber{1}, "main");
  EXPECT_EQ(world.state(JobNumber{3}), "BP");
  EXPECT_EQ(world.state(JobNumber{4}), "WR");
}

// Its steps ask by themselves: two may be granted at once, and still it is one job.
TEST(Caps, AJobCountsOnceWhateverItsStepsAsk) {
  Policy policy;
  policy.all.running = 2;
  World world(policy);
  world.join("n1", 8);
  const SpecBuilder two = one_step()
                              .step_needs(cpus(1))
                              .step("other")
                              .step_needs(cpus(1))
                              .step("last")
                              .after("main")
                              .after("other");
  for (int i = 0; i < 3; ++i) world.submit(two);
  EXPECT_EQ(world.state(JobNumber{1}), "BP");
  EXPECT_EQ(world.state(JobNumber{2}), "BP");
  EXPECT_EQ(world.state(JobNumber{3}), "WR");
  for (const char* step : {"main", "other"}) {
    world.complete(JobNumber{1}, step);
    world.complete(JobNumber{2}, step);
  }
  EXPECT_EQ(world.state(JobNumber{3}), "WR");
  world.complete(JobNumber{1}, "last");
  EXPECT_EQ(world.state(JobNumber{3}), "BP");
}

// What was taken twice comes back at once, for others.
TEST(Caps, TwoGrantsOfOneJobLeaveRoomForAnother) {
  Policy policy;
  policy.all.running = 2;
  World world(policy);
  world.join("n1", 8);
  Ticket two = ticket_of(one_step().step_needs(cpus(1)).step("other").step_needs(cpus(1)));
  Ticket one = ticket_of(one_step().needs(cpus(1)));
  world.send(NewJobNotice{World::kReply, world.ann, "", {two, one}, false});
  EXPECT_EQ(world.state(JobNumber{1}), "BP");
  EXPECT_EQ(world.state(JobNumber{2}), "BP");
}

// A step that takes nothing is no way around a cap.
TEST(Caps, AlsoAStepThatTakesNothingWaitsForItsPlace) {
  Policy policy;
  policy.all.running = 1;
  World world(policy);
  world.join("n1", 8);
  const SpecBuilder nothing = one_step().step_needs({}).step("then").after("main");
  world.submit(nothing);
  world.submit(nothing);
  EXPECT_EQ(world.state(JobNumber{1}), "BP");
  EXPECT_EQ(world.state(JobNumber{2}), "WR");
  EXPECT_EQ(world.core.why(JobNumber{2}, world.now)->blockers.at(0).kind, "limit");
  world.complete(JobNumber{1}, "main");
  EXPECT_EQ(world.state(JobNumber{2}), "WR");
  world.complete(JobNumber{1}, "then");
  EXPECT_EQ(world.state(JobNumber{2}), "BP");
  world.lose("n1");
  world.submit(nothing);
  world.join("n1", 8);
  EXPECT_EQ(world.state(JobNumber{3}), "WR");
}

TEST(Caps, AreTheReasonThatTheQueueShows) {
  Policy policy;
  policy.each_user.running = 2;
  World world(policy);
  world.join("n1", 3);
  for (int i = 0; i < 2; ++i) world.submit(one_step().needs(cpus(1)));
  const JobNumber whole = world.submit(one_step().needs(cpus(1)));
  const JobNumber by_step = world.submit(one_step());
  const JobNumber nothing = world.submit(one_step().step_needs({}));
  Ticket many = ticket_of(one_step());
  many.array = parse_array("0-2").value();
  const JobNumber array = world.submit(many);
  EXPECT_EQ(world.reason(whole), "user ann runs 2 of 2 jobs");
  EXPECT_EQ(world.reason(by_step), "user ann runs 2 of 2 jobs");
  EXPECT_EQ(world.reason(nothing), "user ann runs 2 of 2 jobs");
  EXPECT_EQ(world.reason(array), "0 of 3 done, 0 running; user ann runs 2 of 2 jobs");
  world.hold(whole);
  EXPECT_EQ(world.reason(whole), "held by ann");
  world.send(
      NewJobNotice{World::kReply, world.bob, "", {ticket_of(one_step().needs(cpus(2)))}, false});
  EXPECT_EQ(world.reason(JobNumber{array.value + 2}), "waits for 2 cpus") << "no cap holds it";
}

TEST(Caps, AStartThatFillsOneLetsOthersPast) {
  Policy policy;
  policy.users = {{"ann", {2, {}}}};
  World world(policy);
  world.join("n1", 4);
  world.submit(one_step().needs(cpus(3)));
  world.submit(one_step().needs(cpus(4)));  // the head of the queue
  world.send(
      NewJobNotice{World::kReply, world.bob, "", {ticket_of(one_step().needs(cpus(1)))}, false});
  EXPECT_EQ(world.state(JobNumber{3}), "WR");
  world.submit(one_step().step_needs({}));
  EXPECT_EQ(world.state(JobNumber{4}), "BP");
  EXPECT_EQ(world.state(JobNumber{3}), "BP");
}

TEST(Caps, ElementsAndClassesHaveTheirs) {
  Policy policy = elements();
  policy.elements[0].caps.running = 1;
  policy.classes = {{"plan", {1, 1}}};
  World world(policy);
  world.join("b1", 8);
  world.join("s1", 8);
  world.register_plan(one_step().needs(cpus(1)));
  Ticket ticket;
  ticket.class_name = "plan";
  EXPECT_EQ(world.state(world.submit(ticket)), "BP");
  EXPECT_EQ(world.state(world.submit(ticket)), "WR");
  world.forget_said();
  EXPECT_FALSE(world.submit(ticket));
  EXPECT_THAT(world.said(), ElementsAre("refused class plan may have 1 job waiting, and has 1: "
                                        "submit when some have started, or cancel some"));
  EXPECT_EQ(world.state(world.submit(in("big"))), "BP");
  EXPECT_EQ(world.state(world.submit(in("big"))), "WR");
  EXPECT_EQ(world.state(world.submit(in("small"))), "BP");
}

TEST(Caps, WhatIsNeverAcceptedIsToldSo) {
  Policy policy;
  policy.all.waiting = 30;
  policy.users = {{"bob", {{}, 0}}};
  World world(policy);
  const auto refusal = [&](const Actor& actor, const char* array) {
    Ticket ticket = ticket_of(one_step());
    ticket.array = parse_array(array).value();
    world.forget_said();
    world.send(NewJobNotice{World::kReply, actor, "", {ticket}, false});
    return world.said().at(0);
  };
  EXPECT_EQ(refusal(world.ann, "0-99"),
            "refused the cluster may have 30 jobs waiting, and these are 100: they are never "
            "accepted together; make it smaller");
  for (const char* array : {"0", "0-1"}) {
    EXPECT_EQ(refusal(world.bob, array),
              "refused user bob may have 0 jobs waiting: none is ever accepted; ask for a higher "
              "limit");
  }
}

TEST(Caps, AFullQueueRefusesAlsoArrays) {
  Policy policy;
  policy.each_user.waiting = 5;
  World world(policy);
  Ticket ticket = ticket_of(one_step().needs(cpus(1)));
  ticket.array = parse_array("0-2").value();
  EXPECT_TRUE(world.submit(ticket));
  EXPECT_FALSE(world.submit(ticket));
  EXPECT_THAT(world.said().back(), HasSubstr("may have 5 jobs waiting, and has 3; these are 3"));
  world.submit(one_step());
  world.submit(one_step());
  EXPECT_FALSE(world.submit(one_step()));
  world.cancel(JobNumber{1});
  world.submit(ticket);
  EXPECT_EQ(world.core.live_count(), 4U);  // with what is next of the array
  // One starts: there is room for one more.
  world.join("n1", 1);
  EXPECT_TRUE(world.submit(one_step()));
  EXPECT_FALSE(world.submit(one_step()));
}

TEST(Caps, ARestartCountsAgain) {
  Policy policy;
  policy.each_user = {1, 1};
  World world(policy);
  world.join("n1", 8);
  world.submit(one_step());
  world.submit(one_step());
  std::vector<Action> actions;
  const auto other = world.restored(actions);
  EXPECT_TRUE(other->check_invariants());
  EXPECT_EQ(other->state_of(JobNumber{2}), JobState::kWaitingResources);
  Ticket ticket = ticket_of(one_step());
  actions.clear();
  other->step(NewJobNotice{World::kReply, world.ann, "", {ticket}, false}, world.now, actions);
  const auto& answer = std::get<Submitted>(std::get<Reply>(actions.at(0)).body);
  EXPECT_FALSE(answer.tickets.at(0));
}

// --- ranks

TEST(Rank, AgeSizeAndElementCount) {
  Policy policy = elements();
  policy.priority.age = 10;
  policy.priority.size = 2;
  World world(policy);
  world.submit(one_step());
  world.submit(in("big"));
  world.submit(one_step().needs(cpus(6)));
  // A day and a bit count for more than five processors.
  world.now = world.now + seconds(90000);
  world.submit(one_step().needs(cpus(6)));
  EXPECT_THAT(in_order(world), ElementsAre(2, 3, 1, 4));
  const JobDetail detail = *world.core.show(JobNumber{2}, world.now);
  double sum = 0;
  for (const PriorityTerm& term : detail.priority) sum += term.points;
  ASSERT_EQ(detail.priority.size(), 4U);
  EXPECT_EQ(detail.priority[1].name, "age");
  EXPECT_EQ(detail.priority[1].detail, "10 points a day, for 1d1h");
  EXPECT_NEAR(sum, 50 + 10 * 90000.0 / 86400 + 2 + 10, 1e-9);
}

TEST(Rank, TheAgeIsToldInWholeSeconds) {
  Policy policy;
  policy.priority.age = 10;
  World world(policy);
  const JobNumber job = world.submit(one_step());
  const auto told_after = [&](Millis age) {
    return world.core.show(job, world.now + age)->priority.at(1).detail;
  };
  EXPECT_EQ(told_after(Millis{999}), "10 points a day, for 0s");
  EXPECT_EQ(told_after(Millis{12'312'999}), "10 points a day, for 3h25m12s");
  EXPECT_EQ(told_after(Millis{-5}), "10 points a day, for 0s");
}

TEST(Rank, WithoutAPolicyItIsTheBaseAlone) {
  World world;
  const JobNumber job = world.submit(one_step());
  const JobDetail detail = *world.core.show(job, world.now);
  ASSERT_EQ(detail.priority.size(), 1U);
  EXPECT_EQ(detail.priority[0].name, "base");
  EXPECT_DOUBLE_EQ(detail.priority[0].points, 50);
}

// --- fair share

TEST(Share, WhoHasUsedLessGoesFirst) {
  Policy policy;
  policy.priority.fair_share = 100;
  policy.priority.half_life = seconds(86400);
  World world(policy);
  world.join("n1", 1);
  const auto submit_as = [&](const Actor& actor) {
    world.send(
        NewJobNotice{World::kReply, actor, "", {ticket_of(one_step().needs(cpus(1)))}, false});
  };
  submit_as(world.ann);  // 1, runs
  submit_as(world.ann);  // 2
  submit_as(world.bob);  // 3
  ASSERT_TRUE(world.wake());
  world.pass(seconds(3600));
  world.complete(JobNumber{1}, "main");
  EXPECT_EQ(world.state(JobNumber{3}), "BP");
  EXPECT_EQ(world.state(JobNumber{2}), "WR");
  const JobDetail detail = *world.core.show(JobNumber{2}, world.now);
  EXPECT_EQ(detail.priority.back().name, "fair_share");
  EXPECT_LT(detail.priority.back().points, 50);
  EXPECT_THAT(detail.priority.back().detail, HasSubstr("ann used"));
}

TEST(Share, UseOutlivesARestart) {
  Policy policy;
  policy.priority.fair_share = 100;
  World world(policy);
  world.join("n1", 1);
  world.submit(one_step().needs(cpus(1)));
  world.pass(seconds(3600));
  world.complete(JobNumber{1}, "main");
  const JobNumber next = world.submit(one_step().needs(cpus(1)));
  const double before = world.core.show(next, world.now)->priority.back().points;
  std::vector<Action> actions;
  const auto other = world.restored(actions);
  EXPECT_NEAR(other->show(next, world.now)->priority.back().points, before, 0.5);
  EXPECT_LT(before, 60);
}

}  // namespace
}  // namespace jobq::sched
