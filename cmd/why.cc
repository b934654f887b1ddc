// SPDX-License-Identifier: Apache-2.0
// The verb why: what a job waits for, and what would change it.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "cmd/client.h"
#include "cmd/job_arguments.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/table.h"
#include "cmd/verbs.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

struct WhyOptions {
  std::vector<std::string> words;
  ControllerOptions where;
  bool json = false;
};

void print_as_json(const sched::Why& why) {
  JsonWriter json;
  json.object();
  json.field("job", why.job.job.value);
  json.field("index", why.job.index);
  json.field("state", sched::code(why.state));
  json.field("summary", why.summary);
  json.name("blockers");
  json.array();
  for (const sched::WhyBlocker& blocker : why.blockers) {
    json.object();
    json.field("kind", blocker.kind);
    json.field("step", unless_empty(blocker.step));
    json.field("text", blocker.text);
    json.field("remedy", blocker.remedy);
    json.end();
  }
  json.end();
  json.name("spans");
  json.array();
  for (const sched::Span& span : why.spans) {
    json.object();
    json.field("kind", to_string(span.standing.kind));
    json.field("name", unless_empty(span.standing.name));
    json.field("text", text_of(span.standing));
    json.field("ms", span.time.count);
    json.end();
  }
  json.end();
  json.field("expected_start", why.expected_start);
  json.field("is_estimate", why.is_estimate);
  json.end();
  print(json.line());
}

// How long each reason held, the longest first.
void print_spans(const sched::Why& why, const Terminal& terminal) {
  if (why.spans.empty()) return;
  Millis total;
  for (const sched::Span& span : why.spans) total = total + span.time;
  std::vector<sched::Span> spans = why.spans;
  std::ranges::stable_sort(spans, std::ranges::greater{},
                           [](const sched::Span& span) { return span.time; });
  print(is_final(why.state) ? "its life, from its submission to its end:\n"
                            : "so far, from its submission on:\n");
  Table table({{"TIME", true}, {"SHARE", true}, {"REASON"}});
  const auto add = [&](Millis time, const std::string& text) {
    const std::int64_t share = total.count == 0 ? 0 : time.count * 100 / total.count;
    table.add({elapsed(time), fmt::format("{}%", share), printable(text)});
  };
  for (const sched::Span& span : spans) add(span.time, text_of(span.standing));
  add(total, "in total");
  print(table.take_text(terminal));
}

void print_as_text(const sched::Why& why, const Terminal& terminal) {
  print(fmt::format("job {}, {} ({}): {}\n", to_string(why.job),
                    coloured(sched::phrase(why.state), colour_of(why.state), terminal),
                    sched::code(why.state), printable(why.summary)));
  for (const sched::WhyBlocker& blocker : why.blockers) {
    const std::string step = blocker.step.empty() ? "" : fmt::format("step {}: ", blocker.step);
    print(fmt::format("  {}{}\n", step, printable(blocker.text)));
    if (!blocker.remedy.empty()) print(fmt::format("    {}\n", printable(blocker.remedy)));
  }
  if (why.expected_start) {
    print(fmt::format("  expected to start {}{}\n", at_local(*why.expected_start, wall_now()),
                      why.is_estimate ? " (by estimates)" : ""));
  }
  print_spans(why, terminal);
}

Result<int> explain(const WhyOptions& options) {
  if (options.words.empty()) return fail(ErrorCode::kUsage, "no job is named; give a number");
  std::vector<JobRef> jobs;
  for (const std::string& word : options.words) {
    const Result<JobRef> job = parse_job(word);
    if (!job) return tl::unexpected(job.error());
    jobs.push_back(*job);
  }
  Result<Client> client = Client::connect(options.where);
  if (!client) return tl::unexpected(client.error());
  const Terminal terminal = standard_output();
  for (const JobRef& job : jobs) {
    wire::Frame request;
    controller::ref_to_wire(job, *request.mutable_why());
    const Result<wire::Frame> answer = client->ask(std::move(request));
    if (!answer) return tl::unexpected(answer.error());
    if (!answer->has_why_reply()) return unexpected_answer();
    const Result<sched::Why> why = controller::from_wire(answer->why_reply());
    if (!why) return tl::unexpected(why.error());
    options.json ? print_as_json(*why) : print_as_text(*why, terminal);
  }
  return 0;
}

}  // namespace

Result<int> run_why(const Words& words) {
  WhyOptions why;
  Options options("jq why JOB...",
                  "Says why a job does not run, or why it ended as it did: every reason, and what "
                  "would\nchange it; and how long each reason held since the job was submitted.");
  options.words(why.words);
  options.flag("--json", why.json, "a line of JSON for each job");
  add_controller_options(options, why.where);
  options.examples(
      "  jq why 17\n  jq why '17[3]'\n  jq why 17 --json | command -p jq '.blockers[].kind'\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : explain(why);
}

}  // namespace jobq::cmd
