// SPDX-License-Identifier: Apache-2.0
// What goes over the wire comes back as it was, and what cannot be is refused.
#include "controller/translate.h"

#include <gtest/gtest.h>

namespace jobq::controller {
namespace {

sched::JobSpec full_spec() {
  sched::JobSpec spec;
  spec.class_name = "plan";
  spec.class_version = "3";
  spec.priority = 60;
  spec.time_limit = seconds(90);
  spec.on_failure = sched::OnFailure::kContinue;
  spec.params = {{"day", true, std::nullopt}, {"region", false, "all"}};
  spec.needs = {4,           Bytes{1U << 30U}, 1,       {{"disk", 2}},
                {"plan-db"}, {{"solver", 2}},  "batch", "planner"};
  sched::StepSpec step;
  step.name = "calc";
  step.kind = sched::StepKind::kScript;
  step.argv = {"a", ""};
  step.script = "echo ${day}\n";
  step.after = {{"collect", sched::Condition::On::kEvent, "1"}};
  step.after_any = {{"x", sched::Condition::On::kFailure, ""}};
  step.needs = resmgr::Needs{};
  step.exit = {{0, 1}, {2}, {77}};
  step.again = {"collect", {{}, sched::Condition::On::kEvent, "differs"}, 10};
  step.literal = true;
  sched::StepSpec spawning;
  spawning.name = "go";
  spawning.kind = sched::StepKind::kSpawn;
  sched::JobSpec within;
  within.steps = {step};
  spawning.spawn = {"", "", "name", {{"day", "${day}"}}, 7, true, {}};
  spawning.spawn->spec = std::make_shared<const sched::JobSpec>(within);
  spec.steps = {step, step, spawning};
  step.time_limit = seconds(5);
  spec.cleanup = step;
  spec.env = {{"A", "1"}, {"B", ""}};
  spec.workdir = "/srv";
  spec.output = "%j.out";
  spec.error = "%j.err";
  spec.append = true;
  spec.umask = 027;
  spec.limits = {{"core", 0, sched::kUnlimited}, {"nofile", 1024, 4096}};
  spec.warning = sched::Warning{10, seconds(60)};
  return spec;
}

TEST(Translate, ASpecComesBackAsItWas) {
  const sched::JobSpec spec = full_spec();
  const auto back = decode_spec(encode_spec(spec));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(**back, spec);
}

TEST(Translate, EqualSpecsOfARequestAreSentOnce) {
  const auto spec = std::make_shared<const sched::JobSpec>(full_spec());
  sched::Ticket ticket;
  ticket.spec = spec;
  ticket.name = "one";
  ticket.params = {{"day", "monday"}};
  ticket.priority = 7;
  ticket.time_limit = seconds(3);
  ticket.begin = seconds(60);
  ticket.deadline = Time{1'800'000'000'000};
  ticket.hold = true;
  ticket.key = "k";
  sched::Ticket by_class;
  by_class.class_name = "plan";
  by_class.class_version = "2";
  by_class.env = {{"X", "y"}};
  by_class.workdir = "/w";
  by_class.output = "o";
  by_class.error = "e";
  by_class.element = "batch";
  by_class.append = true;
  by_class.umask = 077;
  by_class.limits = {{"processes", 100, 100}};
  by_class.warning = sched::Warning{15, seconds(120)};
  wire::SubmitRequest request;
  to_wire({ticket, by_class, ticket}, request);
  EXPECT_EQ(request.specs_size(), 1);
  auto back = from_wire(request);
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->size(), 3U);
  EXPECT_EQ((*back)[0].spec, (*back)[2].spec);
  EXPECT_EQ(*(*back)[0].spec, *spec);
  (*back)[0].spec = spec;
  EXPECT_EQ((*back)[0], ticket);
  EXPECT_EQ((*back)[1], by_class);
}

TEST(Translate, WhatIsOutOfRangeIsRefused) {
  wire::JobSpec spec;
  to_wire(full_spec(), spec);
  wire::JobSpec odd = spec;
  odd.set_version(99);
  EXPECT_FALSE(from_wire(odd));
  odd = spec;
  odd.set_on_failure(9);
  EXPECT_FALSE(from_wire(odd));
  odd = spec;
  odd.mutable_steps(1)->set_kind(77);
  EXPECT_FALSE(from_wire(odd));
  odd = spec;
  odd.mutable_cleanup()->mutable_after(0)->set_on(77);
  EXPECT_FALSE(from_wire(odd));
  wire::SubmitRequest request;
  request.add_tickets()->set_spec(0);
  EXPECT_FALSE(from_wire(request));
  wire::QueueFilter filter;
  filter.add_states(1000);
  EXPECT_FALSE(from_wire(filter));
  EXPECT_FALSE(decode_spec("\xff\xff rubbish"));
}

TEST(Translate, SelectionsAndFiltersComeBack) {
  sched::Selector selector;
  selector.ranges = {{JobNumber{3}, JobNumber{9}}};
  selector.elements = {{JobNumber{4}, sched::IndexSet(1, 3)}};
  selector.step = "calc";
  selector.names = {"n"};
  selector.user = "ann";
  selector.all = true;
  wire::Selector message;
  to_wire(selector, message);
  const sched::Selector back = from_wire(message).value();
  EXPECT_EQ(back.ranges.at(0).last, JobNumber{9});
  EXPECT_EQ(back.elements.at(0).array, JobNumber{4});
  EXPECT_EQ(back.elements.at(0).indexes, sched::IndexSet(1, 3));
  EXPECT_EQ(back.step, "calc");
  EXPECT_EQ(back.names, selector.names);
  EXPECT_EQ(back.user, selector.user);
  EXPECT_TRUE(back.all);
  sched::QueueFilter filter;
  filter.states = {sched::JobState::kHeld};
  filter.classes = {"plan"};
  filter.node_elements = {"batch"};
  wire::QueueFilter sent;
  to_wire(filter, sent);
  const auto received = from_wire(sent);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->states, filter.states);
  EXPECT_EQ(received->classes, filter.classes);
  EXPECT_EQ(received->node_elements, filter.node_elements);
}

TEST(Translate, AnElementStaysWhereTheStepsAloneTakeFromNodes) {
  resmgr::Needs needs;
  needs.element = "batch";
  wire::Needs message;
  to_wire(needs, message);
  EXPECT_EQ(from_wire(message), needs);
}

TEST(Translate, AnAnswerToWhyComesBackWithItsStartAndItsSpans) {
  sched::Why why;
  why.job = JobRef(JobNumber{3});
  why.state = sched::JobState::kWaitingResources;
  why.summary = "s";
  why.expected_start = Time{9};
  why.is_estimate = true;
  why.spans = {{{sched::Standing::Kind::kExclusive, "db"}, Millis{5}},
               {{sched::Standing::Kind::kProcessing, ""}, Millis{7}}};
  wire::WhyReply message;
  to_wire(why, message);
  const auto back = from_wire(message);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->expected_start, Time{9});
  EXPECT_TRUE(back->is_estimate);
  EXPECT_EQ(back->spans, why.spans);
}

sched::StepView step_that_failed() {
  sched::StepView step;
  step.name = "calc";
  step.state = sched::StepState::kFailed;
  step.outcome = sched::Outcome::kFailure;
  step.event = "9";
  step.needs.emplace().cpus = 3;
  step.after = {{"collect", sched::Condition::On::kFailure, ""}};
  step.after_any = {{"plan", sched::Condition::On::kEvent, "1"}};
  step.round = 4;
  step.again = {"collect", {{}, sched::Condition::On::kFailure, ""}, 5};
  step.went_back = 3;
  sched::AttemptView attempt;
  attempt.attempt = Attempt{2};
  attempt.round = 4;
  attempt.node = "n1";
  attempt.output = "/o";
  attempt.started = Time{5};
  attempt.ended = Time{6};
  attempt.end.how = sched::TaskEnd::How::kSignalled;
  attempt.end.signal = 9;
  attempt.end.max_rss = Bytes{7};
  attempt.end.read_bytes = Bytes{8};
  attempt.end.written_bytes = Bytes{9};
  step.attempts = {attempt};
  return step;
}

sched::JobDetail job_that_failed() {
  sched::JobDetail detail;
  detail.summary = {JobNumber{17},
                    "n",
                    "c",
                    "ann",
                    sched::JobState::kError,
                    "r",
                    5,
                    {"n1"},
                    Time{1},
                    Time{2},
                    Time{3},
                    sched::Outcome::kFailure,
                    2,
                    9,
                    3,
                    "",
                    JobNumber{18},
                    "batch",
                    Millis{1500},
                    Bytes{1 << 20},
                    Bytes{1 << 21},
                    Bytes{1 << 22}};
  detail.array = sched::ArrayView{"0-9%2", 10, 4, 1, 2, 1, 2, 1, "5-8", {3, 4}};
  detail.uid = 1000;
  detail.params = {{"a", "b"}};
  detail.time_limit = seconds(1);
  detail.estimate = seconds(300);
  detail.begin = Time{5};
  detail.deadline = Time{6};
  detail.priority = {{"base", 50, ""}, {"age", -3.25, "1d of waiting"}};
  detail.steps = {step_that_failed()};
  detail.history = {{Time{1}, "held", "by ann"}};
  return detail;
}

TEST(Translate, AJobsDetailComesBack) {
  const sched::JobDetail detail = job_that_failed();
  const sched::StepView& step = detail.steps.front();
  wire::JobDetail message;
  to_wire(detail, message);
  const auto back = from_wire(message);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->summary.state, sched::JobState::kError);
  EXPECT_EQ(back->begin, detail.begin);
  EXPECT_EQ(back->deadline, detail.deadline);
  EXPECT_EQ(back->summary.nodes, detail.summary.nodes);
  EXPECT_EQ(back->summary.exit_code, 9);
  EXPECT_EQ(back->summary.index, 3U);
  EXPECT_EQ(back->summary.element, "batch");
  EXPECT_EQ(back->summary.cpu, Millis{1500});
  EXPECT_EQ(back->summary.max_rss, Bytes{1 << 20});
  EXPECT_EQ(back->summary.read_bytes, Bytes{1 << 21});
  EXPECT_EQ(back->summary.written_bytes, Bytes{1 << 22});
  EXPECT_EQ(back->steps.at(0).attempts.at(0).end.read_bytes, Bytes{8});
  EXPECT_EQ(back->steps.at(0).attempts.at(0).end.written_bytes, Bytes{9});
  EXPECT_EQ(back->estimate, seconds(300));
  ASSERT_EQ(back->priority.size(), 2U);
  EXPECT_EQ(back->priority[1].name, "age");
  EXPECT_EQ(back->priority[1].points, -3.25);
  EXPECT_EQ(back->priority[1].detail, "1d of waiting");
  ASSERT_TRUE(back->array);
  EXPECT_EQ(back->array->elements, "0-9%2");
  EXPECT_EQ(back->array->not_started, "5-8");
  EXPECT_EQ(back->array->now_running, (std::vector<sched::Index>{3, 4}));
  EXPECT_EQ(back->steps.at(0).event, "9");
  EXPECT_EQ(back->steps.at(0).needs, step.needs);
  EXPECT_EQ(back->steps.at(0).after, step.after);
  EXPECT_EQ(back->steps.at(0).after_any, step.after_any);
  EXPECT_EQ(back->steps.at(0).round, 4U);
  EXPECT_EQ(back->steps.at(0).again, step.again);
  EXPECT_EQ(back->steps.at(0).went_back, 3U);
  EXPECT_EQ(back->steps.at(0).attempts.at(0).round, 4U);
  EXPECT_EQ(back->steps.at(0).attempts.at(0).end.signal, 9);
  EXPECT_EQ(back->steps.at(0).attempts.at(0).output, "/o");
  EXPECT_EQ(back->history.at(0).detail, "by ann");
  message.mutable_summary()->set_state(99);
  EXPECT_FALSE(from_wire(message));
}

TEST(Translate, EveryKindOfEndGoesThere) {
  using How = sched::TaskEnd::How;
  for (const How how : {How::kExited, How::kSignalled, How::kNotStarted, How::kLost, How::kMemory,
                        How::kLimit, How::kBuiltIn}) {
    sched::TaskEnd end;
    end.how = how;
    wire::TaskEnd message;
    to_wire(end, message);
    const auto back = from_wire(message);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->how, how);
  }
  wire::TaskEnd later;
  later.set_how(7);
  EXPECT_FALSE(from_wire(later));
}

}  // namespace
}  // namespace jobq::controller
