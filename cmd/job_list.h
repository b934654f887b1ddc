// SPDX-License-Identifier: Apache-2.0
// A list of jobs from the controller, as queue and history print it: a table, or a line of JSON for
// each job.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "cmd/client.h"
#include "cmd/table.h"
#include "cmd/terminal.h"
#include "net/jobq.pb.h"
#include "sched/view.h"

namespace jobq::cmd {

struct JobListStyle {
  std::vector<Column> columns;
  std::function<std::vector<Cell>(const sched::JobSummary&, Time now)> row;
  bool json = false;  // instead of the table
};

struct JobsListed {
  std::uint64_t shown = 0;
  std::uint64_t total = 0;  // that are meant; more than shown where a limit was asked for
};

// Asks and prints. A terminal gets the table whole, so that it fits; a pipe gets it as it comes.
Result<JobsListed> list_jobs(Client& client, const wire::Frame& request, const JobListStyle& style,
                             const Terminal& terminal);

}  // namespace jobq::cmd
