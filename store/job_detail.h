// SPDX-License-Identifier: Apache-2.0
// One ended job as users see it, put together from its rows. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sched/rows.h"
#include "sched/view.h"

namespace jobq::store {

// All rows of one job, each list in the order of its key.
struct JobRows {
  sched::JobRow job;
  std::vector<sched::StepRow> steps;
  std::vector<sched::AttemptRow> attempts;
  std::vector<sched::TransitionRow> transitions;
  std::optional<sched::ArrayRow> array;  // of an array
};

// Steps without a row were never started, and never will be: they show as skipped.
sched::JobDetail make_detail(const JobRows& rows, const sched::JobSpec& spec);

// An element that was cancelled before it started; none where the rows are no array's, or the
// element was not.
std::optional<sched::JobDetail> make_dropped(const JobRows& array, const sched::JobSpec& spec,
                                             sched::Index index);

// Adds a node to a list that is sorted and holds no name twice.
void add_node(std::vector<std::string>& nodes, std::string_view name);

}  // namespace jobq::store
