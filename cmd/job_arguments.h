// SPDX-License-Identifier: Apache-2.0
// The forms in which jobs are named on the command line: "17", "17-20", "17.calc", and elements of
// an array: "17[3]", "17[3-9]", "17[3].calc".
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

// "17", "17[3]", and with a step "17.calc", "17[3].calc".
struct JobAndStep {
  JobRef job;
  std::string step;  // empty: the whole job
};
Result<JobAndStep> parse_job_and_step(std::string_view text);
Result<JobRef> parse_job(std::string_view text);  // "17", "17[3]"

// Several jobs, or several elements of one array.
struct JobsNamed {
  std::vector<sched::Selector::Range> ranges;
  std::vector<sched::Selector::Elements> elements;
};
// Appends what a word means: "17", "17-20", "17[0-10:2,15]".
Result<void> append_jobs(std::string_view text, JobsNamed& to);

void add(JobRef job, JobsNamed& to);

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
