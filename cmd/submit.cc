// SPDX-License-Identifier: Apache-2.0
// The verb submit.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cmd/job_build.h"
#include "cmd/messages.h"
#include "cmd/paths.h"
#include "cmd/submission.h"
#include "cmd/submit_results.h"
#include "cmd/submit_sources.h"
#include "cmd/submit_stream.h"
#include "cmd/verbs.h"
#include "cmd/waiting.h"
#include "conf/ticket_file.h"
#include "resmgr/needs.h"

namespace jobq::cmd {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

struct SubmitVerb {
  JobOptions job;
  std::optional<std::string> class_name;
  ResultStyle style;
  bool wait = false;
  std::optional<std::string> stage;
  bool had_separator = false;
  std::vector<std::string> words;
  ControllerOptions where;
};

std::string name_of(const sched::Ticket& ticket) {
  if (!ticket.name.empty() || !ticket.spec) {
    return ticket.name.empty() ? ticket.class_name : ticket.name;
  }
  const sched::StepSpec& step = ticket.spec->steps.front();
  const std::string& word = step.argv.empty() ? step.name : step.argv.front();
  return word.substr(word.rfind('/') + 1);  // as the controller names it
}

// --wait: the outcome of what was submitted is the command's.
Result<int> wait_for(const SubmitVerb& verb, const SubmitResults& results) {
  leave_on_interrupt(
      results.jobs().size() == 1 && results.jobs()[0].first == results.jobs()[0].last
          ? fmt::format("no longer waiting; job {} goes on", results.jobs()[0].first.value)
          : "no longer waiting; the jobs go on");
  // Who reads the numbers may interrupt from then on.
  if (Result<void> written = flush_output(); !written) return tl::unexpected(written.error());
  OutcomeCode outcome;
  const Result<void> waited =
      wait_for_jobs(verb.where, {results.jobs(), {}, false, kPatience}, [&](const EndedJob& job) {
        outcome.add(job.outcome);
        if (job.outcome == sched::Outcome::kSuccess || verb.style.quiet) return;
        note(
            fmt::format("job {} {}: {}", to_string(job.job), sched::phrase(job.state), job.reason));
      });
  if (!waited) return tl::unexpected(waited.error());
  return outcome.code();
}

Result<int> finish(const SubmitVerb& verb, const SubmitResults& results) {
  results.finish();
  const bool wait = verb.wait && !results.jobs().empty();
  Result<int> waited = wait ? wait_for(verb, results) : Result<int>(0);
  if (!waited || !results.refused()) return waited;
  if (verb.style.many) return exit_code(ErrorCode::kRefused);
  return tl::unexpected(*results.refused());
}

Submission::Settings settings_of(const SubmitVerb& verb) {
  return {verb.where, verb.style.dry_run, verb.stage, kPatience};
}

Result<int> submit_one(const SubmitVerb& verb, Result<sched::Ticket> ticket) {
  if (!ticket) return tl::unexpected(ticket.error());
  SubmitResults results(verb.style);
  results.set_name(name_of(*ticket));
  Submission submission(settings_of(verb), [&](const Submitted& result) { results.add(result); });
  Result<void> done = submission.connect();
  if (done) done = submission.add(std::move(*ticket), 0, 0);
  if (done) done = submission.finish();
  if (!done) return tl::unexpected(done.error());
  return finish(verb, results);
}

Result<int> submit_many(SubmitVerb verb, std::string begin) {
  if (verb.job.key) {
    return fail(
        ErrorCode::kUsage,
        "--key names one job; in a stream each ticket has its own: {\"ticket\": {\"key\": ...}}");
  }
  verb.style.many = true;
  SubmitResults results(verb.style);
  Submission submission(settings_of(verb), [&](const Submitted& result) { results.add(result); });
  if (Result<void> connected = submission.connect(); !connected) {
    return tl::unexpected(connected.error());
  }
  const Result<void> streamed = submit_stream(STDIN_FILENO, std::move(begin), verb.job, submission);
  if (!streamed) return tl::unexpected(streamed.error());
  return finish(verb, results);
}

// What is there until the first line that is not blank has ended.
Result<std::string> read_beginning() {
  std::string text;
  while (text.size() <= conf::kMaxTextBytes) {
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first != std::string::npos && text.find('\n', first) != std::string::npos) return text;
    char buffer[4096];
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail(ErrorCode::kUsage,
                  fmt::format("cannot read {}: {}", kStreamName, std::strerror(errno)));
    }
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return fail(ErrorCode::kUsage, fmt::format("the first line of {} is too long", kStreamName));
}

Result<int> submit_input(const SubmitVerb& verb) {
  Result<std::string> begin = read_beginning();
  if (!begin) return tl::unexpected(begin.error());
  const std::size_t first = begin->find_first_not_of(kBlanks);
  if (first == std::string::npos) {
    return fail(ErrorCode::kUsage, "standard input is empty; expected tickets or a script");
  }
  const std::size_t end = std::min(begin->find('\n', first), begin->size());
  const bool json = (*begin)[first] == '{';
  if (json && !opens_document(std::string_view(*begin).substr(first, end - first))) {
    return submit_many(verb, std::move(*begin));
  }
  const Result<std::string> rest = read_descriptor(STDIN_FILENO, kStreamName);
  if (!rest) return tl::unexpected(rest.error());
  const std::string text = *begin + *rest;
  if (json || !is_script(text))
    return submit_one(verb, ticket_from_text(verb.job, text, kStreamName));
  const std::vector<std::string> arguments(verb.words.begin() + 1, verb.words.end());
  return submit_one(verb, ticket_from_script(verb.job, text, "script", arguments));
}

Result<sched::Ticket> ticket_from_words(const SubmitVerb& verb) {
  const std::string& first = verb.words.front();
  const std::vector<std::string> rest(verb.words.begin() + 1, verb.words.end());
  const Source source = source_of(first, verb.had_separator);
  if (source == Source::kCommand) {
    if (!verb.had_separator && is_mistaken_file(first)) {
      return fail(ErrorCode::kUsage,
                  fmt::format("{} is a file that is neither a ticket (.toml, .json) nor a script "
                              "(.sh, or with a #! line), and cannot be executed; a command of this "
                              "name goes after --: jq submit -- {}",
                              first, first));
    }
    return ticket_from_command(verb.job, verb.words);
  }
  Result<std::string> text = read_file(first);
  if (!text && source == Source::kScript) {
    text.error().message +=
        fmt::format("; a command of this name goes after --: jq submit -- {}", first);
  }
  if (!text) return tl::unexpected(text.error());
  if (source == Source::kScript) return ticket_from_script(verb.job, std::move(*text), first, rest);
  if (!rest.empty()) {
    return fail(ErrorCode::kUsage,
                fmt::format("a ticket file takes no arguments; unexpected '{}'", rest.front()));
  }
  return ticket_from_text(verb.job, *text, first);
}

Result<int> submit(const SubmitVerb& verb) {
  if (verb.class_name) {
    if (verb.words.empty()) return submit_one(verb, class_ticket(verb.job, *verb.class_name));
    return fail(ErrorCode::kUsage,
                "--class has its own steps; give it parameters with --param, and no "
                "command");
  }
  if (verb.words.empty()) {
    return fail(
        ErrorCode::kUsage,
        "nothing to submit; expected -- COMMAND, a script, a ticket file, - or --class NAME");
  }
  if (verb.words.front() == "-" && !verb.had_separator) return submit_input(verb);
  return submit_one(verb, ticket_from_words(verb));
}

void add_output_options(Options& options, SubmitVerb& verb) {
  options.flag("--wait", verb.wait, "wait for the end, and pass the outcome on");
  options.value("--stage", "AREA", into(verb.stage),
                "carry files of client: to this storage area now; stage, where it is no node");
  options.flag("--dry-run", verb.style.dry_run, "check everything, submit nothing");
  options.flag("--parsable", verb.style.parsable, "print the job number alone, also on a terminal");
  options.flag("-q,--quiet", verb.style.quiet, "print nothing but errors");
  options.flag("--json", verb.style.json, "a line of JSON for each ticket");
}

}  // namespace

Result<int> run_submit(const Words& words) {
  SubmitVerb verb;
  Options options(
      "jq submit [OPTIONS] -- COMMAND [ARG...]\n"
      "       jq submit [OPTIONS] SCRIPT [ARG...]\n"
      "       jq submit [OPTIONS] TICKET.toml | TICKET.json | -\n"
      "       jq submit [OPTIONS] --class NAME[@VERSION] [--param K=V]...",
      "Submits a job and prints its number. A script's text is sent, and its #JQ lines hold "
      "options; the\ncommand line wins. From - come JSON tickets, one a line, or one TOML "
      "ticket or script. The job works\nin the directory where it was submitted, with PATH, "
      "LANG and LC_* of here.");
  options.words(verb.words);
  options.first_word_ends_options();
  add_job_options(options, verb.job);
  options.group("The job");
  options.value("--class", "NAME[@VERSION]", into(verb.class_name), "run this registered class");
  options.group("Options");
  add_output_options(options, verb);
  add_controller_options(options, verb.where);
  options.examples(
      "  jq submit -- ./simulate --seed 7\n"
      "  jq submit --cpus 4 --memory 8G --time 2h -- make -j4\n"
      "  jq submit --wait nightly.sh 2026-11-21\n"
      "  jq submit --array 0-999%50 -- ./simulate --seed {index}\n"
      "  jq submit --class daily-plan --param day=2026-11-21\n"
      "  seq 1000 | awk '{print \"{\\\"run\\\": [\\\"./simulate\\\", \\\"\" $1 \"\\\"]}\"}' | jq "
      "submit -\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  verb.had_separator = options.had_separator();
  if (verb.stage && !resmgr::valid_name(*verb.stage)) {
    return fail(ErrorCode::kUsage, fmt::format("--stage: expected the name of a storage area, as "
                                               "in [area.NAME], found '{}'",
                                               *verb.stage));
  }
  return submit(verb);
}

}  // namespace jobq::cmd
