// SPDX-License-Identifier: Apache-2.0
// Steps as a graph: the lines on a terminal, and the language of Graphviz.
#include "cmd/job_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

#include "cmd/step_lanes.h"

namespace jobq::cmd {
namespace {

using sched::Condition;
using sched::StepState;
using sched::StepView;
using testing::HasSubstr;
using testing::Not;

Terminal wide(bool unicode = true) { return {true, 80, 24, false, unicode}; }

StepView step(const std::string& name, std::initializer_list<const char*> after,
              StepState state = StepState::kPending) {
  StepView view;
  view.name = name;
  view.state = state;
  for (const char* text : after) view.after.push_back(*sched::parse_condition(text));
  return view;
}

sched::JobDetail job_of(std::vector<StepView> steps) {
  sched::JobDetail job;
  job.summary.job = JobNumber{17};
  job.summary.name = "plan";
  job.steps = std::move(steps);
  return job;
}

std::string text_of(std::vector<StepView> steps, const Terminal& terminal = wide()) {
  return "\n" + graph_text(job_of(std::move(steps)), terminal, Time{0});
}

TEST(JobGraph, OneAfterTheOther) {
  EXPECT_EQ(text_of({step("a", {}, StepState::kSucceeded), step("b", {"a"}, StepState::kRunning),
                     step("c", {"b"})}),
            R"(
✓ a  succeeded
│
● b  running
│
○ c  pending
)");
}

TEST(JobGraph, WhatIsAloneHasNoLine) {
  EXPECT_EQ(text_of({step("a", {}), step("b", {})}), R"(
○ a  pending
○ b  pending
)");
}

TEST(JobGraph, AForkAndAJoin) {
  EXPECT_EQ(text_of({step("a", {}), step("b", {"a"}), step("c", {"a"}), step("d", {"b", "c"})}),
            R"(
○   a  pending
├─╮
│ ○ b  pending
│ │
○ │ c  pending
├─╯
○   d  pending
)");
}

TEST(JobGraph, ALinePassesBehindOthers) {
  // b's lane stands between a's and d's.
  EXPECT_EQ(text_of({step("a", {}), step("b", {"a"}), step("c", {"a"}), step("d", {"a"}),
                     step("e", {"b", "c", "d"})}),
            R"(
○     a  pending
├─╮
│ ○   b  pending
├─│─╮
│ │ ○ c  pending
│ │ │
○ │ │ d  pending
├─┴─╯
○     e  pending
)");
}

TEST(JobGraph, TheOrderIsOneInWhichTheyCouldRun) {
  EXPECT_EQ(text_of({step("last", {"first"}), step("first", {})}), R"(
○ first  pending
│
○ last   pending
)");
}

TEST(JobGraph, ConditionsThatTheLinesDoNotSayAreSaid) {
  StepView any = step("c", {});
  any.after_any = {*sched::parse_condition("a"), *sched::parse_condition("b.ended")};
  StepView some = step("b", {"a.failure"}, StepState::kSkipped);
  some.reason = "a succeeded";
  EXPECT_EQ(text_of({step("a", {}), some, any}), R"(
○   a  pending
├─╮
│ · b  skipped  a succeeded; after a.failure
├─╯
○   c  pending  after one of a, b.ended
)");
}

TEST(JobGraph, WhereItRunsAndWhatItSaid) {
  StepView done = step("a", {}, StepState::kFailed);
  done.event = "differs";
  done.attempts.resize(1);
  done.attempts[0].attempt = Attempt{2};
  done.attempts[0].node = "n1";
  done.attempts[0].started = Time{1'000};
  done.attempts[0].ended = Time{13'000};
  EXPECT_EQ(text_of({done}), "\n✗ a  failed  on n1, 12s, try 2, event differs\n");
  done.event = "3";
  done.attempts[0].end.exit_code = 3;
  EXPECT_EQ(text_of({done}), "\n✗ a  failed  on n1, 12s, try 2\n");
}

TEST(JobGraph, WhereALoopGoesBackTo) {
  StepView verify = step("verify", {"calc"}, StepState::kRunning);
  verify.again = {"calc", *sched::parse_loop_when("event=differs"), 3};
  verify.round = 2;
  verify.went_back = 1;
  EXPECT_EQ(text_of({step("calc", {}, StepState::kSucceeded), verify}), R"(
✓ calc    succeeded
│
● verify  running    round 2 of 4; goes back to calc on event=differs
)");
  EXPECT_THAT(graph_dot(job_of({step("calc", {}), verify})),
              HasSubstr("  \"verify\" -> \"calc\" [label=\"event=differs\", style=dotted, "
                        "constraint=false];\n"));
}

TEST(JobGraph, AsciiWhereTheTerminalKnowsNoMore) {
  EXPECT_EQ(text_of({step("a", {}), step("b", {"a"}), step("c", {"a"})}, wide(false)), R"(
o   a  pending
+-+
| o b  pending
|
o   c  pending
)");
}

TEST(JobGraph, TooManySideBySideAreListedWithTheirConditions) {
  std::vector<StepView> steps = {step("a", {})};
  StepView join = step("join", {});
  for (int i = 0; i < 40; ++i) {
    steps.push_back(step("s" + std::to_string(i), {"a"}));
    join.after.push_back({"s" + std::to_string(i), Condition::On::kSuccess, ""});
  }
  steps.push_back(join);
  const std::string text = text_of(steps);
  EXPECT_THAT(text, Not(HasSubstr("│")));
  EXPECT_THAT(text, HasSubstr("○ s39   pending  after a\n"));
  Terminal pipe;
  pipe.unicode = true;
  EXPECT_THAT(text_of(steps, pipe), HasSubstr("\n├─╮\n"));
}

TEST(JobGraph, LinesFitTheTerminal) {
  StepView talks = step("a", {});
  talks.reason = std::string(200, 'x');
  const std::string text = text_of({talks});
  EXPECT_LE(columns_of(text), 1 + 80 + 1);
}

TEST(JobGraph, EveryStepIsThereOnceAfterItsSources) {
  // Of each step, some before it: what a fixed rule picks.
  std::vector<std::vector<std::size_t>> sources(200);
  for (std::size_t i = 1; i < sources.size(); ++i) {
    for (std::size_t k = 1; k <= i % 4; ++k) sources[i].push_back((i * 7 + k * k * 31) % i);
  }
  const auto rows = draw(sources, 1000, true);
  ASSERT_TRUE(rows);
  std::vector<bool> seen(sources.size());
  for (const DrawnRow& row : *rows) {
    if (!row.step) continue;
    EXPECT_FALSE(seen[*row.step]);
    for (const std::size_t source : sources[*row.step]) EXPECT_TRUE(seen[source]);
    seen[*row.step] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 200);
}

TEST(JobGraph, GraphvizGetsStepsAndConditions) {
  StepView calc = step("calc", {"a.event=say \"x\\y\""}, StepState::kFailed);
  calc.after_any = {{"a", Condition::On::kEnded, ""}};
  EXPECT_EQ(graph_dot(job_of({step("a", {}), calc})), R"dot(digraph "job 17 plan" {
  node [shape=box, style=filled];
  "a" [label="a\npending", fillcolor=white];
  "calc" [label="calc\nfailed", fillcolor=salmon];
  "a" -> "calc" [label="event=say \"x\\y\"", style=solid];
  "a" -> "calc" [label="ended", style=dashed];
}
)dot");
}

}  // namespace
}  // namespace jobq::cmd
