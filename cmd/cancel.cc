// SPDX-License-Identifier: Apache-2.0
// The verb cancel: jobs, one step, or a signal instead.

#include "cmd/control.h"
#include "cmd/job_arguments.h"
#include "cmd/options.h"
#include "cmd/verbs.h"
#include "controller/translate.h"
#include "sched/signals.h"

namespace jobq::cmd {
namespace {

struct CancelOptions {
  JobSelection jobs;
  ControllerOptions where;
  std::optional<int> signal;
  bool family = false;
  bool json = false;
};

Result<int> cancel(const CancelOptions& options) {
  const Result<sched::Selector> selector = to_selector(options.jobs, true);
  if (!selector) return tl::unexpected(selector.error());
  wire::ControlRequest request;
  request.set_verb(wire::ControlRequest::CANCEL);
  ControlOutput output{options.json, "cancelled"};
  if (options.family && options.signal) {
    return fail(ErrorCode::kUsage, "--family cancels; a signal is sent to the jobs that are named");
  }
  if (options.signal) {
    request.set_verb(wire::ControlRequest::SIGNAL);
    request.set_signal(*options.signal);
    output.done = "was sent " + sched::name_or_number(*options.signal);
  }
  controller::to_wire(*selector, *request.mutable_jobs());
  request.mutable_jobs()->set_family(options.family);
  return control(options.where, request, output);
}

}  // namespace

Result<int> run_cancel(const Words& words) {
  CancelOptions cancels;
  Options options(
      "jq cancel JOB... | JOB.STEP | --name NAME | --user USER | --all",
      "Cancels jobs: running steps are asked to end (TERM, then KILL), the cleanup step "
      "runs, and\nthe job ends as JC. A step that is named alone ends, and its job goes on "
      "as its conditions say.");
  add_selection(options, cancels.jobs, "every job of yours that is not final");
  options.value("-s,--signal", "SIGNAL", parsed_into(cancels.signal, sched::parse_signal),
                "send this signal to the running steps instead; a name such as USR1, or a number");
  options.flag("--family", cancels.family,
               "with all jobs that their steps submitted, and the steps of those, and so on");
  options.flag("--json", cancels.json, "a line of JSON for each job");
  add_controller_options(options, cancels.where);
  options.examples(
      "  jq cancel 17\n"
      "  jq cancel 17.calc\n"
      "  jq cancel --family 17\n"
      "  jq cancel --user ann --name nightly\n"
      "  jq cancel --signal USR1 17\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : cancel(cancels);
}

}  // namespace jobq::cmd
