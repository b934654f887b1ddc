// SPDX-License-Identifier: Apache-2.0
// The forms in which jobs are named on the command line: "17", "17-20", "17.calc".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cmd/options.h"
#include "sched/event.h"

namespace jobq::cmd {

// "17", and with a step "17.calc".
struct JobAndStep {
  JobNumber job;
  std::string step;  // empty: the whole job
};
Result<JobAndStep> parse_job_and_step(std::string_view text);
Result<JobNumber> parse_job(std::string_view text);
Result<sched::Selector::Range> parse_job_range(std::string_view text);  // "17", "17-20"

// The words and options that say which jobs a verb means.
struct JobSelection {
  std::vector<std::string> words;
  std::vector<std::string> names;
  std::optional<std::string> user;
  bool all = false;
};
void add_selection(Options& options, JobSelection& selection, std::string_view all_means);

// Nothing selected is an error, jobs beside --all too. A step only where `with_step`.
Result<sched::Selector> to_selector(const JobSelection& selection, bool with_step);

}  // namespace jobq::cmd
