// SPDX-License-Identifier: Apache-2.0
// The verb hold.
#include "cmd/control.h"
#include "cmd/job_arguments.h"
#include "cmd/options.h"
#include "cmd/verbs.h"
#include "controller/translate.h"

namespace jobq::cmd {

Result<int> run_hold(const Words& words) {
  JobSelection jobs;
  ControllerOptions where;
  ControlOutput output{false, "held"};
  Options options("jq hold JOB... | --name NAME | --user USER | --all",
                  "Holds jobs: one that waits is passed over, one that runs is suspended. `jq "
                  "release` lets them\n"
                  "go on. Time on hold does not count against a time limit.");
  add_selection(options, jobs, "every job of yours that is not final");
  options.flag("--json", output.json, "a line of JSON for each job");
  add_controller_options(options, where);
  options.examples(
      "  jq hold 17\n"
      "  jq hold 17-20 42\n"
      "  jq hold --name nightly\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  const Result<sched::Selector> selector = to_selector(jobs, false);
  if (!selector) return tl::unexpected(selector.error());
  wire::ControlRequest request;
  request.set_verb(wire::ControlRequest::HOLD);
  controller::to_wire(*selector, *request.mutable_jobs());
  return control(where, request, output);
}

}  // namespace jobq::cmd
