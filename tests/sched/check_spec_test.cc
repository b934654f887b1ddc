// SPDX-License-Identifier: Apache-2.0
// What check_spec() and check_ticket() find wrong, and with which words.
#include "sched/check_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "sched/mailbox.h"

namespace jobq::sched {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A step that runs "x" after the given conditions.
StepSpec step(const std::string& name, const std::vector<std::string>& after = {}) {
  StepSpec spec;
  spec.name = name;
  spec.argv = {"x"};
  for (const std::string& text : after) spec.after.push_back(*parse_condition(text));
  return spec;
}

JobSpec job(std::vector<StepSpec> steps) {
  JobSpec spec;
  spec.steps = std::move(steps);
  return spec;
}

std::vector<std::string> lines(const std::vector<Fault>& faults) {
  std::vector<std::string> out;
  for (const Fault& fault : faults) out.push_back(to_string({fault}));
  return out;
}

std::vector<std::string> faults_of(const JobSpec& spec) { return lines(check_spec(spec)); }

// The faults of a job of one step that was changed.
std::vector<std::string> after_change(const std::function<void(JobSpec&, StepSpec&)>& change) {
  JobSpec spec = job({step("a")});
  change(spec, spec.steps[0]);
  return faults_of(spec);
}

TEST(CheckSpec, AGoodSpecHasNoFaults) {
  JobSpec spec = job({step("a"), step("b", {"a.event=1"}), step("c", {"a.failure", "b.ended"})});
  spec.params = {{"day", true, std::nullopt}};
  spec.steps[1].argv = {"x", "${day}", "${job}", "${steps.a.event}", "${steps.a.node}", "$HOME"};
  spec.cleanup = step("cleanup");
  spec.env = {{"A", "${day}"}, {"B", ""}};
  spec.workdir = "/w/${job}";
  spec.output = "%j-%A-%x-%s-%a-%t-%u-%N-%%-%08j-%4a.log";
  EXPECT_THAT(faults_of(spec), IsEmpty());
}

TEST(CheckSpec, OnlyNumbersInAPatternTakeAWidth) {
  JobSpec spec = job({step("a")});
  for (const auto& [pattern, fault] : std::vector<std::pair<std::string, std::string>>{
           {"a%4x", "'%4x': only numbers take a width: %j, %A, %a and %t"},
           {"%11a", "'%11a': a number is made at most 10 wide"},
           {"%99999999999999999999999j",
            "'%99999999999999999999999j': a number is made at most 10 wide"},
           {"end%",
            "'%' is not a letter of a pattern; expected %j or %A (job), %x (name), %s "
            "(step), %a (index), %t (attempt), %u (user), %N (node) or %%"}}) {
    spec.output = pattern;
    EXPECT_THAT(faults_of(spec), ElementsAre("ticket.output: " + fault));
  }
}

TEST(CheckSpec, AJobHasOneToTenThousandSteps) {
  EXPECT_THAT(faults_of(job({})), ElementsAre("step: expected at least one step, found none"));
  EXPECT_THAT(faults_of(job(std::vector<StepSpec>(10'001, step("a")))),
              ElementsAre("step: a job has at most 10000 steps, found 10001"));
}

TEST(CheckSpec, StepNamesAreNamesWithoutDotsAndDiffer) {
  EXPECT_THAT(
      faults_of(job({step("a"), step("b.c"), step(""), step("a"), step("cleanup")})),
      ElementsAre("step[1].name: 'b.c' is not a name of a step; expected letters, digits, "
                  "'_' and '-', a letter or digit first, at most 64",
                  "step[2].name: '' is not a name of a step; expected letters, digits, "
                  "'_' and '-', a letter or digit first, at most 64",
                  "step[3].name: step 'a' is there already, as step 1",
                  "step[4].name: 'cleanup' is the name of the cleanup step; choose another"));
}

TEST(CheckSpec, ConditionsAreOnOtherStepsOfTheJob) {
  JobSpec spec = job({step("calc"), step("b", {"cacl", "b.failure"})});
  spec.steps[1].after_any = {*parse_condition("calc"), *parse_condition("zzz.ended")};
  EXPECT_THAT(faults_of(spec),
              ElementsAre("step[1].after[0]: no step is named 'cacl'; did you mean 'calc'?",
                          "step[1].after[1]: step 'b' cannot come after itself",
                          "step[1].after_any[1]: no step is named 'zzz'"));
}

TEST(CheckSpec, CirclesAreNamedInTheOrderOfRunning) {
  EXPECT_THAT(faults_of(job({step("a", {"b"}), step("b", {"a"})})),
              ElementsAre("step[0].after[0]: steps wait for each other in a circle: a -> b -> a"));
  EXPECT_THAT(faults_of(job({step("z"), step("a", {"z", "c.failure"}), step("b", {"a.ended"}),
                             step("c", {"b.event=1"}), step("d", {"c"})})),
              ElementsAre("step[1].after[1]: steps wait for each other in a circle: "
                          "a -> b -> c -> a"));
}

TEST(CheckSpec, SeparateCirclesAreAllNamed) {
  EXPECT_THAT(
      faults_of(job({step("a", {"b"}), step("b", {"a"}), step("c", {"d"}), step("d", {"c"})})),
      ElementsAre("step[0].after[0]: steps wait for each other in a circle: a -> b -> a",
                  "step[2].after[0]: steps wait for each other in a circle: c -> d -> c"));
}

TEST(CheckSpec, StepsOnTwoWaysAreNoCircle) {
  EXPECT_THAT(faults_of(job({step("a"), step("b", {"a"}), step("c", {"a"}),
                             step("d", {"b", "c", "a", "b.failure"})})),
              IsEmpty());
}

StepSpec looping(StepSpec step, const std::string& to, std::uint32_t max = 3) {
  step.again = {to, *parse_loop_when("failure"), max};
  return step;
}

TEST(CheckSpec, ALoopGoesBackToItsStepOrToOneBefore) {
  EXPECT_THAT(faults_of(job({step("a"), looping(step("b", {"a"}), "a")})), IsEmpty());
  EXPECT_THAT(faults_of(job({looping(step("a"), "a")})), IsEmpty());
  EXPECT_THAT(faults_of(job({step("a"), looping(step("b", {"a"}), "c"), step("c", {"b"})})),
              ElementsAre("step[1].again.to: 'b' does not come after 'c', so it cannot go back "
                          "there; expected one of: b, a"));
  EXPECT_THAT(faults_of(job({step("calc"), looping(step("b", {"calc"}), "clac")})),
              ElementsAre("step[1].again.to: no step is named 'clac'; did you mean 'calc'?"));
}

TEST(CheckSpec, ALoopHasAnEndAndAMost) {
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) { s = looping(s, "a", 0); }),
              ElementsAre("step[0].again.max: expected 1 to 1000 times, found 0"));
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) { s = looping(s, "a", 1001); }),
              ElementsAre("step[0].again.max: expected 1 to 1000 times, found 1001"));
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) {
                s = looping(s, "a");
                s.again->when.on = Condition::On::kCancel;
              }),
              ElementsAre("step[0].again.when: expected \"success\", \"failure\", \"ended\" or "
                          "\"event=VALUE\", of the step itself"));
  EXPECT_THAT(
      after_change([](JobSpec& spec, StepSpec&) { spec.cleanup = looping(step("cleanup"), "a"); }),
      ElementsAre("cleanup.again: cleanup runs once, at the end of the job"));
}

TEST(CheckSpec, LoopsLieWithinEachOtherOrApart) {
  const auto line = [](StepSpec b, StepSpec c, StepSpec d) {
    return faults_of(job({step("a"), std::move(b), std::move(c), std::move(d)}));
  };
  const StepSpec b = step("b", {"a"});
  const StepSpec c = step("c", {"b"});
  const StepSpec d = step("d", {"c"});
  EXPECT_THAT(line(b, looping(c, "b"), looping(d, "a")), IsEmpty());
  EXPECT_THAT(line(b, looping(c, "a"), looping(d, "a")), IsEmpty());
  EXPECT_THAT(line(looping(b, "a"), c, looping(d, "c")), IsEmpty());
  EXPECT_THAT(line(b, looping(c, "a"), looping(d, "b")),
              ElementsAre("step[3].again: the loops from 'c' back to 'a' and from 'd' back to 'b' "
                          "overlap; expected one of them to lie within the other, or to have no "
                          "step in common with it"));
  EXPECT_THAT(line(b, looping(c, "b", 200), looping(d, "a", 100)),
              ElementsAre("step[2].again.max: with the loops around it there could be more than "
                          "10000 rounds in all; expected fewer"));
}

TEST(CheckSpec, AJobHasSoManyLoopsAtMost) {
  std::vector<StepSpec> steps;
  for (int i = 0; i < 101; ++i) {
    const std::string name = "s" + std::to_string(i);
    steps.push_back(looping(step(name), name));
  }
  EXPECT_THAT(faults_of(job(steps)), ElementsAre("step: a job has at most 100 loops, found 101"));
}

TEST(CheckSpec, CommandsAreNotEmpty) {
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) { s.argv = {}; }),
              ElementsAre("step[0].run: expected a command, found none"));
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) {
                s.argv = {"", "x"};
              }),
              ElementsAre("step[0].run: expected a command, found none"));
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) {
                s.argv = {"/bin/sh", "-c", "\n"};
              }),
              ElementsAre("step[0].run: expected a command, found an empty one"));
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) { s.kind = StepKind::kScript; }),
              ElementsAre("step[0].script: expected a script, found an empty one"));
}

TEST(CheckSpec, WhatTheControllerCarriesOutIsWhole) {
  EXPECT_THAT(
      after_change([](JobSpec&, StepSpec& s) {
        s.kind = StepKind::kSpawn;
        s.spawn = Spawn{"a b", "1 2", "", {{"day", "${nothing}"}}, 5000, false, {}};
      }),
      ElementsAre(HasSubstr("step[0].spawn.class: 'a b' is not a name of a class"),
                  HasSubstr("step[0].spawn.version: '1 2' is not a version of a class"),
                  HasSubstr("step[0].spawn.params.day: "), HasSubstr("step[0].spawn.priority: ")));
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) { s.kind = StepKind::kWait; }),
              ElementsAre("step[0].wait: expected numbers or names of 1 to 1000 jobs, found 0"));
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) {
                s.kind = StepKind::kWait;
                s.wait_for = {"41", ""};
              }),
              ElementsAre("step[0].wait[1]: expected the number or name of a job"));
  EXPECT_THAT(
      after_change([](JobSpec&, StepSpec& s) {
        s.kind = StepKind::kSend;
        s.send = Send{"mailbox:a b", "", std::string(kMostPayloadBytes + 1, 'x'), Millis{1}, false};
      }),
      ElementsAre(HasSubstr("step[0].send.to: "), HasSubstr("step[0].send.event: "),
                  HasSubstr("step[0].send.payload: "), HasSubstr("step[0].send.ttl: ")));
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) {
                s.kind = StepKind::kRecv;
                s.recv = Recv{"", "mailbox:a b", "shared:"};
              }),
              ElementsAre(HasSubstr("step[0].recv.event: "), HasSubstr("step[0].recv.from: "),
                          HasSubstr("step[0].recv.mailbox: ")));
  // What has values is looked at when the step starts.
  EXPECT_THAT(after_change([](JobSpec& j, StepSpec& s) {
                j.params = {{"to", true, std::nullopt}};
                s.kind = StepKind::kSend;
                s.send = Send{"mailbox:${to}", "go ${job}", "", std::nullopt, true};
              }),
              IsEmpty());
}

TEST(CheckSpec, FilesHavePlaces) {
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) { s.kind = StepKind::kGive; }),
              ElementsAre("step[0].give: expected files, found none"));
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) {
                s.kind = StepKind::kDispose;
                s.files = FileSpec{{"a", " "}, "device:printer", 17, false, false};
              }),
              ElementsAre("step[0].dispose.from: expected the place of a file, found an empty one",
                          "step[0].dispose.to: a device stands in the `to` of an [[export]] only",
                          "step[0].dispose.streams: expected 1 to 16, found 17"));
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) {
                s.kind = StepKind::kInquire;
                s.files = FileSpec{{"${day}"}, "", 0, false, false};
              }),
              ElementsAre(HasSubstr("step[0].inquire.files: ")));
}

TEST(CheckSpec, NulBytesAreNowhere) {
  const std::string nul("a\0b", 3);
  EXPECT_THAT(after_change([&](JobSpec& j, StepSpec& s) {
                s.argv = {"x", nul};
                j.workdir = nul;
                j.env = {{"A", nul}};
              }),
              ElementsAre("ticket.env.A: a NUL byte is in the text",
                          "ticket.workdir: a NUL byte is in the text",
                          "step[0].run[1]: a NUL byte is in the text"));
  EXPECT_THAT(after_change([&](JobSpec&, StepSpec& s) {
                s.literal = true;
                s.argv = {nul};
              }),
              ElementsAre("step[0].run[0]: a NUL byte is in the text"));
}

TEST(CheckSpec, LiteralStepsHaveNoValues) {
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) {
                s.literal = true;
                s.kind = StepKind::kScript;
                s.script = "echo ${HOME}";
                s.argv = {"${1}"};
              }),
              IsEmpty());
}

TEST(CheckSpec, ValuesOfStepsNeedAnOrder) {
  JobSpec spec = job({step("a"), step("b", {"a"}), step("c", {"b"}), step("d")});
  spec.steps[2].argv = {"x", "${steps.a.event}"};
  spec.steps[3].argv = {"x", "${steps.a.event}", "${steps.d.event}", "${steps.e.node}"};
  spec.cleanup = step("cleanup");
  spec.cleanup->argv = {"x", "${steps.d.event}"};
  spec.output = "${steps.a.event}";
  EXPECT_THAT(
      faults_of(spec),
      ElementsAre("ticket.output: ${steps.a.event} has no value here: this text is set before any "
                  "step runs",
                  "step[3].run[2]: ${steps.d.event} has no value here: a step cannot use its own",
                  "step[3].run[3]: no step is named 'e', as ${steps.e.node} says",
                  "step[3].run[1]: ${steps.a.event} may have no value yet: 'd' does not come after "
                  "'a'"));
}

TEST(CheckSpec, ExitCodesAreBytesAndListedOnce) {
  EXPECT_THAT(after_change([](JobSpec&, StepSpec& s) {
                s.exit = {{1, -1}, {256}, {2, 1}};
              }),
              ElementsAre("step[0].exit.success[1]: expected an exit code of 0 to 255, found -1",
                          "step[0].exit.failure[0]: expected an exit code of 0 to 255, found 256",
                          "step[0].exit.cancel[1]: exit code 1 is listed twice: success and "
                          "cancel"));
}

TEST(CheckSpec, LimitsAndPrioritiesAreInRange) {
  EXPECT_THAT(after_change([](JobSpec& j, StepSpec& s) {
                j.class_name = "c";
                j.class_version = "1";
                j.priority = -1;
                j.time_limit = Millis{0};
                s.time_limit = Millis{-5};
              }),
              ElementsAre("class.priority: expected a priority of 0 to 1000, found -1",
                          "class.time_limit: expected a duration longer than nothing, like \"2h\", "
                          "found 0s",
                          "step[0].time_limit: expected a duration longer than nothing, like "
                          "\"2h\", found -5ms"));
}

TEST(CheckSpec, CleanupHasItsNameAndNoConditions) {
  JobSpec spec = job({step("a")});
  spec.cleanup = step("tidy", {"a"});
  EXPECT_THAT(faults_of(spec),
              ElementsAre("cleanup: the cleanup step is named 'cleanup'",
                          "cleanup: cleanup has no conditions: it runs at every end of a job"));
}

TEST(CheckSpec, NeedsHaveNamesInOrder) {
  EXPECT_THAT(after_change([](JobSpec& j, StepSpec& s) {
                j.needs.exclusive = {"db", "db"};
                j.needs.tokens = {{"b", 1}, {"a", 0}};
                s.needs.emplace().counts = {{"a b", 1}};
                s.needs->exclusive = {"db"};
              }),
              ElementsAre("needs.tokens: 'a' is out of order",
                          "needs.tokens.a: expected a whole number of 1 or more, found 0",
                          "needs.exclusive: 'db' is listed twice",
                          "step[0].needs: 'a b' is not a name of a resource; expected letters, "
                          "digits, '.', '_' and '-', a letter or digit first, at most 64",
                          "step[0].needs.exclusive: the job holds 'db' already, from its first "
                          "step to its end; leave it out of the step"));
}

TEST(CheckSpec, ParametersAndClassesHaveNames) {
  const auto faults = after_change([](JobSpec& j, StepSpec&) {
    j.class_name = "a b";
    j.class_version = "1";
    j.params = {{"p", true, "q"}, {"p", true, {}}, {"s-t", true, {}}, {"S_T", true, {}}};
    for (const char* name : {"x.y", "index"}) j.params.push_back({name, true, {}});
  });
  EXPECT_THAT(faults,
              ElementsAre("class.name: 'a b' is not a name of a class; expected letters, digits, "
                          "'.', '_' and '-', a letter or digit first, at most 64",
                          "class.params.p: 'p' is required and has a default; one of them is in "
                          "vain",
                          "class.params.x.y: 'x.y' is not a name of a parameter; expected letters, "
                          "digits, '_' and '-', a letter or digit first, at most 64",
                          "class.params.index: 'index' is the name of a value of every job; choose "
                          "another",
                          "class.params.p: 'p' is there twice",
                          "class.params.s-t: 'S_T' and 's-t' would both be JOBQ_PARAM_S_T for the "
                          "steps"));
}

TEST(CheckSpec, NoMoreThanAHundredFaultsAreListed) {
  JobSpec spec = job({});
  for (int i = 0; i < 500; ++i) spec.steps.push_back(step("s" + std::to_string(i), {"zzz"}));
  const auto faults = check_spec(spec);
  ASSERT_EQ(faults.size(), kMaxFaults);
  EXPECT_EQ(faults[98].path, "step[98].after[0]");
  EXPECT_EQ(to_string({faults[99]}), "there are more faults; these are the first 99");
}

TEST(CheckParams, RequiredOnesAreGivenAndUnknownOnesAreNot) {
  JobSpec spec = job({step("a")});
  spec.class_name = "plan";
  spec.params = {{"day", true, {}}, {"region", false, "all"}};
  EXPECT_THAT(lines(check_params(spec, {{"day", "1"}})), IsEmpty());
  EXPECT_THAT(lines(check_params(spec, {{"dya", "1"}, {"region", "a"}, {"region", "b"}})),
              ElementsAre("ticket.params.dya: class plan has no parameter 'dya'; did you mean "
                          "'day'?",
                          "ticket.params.region: 'region' is given twice",
                          "ticket.params: class plan requires the parameter 'day'"));
}

TEST(CheckTicket, HasAClassOrSteps) {
  Ticket ticket;
  EXPECT_THAT(lines(check_ticket(ticket, nullptr)),
              ElementsAre("ticket: expected a class or steps, found neither"));
  ticket.class_name = "plan";
  EXPECT_THAT(lines(check_ticket(ticket, nullptr)), IsEmpty());
  ticket.spec = std::make_shared<JobSpec>(job({step("a")}));
  EXPECT_THAT(lines(check_ticket(ticket, ticket.spec.get())),
              ElementsAre("ticket.class: a ticket that names a class has no steps of its own"));
}

TEST(CheckTicket, OwnWordsAreChecked) {
  Ticket ticket;
  ticket.class_name = "plan";
  ticket.class_version = "1/2";
  ticket.name = "a\nb";
  ticket.key = std::string(300, 'k');
  ticket.priority = 2000;
  ticket.time_limit = Millis{0};
  ticket.env = {{"B", ""}, {"A", ""}, {"", ""}};
  ticket.output = "%z";
  EXPECT_EQ(check_ticket(ticket, nullptr).size(), 9U);
}

TEST(CheckTicket, ValuesAreThoseOfTheClass) {
  JobSpec plan = job({step("a")});
  plan.class_name = "plan";
  plan.params = {{"day", false, "1"}};
  Ticket ticket;
  ticket.class_name = "plan";
  ticket.env = {{"A", "${day} ${dya}"}};
  EXPECT_THAT(lines(check_ticket(ticket, &plan)),
              ElementsAre("ticket.env.A: no parameter is named 'dya', as ${dya} says; a shell "
                          "variable is written $dya or $${dya}; did you mean 'day'?"));
  EXPECT_THAT(lines(check_ticket(ticket, nullptr)), IsEmpty());
}

TEST(Faults, AreJoinedInOneLine) {
  EXPECT_EQ(to_string({{"a", "x"}, {"", "y"}}), "a: x; y");
  EXPECT_EQ(to_string(std::vector<Fault>{}), "");
}

TEST(Printable, TextsAreCutAtACharacterAndCleaned) {
  EXPECT_EQ(printable("a\x1b[1m\n"), "a?[1m?");
  EXPECT_EQ(printable(std::string(999, 'a') + "é"), std::string(999, 'a') + "...");
}

}  // namespace
}  // namespace jobq::sched
