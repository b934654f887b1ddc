// SPDX-License-Identifier: Apache-2.0
// From words, files and options to tickets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cmd/job_build.h"
#include "cmd/job_options.h"
#include "cmd/paths.h"
#include "cmd/submit_sources.h"
#include "tests/temp_dir.h"

namespace jobq::cmd {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;

class SubmitTest : public testing::Test {
 public:
  SubmitTest() : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(directory_.path());
  }
  ~SubmitTest() override { std::filesystem::current_path(before_); }

 protected:
  static void write(const std::string& name, std::string_view text) { std::ofstream(name) << text; }

  std::filesystem::path before_;
  TempDir directory_;
};

JobOptions parsed(const Words& words) {
  JobOptions job;
  Options options("", "");
  add_job_options(options, job);
  EXPECT_TRUE(options.parse(words));
  return job;
}

TEST_F(SubmitTest, a_word_is_a_ticket_a_script_or_a_command) {
  write("job.sh", "echo\n");
  write("tool", "#!/usr/bin/python3\n");
  write("marked", "echo\n#JQ --name x\n");
  write("plain", "nothing\n");
  write("binary", std::string_view("#!\0#JQ", 6));
  EXPECT_EQ(source_of("job.sh", false), Source::kScript);
  EXPECT_EQ(source_of("tool", false), Source::kScript);
  EXPECT_EQ(source_of("./marked", false), Source::kScript);
  EXPECT_EQ(source_of("plain", false), Source::kCommand);
  EXPECT_EQ(source_of("binary", false), Source::kCommand);
  EXPECT_EQ(source_of("missing.sh", false), Source::kScript);
  EXPECT_EQ(source_of("plan.toml", false), Source::kTicketFile);
  EXPECT_EQ(source_of("plan.json", false), Source::kTicketFile);
  EXPECT_EQ(source_of("job.sh", true), Source::kCommand);
  EXPECT_EQ(source_of("plan.toml", true), Source::kCommand);
}

TEST_F(SubmitTest, a_first_line_opens_a_document_when_it_does_not_close_it) {
  EXPECT_TRUE(opens_document("{"));
  EXPECT_TRUE(opens_document(R"({"run": ["true",)"));
  EXPECT_FALSE(opens_document(R"({"run": ["true"]})"));
  EXPECT_FALSE(opens_document(R"({"run": ["{", "\"{"]})"));
}

TEST_F(SubmitTest, a_command_is_taken_as_it_stands) {
  const auto ticket = ticket_from_command({}, {"echo", "${HOME}", "a b"});
  ASSERT_TRUE(ticket) << ticket.error().message;
  const sched::StepSpec& step = ticket->spec->steps.at(0);
  EXPECT_THAT(step.argv, ElementsAre("echo", "${HOME}", "a b"));
  EXPECT_TRUE(step.literal);
  EXPECT_EQ(ticket->spec->workdir, current_directory());
}

TEST_F(SubmitTest, options_become_needs_and_ticket_fields) {
  const auto ticket = ticket_from_command(
      parsed({"--name",      "sim",     "--priority", "70",        "--cpus", "4",
              "--memory",    "8G",      "--gpus",     "1",         "--need", "disk=100",
              "--exclusive", "b,a",     "--tokens",   "solver=2",  "--time", "2h",
              "--hold",      "--key",   "k1",         "--workdir", "sub",    "--output",
              "out.%j",      "--param", "x=1=2",      "-E",        "batch"}),
      {"true"});
  ASSERT_TRUE(ticket) << ticket.error().message;
  EXPECT_EQ(ticket->name, "sim");
  EXPECT_EQ(ticket->priority, 70);
  EXPECT_EQ(ticket->key, "k1");
  EXPECT_TRUE(ticket->hold);
  EXPECT_EQ(ticket->time_limit, seconds(7200));
  EXPECT_EQ(ticket->spec->needs.element, "batch");
  EXPECT_EQ(ticket->element, "");
  EXPECT_THAT(ticket->params, ElementsAre(Pair("x", "1=2")));
  EXPECT_EQ(
      resmgr::to_string(ticket->spec->needs),
      resmgr::to_string(
          {4, Bytes{8ULL << 30U}, 1, {{"disk", 100}}, {"a", "b"}, {{"solver", 2}}, "batch", ""}));
  EXPECT_EQ(ticket->spec->workdir, current_directory() + "/sub");
  EXPECT_EQ(ticket->spec->output, "out.%j");
}

TEST_F(SubmitTest, begin_and_deadline_go_with_commands_and_tickets_and_stay_as_they_are_said) {
  const JobOptions options = parsed({"--begin", "+2h", "--deadline", "2026-11-22T03:00:00Z"});
  const When deadline = parse_rfc3339("2026-11-22T03:00:00Z").value();
  const auto command = ticket_from_command(options, {"true"});
  ASSERT_TRUE(command) << command.error().message;
  EXPECT_EQ(command->begin, When(seconds(7200)));
  EXPECT_EQ(command->deadline, deadline);
  const auto ticket = ticket_from_text(options, "run = 'x'\n[ticket]\nbegin = '+5m'\n", "f");
  ASSERT_TRUE(ticket) << ticket.error().message;
  EXPECT_EQ(ticket->begin, When(seconds(7200)));
  EXPECT_EQ(ticket->deadline, deadline);
}

TEST_F(SubmitTest, a_warning_signal_goes_with_commands_tickets_and_classes) {
  const sched::Warning usr1{10, seconds(60)};
  const JobOptions options = parsed({"--time", "2h", "--signal", "USR1@60"});
  const auto command = ticket_from_command(options, {"true"});
  ASSERT_TRUE(command) << command.error().message;
  EXPECT_EQ(command->spec->warning, usr1);
  const auto of_class = class_ticket(options, "plan");
  ASSERT_TRUE(of_class) << of_class.error().message;
  EXPECT_EQ(of_class->warning, usr1);
}

TEST_F(SubmitTest, path_and_language_travel_and_nothing_else_unless_asked) {
  ::setenv("LC_TIME", "C", 1);
  ::setenv("SECRET", "s", 1);
  ::setenv("JOBQ_JOB", "9", 1);
  const auto usual = ticket_from_command({}, {"true"});
  ASSERT_TRUE(usual);
  EXPECT_THAT(usual->spec->env, Contains(Pair("LC_TIME", "C")));
  EXPECT_THAT(usual->spec->env, Contains(Key("PATH")));
  EXPECT_THAT(usual->spec->env, Not(Contains(Key("SECRET"))));
  const auto named = ticket_from_command(parsed({"--env", "SECRET", "--env", "A=${x}"}), {"true"});
  ASSERT_TRUE(named);
  EXPECT_THAT(named->spec->env, Contains(Pair("SECRET", "s")));
  EXPECT_THAT(named->spec->env, Contains(Pair("A", "$${x}")));  // not a value of the job
  const auto all = ticket_from_command(parsed({"--export-env"}), {"true"});
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_THAT(all->spec->env, Contains(Key("SECRET")));
  EXPECT_THAT(all->spec->env, Not(Contains(Key("JOBQ_JOB"))));
  ::unsetenv("JOBQ_JOB");
  EXPECT_FALSE(ticket_from_command(parsed({"--env", "NOT_SET_HERE"}), {"true"}));
}

TEST_F(SubmitTest, the_command_line_wins_over_the_script) {
  const std::string script =
      "#!/bin/sh\n#JQ --cpus 4 --name 'from script' --exclusive db\n#JQ --env A=1 --env "
      "B=2\necho\n";
  const auto ticket =
      ticket_from_script(parsed({"--cpus", "2", "--env", "B=3"}), script, "dir/job.sh", {"arg"});
  ASSERT_TRUE(ticket) << ticket.error().message;
  EXPECT_EQ(ticket->name, "from script");
  EXPECT_EQ(ticket->spec->needs.cpus, 2U);
  EXPECT_THAT(ticket->spec->needs.exclusive, ElementsAre("db"));
  EXPECT_THAT(ticket->spec->env, Contains(Pair("A", "1")));
  EXPECT_THAT(ticket->spec->env, Contains(Pair("B", "3")));
  const sched::StepSpec& step = ticket->spec->steps.at(0);
  EXPECT_EQ(step.kind, sched::StepKind::kScript);
  EXPECT_EQ(step.script, script);
  EXPECT_THAT(step.argv, ElementsAre("arg"));
}

TEST_F(SubmitTest, the_command_line_takes_back_the_further_attempts_of_a_script) {
  const std::string script = "#!/bin/sh\n#JQ --retry 2 --retry-delay 1m --elsewhere\necho\n";
  const auto as_it_is = ticket_from_script({}, script, "job.sh", {});
  ASSERT_TRUE(as_it_is);
  EXPECT_EQ(as_it_is->spec->steps.at(0).retry.max, 2U);
  EXPECT_TRUE(as_it_is->spec->steps.at(0).retry.elsewhere);
  const auto once = ticket_from_script(parsed({"--retry", "0"}), script, "job.sh", {});
  ASSERT_TRUE(once) << once.error().message;
  EXPECT_EQ(once->spec->steps.at(0).retry, sched::Retry{});
}

TEST_F(SubmitTest, a_script_without_a_name_has_that_of_its_file) {
  const auto ticket = ticket_from_script({}, "echo\n", "dir/job.sh", {});
  ASSERT_TRUE(ticket);
  EXPECT_EQ(ticket->name, "job.sh");
}

TEST_F(SubmitTest, a_bad_line_of_a_script_is_named) {
  const auto unknown = ticket_from_script({}, "#!/bin/sh\n\n#JQ --cpsu 4\n", "job.sh", {});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("job.sh:3: unknown option '--cpsu'"));
  const auto word = ticket_from_script({}, "#JQ --cpus 4 more\n", "job.sh", {});
  ASSERT_FALSE(word);
  EXPECT_THAT(word.error().message, HasSubstr("job.sh:1: unexpected 'more'"));
}

TEST_F(SubmitTest, options_change_a_ticket_as_a_whole_and_never_its_needs) {
  const std::string text = R"({"run": ["true"], "ticket": {"name": "a", "priority": 5}})";
  const auto ticket = ticket_from_text(parsed({"--name", "b", "--env", "X=1"}), text, "t.json");
  ASSERT_TRUE(ticket) << ticket.error().message;
  EXPECT_EQ(ticket->name, "b");
  EXPECT_EQ(ticket->priority, 5);
  EXPECT_THAT(ticket->spec->env, ElementsAre(Pair("X", "1")));
  const auto needs = ticket_from_text(parsed({"--cpus", "2"}), text, "t.json");
  ASSERT_FALSE(needs);
  EXPECT_EQ(needs.error().code, ErrorCode::kUsage);
}

TEST_F(SubmitTest, an_element_wins_over_that_of_a_ticket_and_goes_beside_a_class) {
  const std::string text = R"({"run": ["true"], "ticket": {"element": "slow"}})";
  const auto plain = ticket_from_text({}, text, "t.json");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->spec->needs.element, "slow");
  const auto ticket = ticket_from_text(parsed({"--element", "fast"}), text, "t.json");
  ASSERT_TRUE(ticket) << ticket.error().message;
  EXPECT_EQ(ticket->spec->needs.element, "fast");
  const auto of_class = class_ticket(parsed({"--element", "fast"}), "daily-plan");
  ASSERT_TRUE(of_class) << of_class.error().message;
  EXPECT_EQ(of_class->element, "fast");
  JobOptions job;
  Options options("", "");
  add_job_options(options, job);
  const auto bad = options.parse({"--element", "a b"});
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr("'a b' is no name of an element"));
}

TEST_F(SubmitTest, a_class_file_is_refused_with_what_to_do) {
  const std::string text =
      "[class]\nname = \"c\"\nversion = \"1\"\n[[step]]\nname = \"a\"\nrun = \"true\"\n";
  const auto ticket = ticket_from_text({}, text, "c.toml");
  ASSERT_FALSE(ticket);
  EXPECT_THAT(ticket.error().message, HasSubstr("jq class register c.toml"));
}

TEST_F(SubmitTest, a_class_is_run_with_parameters_where_it_is_submitted) {
  const auto ticket = class_ticket(parsed({"--param", "day=today"}), "daily-plan@3");
  ASSERT_TRUE(ticket) << ticket.error().message;
  EXPECT_EQ(ticket->spec, nullptr);
  EXPECT_EQ(ticket->class_name, "daily-plan");
  EXPECT_EQ(ticket->class_version, "3");
  EXPECT_EQ(ticket->workdir, current_directory());
  EXPECT_THAT(ticket->params, ElementsAre(Pair("day", "today")));
  EXPECT_FALSE(class_ticket(parsed({"--param", "day"}), "daily-plan"));
}

}  // namespace
}  // namespace jobq::cmd
