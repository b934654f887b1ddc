// SPDX-License-Identifier: Apache-2.0
// The verb wait: blocks until jobs are final, and passes their outcome on.
#include <fmt/format.h>

#include <set>

#include "cmd/job_arguments.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/summaries.h"
#include "cmd/verbs.h"
#include "cmd/waiting.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

struct WaitVerb {
  JobSelection jobs;
  ControllerOptions where;
  std::optional<Millis> patience;
  bool any = false;
  bool json = false;
  bool quiet = false;
};

// Names, users and --all mean the jobs that are not final now. They become numbers first, so that
// the outcome of one that ends while the controller restarts is not missed.
Result<std::vector<sched::Selector::Range>> numbers_of(Client& client,
                                                       const sched::Selector& selector) {
  sched::QueueFilter filter;
  filter.names = selector.names;
  filter.user = selector.user;
  wire::Frame request;
  controller::to_wire(filter, *request.mutable_queue()->mutable_filter());
  std::set<JobNumber> seen;
  std::vector<sched::Selector::Range> ranges;
  const Result<void> asked =
      client.ask(std::move(request), [&](wire::Frame& answer) -> Result<void> {
        if (!answer.has_jobs()) return unexpected_answer();
        for (const wire::JobSummary& job : answer.jobs().jobs()) {
          const JobNumber number(job.job());  // an array's stands for all of its elements
          if (!seen.insert(number).second) continue;
          const bool next = !ranges.empty() && ranges.back().last.value + 1 == number.value;
          if (next) {
            ranges.back().last = number;
          } else {
            ranges.push_back({number, number});
          }
        }
        return {};
      });
  if (!asked) return tl::unexpected(asked.error());
  return ranges;
}

void tell(const EndedJob& job, bool as_json) {
  if (!as_json) {
    const std::string reason = job.reason.empty() ? "" : " " + printable(job.reason);
    print(fmt::format("{} {}{}\n", to_string(job.job), sched::code(job.state), reason));
  } else {
    JsonWriter json;
    json.object();
    json.field("job", job.job.job.value);
    json.field("index", job.job.index);
    json.field("state", sched::code(job.state));
    json.field("outcome", unless_empty(sched::to_string(job.outcome)));
    json.field("reason", job.reason);
    json.field("exit_code", exit_code_of(job.outcome, job.exit_code));
    json.end();
    print(json.line());
  }
  static_cast<void>(flush_output());  // whoever reads this wants it now; the end tells of errors
}

// None of them is in the queue: a name that nobody ever had is a slip.
Result<void> check_names(Client& client, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    sched::QueueFilter filter;
    filter.names = {name};
    wire::Frame request;
    controller::to_wire(filter, *request.mutable_history()->mutable_filter());
    request.mutable_history()->set_limit(1);
    bool is_known = false;
    const Result<void> asked =
        client.ask(std::move(request), [&](wire::Frame& answer) -> Result<void> {
          is_known = is_known || answer.jobs().jobs_size() != 0;
          return {};
        });
    if (!asked) return tl::unexpected(asked.error());
    if (is_known) continue;
    return fail(ErrorCode::kNotFound,
                fmt::format("no job is named '{}', neither in the queue nor in the history", name));
  }
  return {};
}

Result<int> wait(const WaitVerb& verb) {
  const Result<sched::Selector> selector = to_selector(verb.jobs, false);
  if (!selector) return tl::unexpected(selector.error());
  WaitOptions options{selector->ranges, selector->elements, verb.any,
                      verb.patience.value_or(kPatience)};
  if (options.jobs.empty() && options.elements.empty()) {
    Result<Client> client = Client::connect(verb.where);
    if (!client) return tl::unexpected(client.error());
    const auto ranges = numbers_of(*client, *selector);
    if (!ranges) return tl::unexpected(ranges.error());
    if (ranges->empty()) {
      if (const auto known = check_names(*client, selector->names); !known) {
        return tl::unexpected(known.error());
      }
      note("no job to wait for");
      return 0;
    }
    options.jobs = *ranges;
  }
  leave_on_interrupt("no longer waiting; the jobs go on");
  OutcomeCode outcome;
  const Result<void> waited = wait_for_jobs(verb.where, options, [&](const EndedJob& job) {
    outcome.add(job.outcome);
    if (!verb.quiet) tell(job, verb.json);
  });
  if (!waited) return tl::unexpected(waited.error());
  return outcome.code();
}

}  // namespace

Result<int> run_wait(const Words& words) {
  WaitVerb verb;
  Options options(
      "jq wait JOB... | --name NAME | --user USER | --all",
      "Blocks until jobs are final, and prints each as it ends. The exit code is 0 when all "
      "succeeded,\n1 when one failed, 130 when one was cancelled. It waits across a restart of "
      "the controller.\nCtrl-C ends the waiting and leaves the jobs alone.");
  add_selection(options, verb.jobs, "every job that is not final");
  options.flag("--any", verb.any, "until the first of them is final");
  options.value("--patience", "TIME", into(verb.patience),
                "how long to wait for a controller that is away; 60s");
  options.flag("-q,--quiet", verb.quiet, "print nothing");
  options.flag("--json", verb.json, "a line of JSON for each job");
  add_controller_options(options, verb.where);
  options.examples(
      "  jq wait 17\n"
      "  jq wait 17-20 --any\n"
      "  jq wait '17[3-9]'\n"
      "  job=$(jq submit -- make) && jq wait \"$job\" && echo built\n"
      "  jq wait --user ann\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : wait(verb);
}

}  // namespace jobq::cmd
