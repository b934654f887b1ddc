// SPDX-License-Identifier: Apache-2.0
// The verb output: what the steps of a job wrote.
#include <fmt/format.h>

#include "cmd/job_arguments.h"
#include "cmd/options.h"
#include "cmd/output_reader.h"
#include "cmd/verbs.h"
#include "cmd/waiting.h"

namespace jobq::cmd {
namespace {

Result<int> output(OutputOptions options, const std::vector<std::string>& words) {
  if (words.size() != 1) {
    return fail(ErrorCode::kUsage,
                "expected one job such as 17, an element such as 17[3], or a step such as 17.calc");
  }
  const Result<JobAndStep> of = parse_job_and_step(words.front());
  if (!of) return tl::unexpected(of.error());
  options.what.job = of->job;
  options.what.step = of->step;
  if (options.what.follow) {
    leave_on_interrupt(fmt::format("no longer following; job {} goes on", to_string(of->job)));
  }
  return OutputReader(std::move(options)).run();
}

}  // namespace

Result<int> run_output(const Words& words) {
  OutputOptions reader;
  std::vector<std::string> jobs;
  Options options(
      "jq output JOB | JOB[INDEX] | JOB.STEP",
      "Prints what a job's steps wrote: standard output to standard output, standard error to "
      "standard error,\nstep by step, the newest attempt of each. Ctrl-C never touches the "
      "job.");
  options.words(jobs);
  options.flag("-f,--follow", reader.what.follow, "go on with what comes, until the job is final");
  options.flag("--error", reader.what.only_error, "standard error alone, to standard output");
  options.value("--attempt", "N", into(reader.what.attempt), "this attempt instead of the newest");
  add_controller_options(options, reader.where);
  options.examples(
      "  jq output 17\n"
      "  jq output '17[3]'\n"
      "  jq output -f 17.calc\n"
      "  jq output --error --attempt 1 17.calc\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : output(std::move(reader), jobs);
}

}  // namespace jobq::cmd
