// SPDX-License-Identifier: Apache-2.0
// Lines about jobs, as queue, history and show have them: the filters, the JSON fields.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cmd/json_writer.h"
#include "cmd/options.h"
#include "sched/view.h"

namespace jobq::cmd {

struct FilterOptions {
  std::vector<std::string> words;  // job numbers and ranges
  std::optional<std::string> user;
  bool me = false;
  std::vector<std::string> states;
  std::vector<std::string> classes;
  std::vector<std::string> elements;  // of the cluster
  std::vector<std::string> names;
};
void add_filter(Options& options, FilterOptions& filter);
Result<sched::QueueFilter> to_filter(const FilterOptions& filter);

// "WR", "wr", "waiting resources"; "BP" means both forms of it.
Result<std::vector<sched::JobState>> parse_state(const std::string& text);

// The fields that queue, history and show share, into an object that is open.
void write_summary(JsonWriter& json, const sched::JobSummary& job);

// As JSON has it: of the step that decided; nothing where none exited, as after a cancel or a
// limit.
std::optional<int> exit_code_of(sched::Outcome outcome, int exit_code);

// "17", "17[3]" for an element, "17[5-999]" for what is meant of an array.
std::string shown_number(const sched::JobSummary& job);

// How long it has run or ran; "-" before it starts.
std::string run_time(const sched::JobSummary& job, Time now);
std::string joined(const std::vector<std::string>& names);  // "n1,n2", "-" for none

}  // namespace jobq::cmd
