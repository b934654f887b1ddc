// SPDX-License-Identifier: Apache-2.0
// What good class and ticket files mean, key by key.
#include "conf/ticket_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace jobq::conf {
namespace {

using sched::Condition;
using sched::JobSpec;
using sched::NameValue;
using sched::OnFailure;
using sched::StepKind;
using sched::Ticket;
using testing::ElementsAre;
using testing::IsEmpty;

std::string all(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& fault : faults) text += to_string(fault) + "\n";
  return text;
}

Ticket ticket(const std::string& text, const std::string& here = {}) {
  auto parsed = parse_ticket(text, "f", here);
  EXPECT_EQ(all(parsed.faults), "");
  return parsed.value;
}

JobSpec spec(const std::string& text, const std::string& here = {}) {
  const Ticket parsed = ticket(text, here);
  return parsed.spec ? *parsed.spec : JobSpec{};
}

sched::ClassDefinition job_class(const std::string& text) {
  auto parsed = parse_class(text, "f");
  EXPECT_EQ(all(parsed.faults), "");
  return parsed.value;
}

TEST(TicketFile, AStepAtTheTopIsNamedMain) {
  const JobSpec job = spec(R"(run = ["./simulate", "--seed", 7])");
  ASSERT_EQ(job.steps.size(), 1U);
  EXPECT_EQ(job.steps[0].name, "main");
  EXPECT_EQ(job.steps[0].kind, StepKind::kRun);
  EXPECT_THAT(job.steps[0].argv, ElementsAre("./simulate", "--seed", "7"));
  EXPECT_FALSE(job.steps[0].literal);
}

TEST(TicketFile, AStringToRunGoesToTheShell) {
  EXPECT_THAT(spec("run = 'rm -rf work'").steps[0].argv,
              ElementsAre("/bin/sh", "-c", "rm -rf work"));
}

TEST(TicketFile, AScriptIsKeptWhole) {
  const JobSpec job = spec("script = '''\n#!/bin/bash\necho $HOME ${HOME:-x} $${HOME}\n'''");
  EXPECT_EQ(job.steps[0].kind, StepKind::kScript);
  EXPECT_EQ(job.steps[0].script, "#!/bin/bash\necho $HOME ${HOME:-x} $${HOME}\n");
  EXPECT_THAT(job.steps[0].argv, IsEmpty());
}

TEST(TicketFile, NeedsTakeSuffixesAndSiteCounts) {
  const auto needs = spec(R"(run = "x"
      [needs]
      cpus = 4
      memory = "8G"
      gpus = 1
      exclusive = ["plan-db", "disk"]
      tokens = { solver = 2, cad = 1 }
      tpus = 3
      scratch = "100G"
      unused = 0)")
                         .needs;
  EXPECT_EQ(needs.cpus, 4U);
  EXPECT_EQ(needs.memory, Bytes{8ULL << 30U});
  EXPECT_EQ(needs.gpus, 1U);
  EXPECT_THAT(needs.exclusive, ElementsAre("disk", "plan-db"));
  EXPECT_THAT(needs.tokens, ElementsAre(resmgr::Count{"cad", 1}, resmgr::Count{"solver", 2}));
  EXPECT_THAT(needs.counts,
              ElementsAre(resmgr::Count{"scratch", 100ULL << 30U}, resmgr::Count{"tpus", 3}));
}

TEST(TicketFile, AServiceAloneTakesAProcessor) {
  EXPECT_EQ(resmgr::to_string(spec("run = 'x'\nneeds = { service = 'planner' }").needs),
            "1 cpu, service planner");
}

TEST(TicketFile, AnElementIsOfNeedsAndThatOfTheTicketWins) {
  EXPECT_EQ(spec("run = 'x'\nneeds = { element = 'batch' }").needs.element, "batch");
  EXPECT_EQ(spec("run = 'x'\nneeds = { element = 'a' }\nticket = { element = 'b' }").needs.element,
            "b");
  const JobSpec job = spec(
      "needs = { element = 'a' }\n[[step]]\nname = 's'\nrun = 'x'\n"
      "needs = { cpus = 1, element = 'b' }");
  EXPECT_EQ(job.needs.element, "a");
  EXPECT_EQ(job.steps[0].needs->element, "b");
  const auto of_class = parse_ticket("[ticket]\nclass = 'c'\nelement = 'b'", "f");
  ASSERT_TRUE(of_class.ok()) << to_string(of_class.faults[0]);
  EXPECT_EQ(of_class.value.element, "b");
}

TEST(TicketFile, OneExclusiveResourceMayBeAStringAndMemoryAPlainNumber) {
  const auto needs = spec("run = 'x'\nneeds = { exclusive = 'db', memory = 4096 }").needs;
  EXPECT_THAT(needs.exclusive, ElementsAre("db"));
  EXPECT_EQ(needs.memory, Bytes{4096});
}

TEST(TicketFile, TicketKeysOfAnInlineJobGoWhereTheyAreShared) {
  const Ticket parsed = ticket(R"(run = "x ${day}"
      [ticket]
      name = "nightly run"
      priority = 60
      hold = true
      time_limit = "4h"
      key = "k-1"
      workdir = "/work"
      output = "logs/%j.%s.log"
      error = "logs/%x%%.err"
      on_failure = "continue"
      params = { day = "2026-11-21", dry = true, n = 3 }
      env = { B = "2", A = "${day}" })");
  EXPECT_EQ(parsed.name, "nightly run");
  EXPECT_EQ(parsed.priority, 60);
  EXPECT_TRUE(parsed.hold);
  EXPECT_EQ(parsed.time_limit, seconds(4 * 3600));
  EXPECT_EQ(parsed.key, "k-1");
  EXPECT_THAT(parsed.params, ElementsAre(NameValue{"day", "2026-11-21"}, NameValue{"dry", "true"},
                                         NameValue{"n", "3"}));
  EXPECT_THAT(parsed.env, IsEmpty());
  EXPECT_EQ(parsed.workdir + parsed.output + parsed.error, "");
  EXPECT_THAT(parsed.spec->env, ElementsAre(NameValue{"A", "${day}"}, NameValue{"B", "2"}));
  EXPECT_EQ(parsed.spec->workdir, "/work");
  EXPECT_EQ(parsed.spec->output, "logs/%j.%s.log");
  EXPECT_EQ(parsed.spec->error, "logs/%x%%.err");
  EXPECT_EQ(parsed.spec->on_failure, OnFailure::kContinue);
  EXPECT_EQ(parsed.spec->priority, sched::kDefaultPriority);
  EXPECT_EQ(parsed.spec->params.size(), 3U);
}

TEST(TicketFile, ATicketOfAClassKeepsItsOwnTexts) {
  const Ticket parsed = ticket(R"([ticket]
      class = "daily-plan"
      version = 3
      output = "%j.log"
      env = { DAY = "${day}" }
      [ticket.params]
      day = "2026-11-21")",
                               "/data/ann");
  EXPECT_EQ(parsed.spec, nullptr);
  EXPECT_EQ(parsed.class_name, "daily-plan");
  EXPECT_EQ(parsed.class_version, "3");
  EXPECT_EQ(parsed.output, "%j.log");
  EXPECT_EQ(parsed.workdir, "/data/ann");
  EXPECT_THAT(parsed.env, ElementsAre(NameValue{"DAY", "${day}"}));
  EXPECT_THAT(parsed.params, ElementsAre(NameValue{"day", "2026-11-21"}));
}

TEST(TicketFile, TheWorkingDirectoryIsWhereTheTicketIsSubmitted) {
  const std::string relative = "run = 'x'\n[ticket]\nworkdir = 'sub'";
  EXPECT_EQ(spec("run = 'x'", "/data/ann").workdir, "/data/ann");
  EXPECT_EQ(spec(relative, "/data/ann").workdir, "/data/ann/sub");
  EXPECT_EQ(spec(relative).workdir, "sub");
  EXPECT_EQ(spec("run = 'x'\n[ticket]\nworkdir = '/w'", "/data/ann").workdir, "/w");
  EXPECT_EQ(spec("run = 'x'", "/odd/${job}").workdir, "/odd/$${job}");
  EXPECT_EQ(spec("run = 'x'").workdir, "");
}

TEST(TicketFile, TimeLimitsAreDurationsOrSeconds) {
  const auto limit = [](const std::string& value) {
    return ticket("run = 'x'\n[ticket]\ntime_limit = " + value).time_limit;
  };
  EXPECT_EQ(limit("90"), seconds(90));
  EXPECT_EQ(limit("'90s'"), seconds(90));
  EXPECT_EQ(limit("'01:30:00'"), seconds(5400));
  EXPECT_EQ(limit("'1-02:00'"), seconds(26 * 3600));
}

TEST(TicketFile, StepsHaveConditionsNeedsAndExitCodes) {
  const JobSpec job = spec(R"(
      [[step]]
      name = "calc"
      run = ["./calc"]
      needs = { cpus = 4, memory = "8G" }
      exit = { success = [1], failure = 0, cancel = [77] }
      [[step]]
      name = "verify"
      after = ["calc.event=a.b=c"]
      run = "verify ${steps.calc.event} on ${steps.calc.node}"
      [[step]]
      name = "repair"
      after_any = ["calc.failure", "calc.cancel", "verify.ended"]
      after = "calc.ended"
      run = "repair")");
  ASSERT_EQ(job.steps.size(), 3U);
  EXPECT_EQ(job.steps[0].needs->cpus, 4U);
  EXPECT_TRUE(job.needs.empty());
  EXPECT_EQ(job.steps[0].exit, (sched::ExitMap{{1}, {0}, {77}}));
  using On = Condition::On;
  EXPECT_THAT(job.steps[1].after, ElementsAre(Condition{"calc", On::kEvent, "a.b=c"}));
  EXPECT_THAT(job.steps[2].after, ElementsAre(Condition{"calc", On::kEnded, ""}));
  EXPECT_THAT(job.steps[2].after_any,
              ElementsAre(Condition{"calc", On::kFailure, ""}, Condition{"calc", On::kCancel, ""},
                          Condition{"verify", On::kEnded, ""}));
}

TEST(TicketFile, CleanupMayUseTheValuesOfAllSteps) {
  const JobSpec job = spec(R"(run = "x"
      [cleanup]
      run = ["rm", "-rf", "work-${steps.main.event}"]
      time_limit = "30s")");
  ASSERT_TRUE(job.cleanup);
  EXPECT_EQ(job.cleanup->name, "cleanup");
  EXPECT_EQ(job.cleanup->time_limit, seconds(30));
}

TEST(TicketFile, StepsHaveTimeLimitsAndJobsAWarningBeforeThem) {
  const JobSpec job = spec(R"([ticket]
      signal = "USR1@60"
      [[step]]
      name = "calc"
      time_limit = "5m"
      run = "./calc")");
  EXPECT_EQ(job.steps[0].time_limit, seconds(300));
  EXPECT_EQ(job.warning, (sched::Warning{10, seconds(60)}));
  const auto definition =
      job_class("run = 'x'\n[class]\nname = 'a'\nversion = '1'\nsignal = 'SIGTERM@2m'\n");
  EXPECT_EQ(definition.spec->warning, (sched::Warning{15, seconds(120)}));
  const Ticket of_class = ticket("[ticket]\nclass = 'a'\nsignal = '12@30s'\n");
  EXPECT_EQ(of_class.warning, (sched::Warning{12, seconds(30)}));
}

constexpr std::string_view kClass = R"([class]
name = "daily-plan"
version = "3"
priority = 60
time_limit = "4h"
on_failure = "continue"
[class.params]
day = { required = true }
region = { default = "all" }
[[step]]
name = "calc"
run = ["./calc", "--day", "${day}", "${region}", "${job}"]
)";

TEST(TicketFile, AClassHasNameVersionAndParameters) {
  const auto definition = job_class(std::string(kClass));
  const JobSpec& job = *definition.spec;
  EXPECT_EQ(job.class_name, "daily-plan");
  EXPECT_EQ(job.class_version, "3");
  EXPECT_EQ(job.priority, 60);
  EXPECT_EQ(job.time_limit, seconds(4 * 3600));
  EXPECT_EQ(job.on_failure, OnFailure::kContinue);
  EXPECT_THAT(job.params, ElementsAre(sched::ParamSpec{"day", true, std::nullopt},
                                      sched::ParamSpec{"region", false, "all"}));
  EXPECT_EQ(definition.text, kClass);
  EXPECT_EQ(definition.file, "f");
}

TEST(TicketFile, TheElementOfAClassIsThatOfItsNeeds) {
  const auto element_of = [](const std::string& of_class, const std::string& needs) {
    const std::string text = fmt::format(
        "run = 'x'\n[class]\nname = 'a'\nversion = '1'\n{}\n[needs]\n{}\n", of_class, needs);
    return job_class(text).spec->needs.element;
  };
  EXPECT_EQ(element_of("element = 'batch'", ""), "batch");
  EXPECT_EQ(element_of("element = 'batch'", "cpus = 4"), "batch");
  EXPECT_EQ(element_of("element = 'batch'", "element = 'batch'"), "batch");
  EXPECT_EQ(element_of("", "element = 'batch'"), "batch");
  EXPECT_EQ(element_of("", "cpus = 4"), "");
}

TEST(TicketFile, AFileIsAClassOrATicket) {
  EXPECT_TRUE(std::holds_alternative<sched::ClassDefinition>(parse_file(kClass, "f").value));
  EXPECT_TRUE(std::holds_alternative<Ticket>(parse_file("run = 'x'", "f").value));
}

TEST(TicketFile, JsonOfTheSameShapeIsTheSame) {
  const Ticket toml = ticket(R"(
      [ticket]
      name = "s7"
      priority = 5
      env = { B = "2", A = "1" }
      [needs]
      cpus = 1
      [[step]]
      name = "a"
      run = ["true"]
      [[step]]
      name = "b"
      run = "exit 3"
      after = ["a"]
      [cleanup]
      run = "rm -f x")");
  const Ticket json = ticket(R"(
      {"ticket": {"name": "s7", "priority": 5, "env": {"B": "2", "A": "1"}}, "needs": {"cpus": 1},
       "step": [{"name": "a", "run": ["true"]}, {"name": "b", "run": "exit 3", "after": ["a"]}],
       "cleanup": {"run": "rm -f x"}})");
  EXPECT_EQ(*toml.spec, *json.spec);
  EXPECT_EQ(toml.name, json.name);
  EXPECT_EQ(toml.priority, json.priority);
  EXPECT_EQ(sched::hash_of(*toml.spec), sched::hash_of(*json.spec));
}

TEST(TicketFile, JsonTicketsOfTheDocumentation) {
  const auto one = parse_json_ticket(
      R"({"run": ["./simulate", "--seed", "7"], "ticket": {"name": "s7", "priority": 5}, )"
      R"("needs": {"cpus": 1}})",
      "-", 1);
  EXPECT_EQ(all(one.faults), "");
  EXPECT_EQ(one.value.name, "s7");
  EXPECT_EQ(one.value.spec->needs.cpus, 1U);
  const auto of_class = parse_json_ticket(
      R"({"ticket": {"class": "daily-plan", "params": {"day": "2026-11-21"}}})", "-", 2);
  EXPECT_EQ(all(of_class.faults), "");
  EXPECT_EQ(of_class.value.class_name, "daily-plan");
}

TEST(TicketFile, AJsonTicketOfAStreamNamesItsLine) {
  const auto parsed = parse_json_ticket(R"({"run": ["x"], "hold": true})", "-", 17);
  ASSERT_EQ(parsed.faults.size(), 1U);
  EXPECT_EQ(to_string(parsed.faults[0]),
            "-:17:16: 'hold' at the top; expected it in [ticket] or [class]");
}

TEST(TicketFile, AByteOrderMarkIsNotPartOfTheText) {
  EXPECT_EQ(spec("\xef\xbb\xbfrun = 'x'").steps.size(), 1U);
  EXPECT_EQ(spec("\xef\xbb\xbf{\"run\": \"x\"}").steps.size(), 1U);
}

}  // namespace
}  // namespace jobq::conf
