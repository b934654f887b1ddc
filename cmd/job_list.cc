// SPDX-License-Identifier: Apache-2.0
// Printing what comes, in frames of many jobs.
#include "cmd/job_list.h"

#include "cmd/messages.h"
#include "cmd/summaries.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

void print_as_json(const sched::JobSummary& job) {
  JsonWriter json;
  json.object();
  write_summary(json, job);
  json.end();
  print(json.line());
}

}  // namespace

Result<JobsListed> list_jobs(Client& client, const wire::Frame& request, const JobListStyle& style,
                             const Terminal& terminal) {
  JobsListed listed;
  Table table(style.columns);
  const Time now = wall_now();
  const Result<void> asked = client.ask(request, [&](wire::Frame& answer) -> Result<void> {
    if (!answer.has_jobs()) return unexpected_answer();
    for (const wire::JobSummary& each : answer.jobs().jobs()) {
      const Result<sched::JobSummary> job = controller::from_wire(each);
      if (!job) return tl::unexpected(job.error());
      ++listed.shown;
      style.json ? print_as_json(*job) : table.add(style.row(*job, now));
    }
    listed.total = answer.jobs().total();
    if (!style.json && !terminal.is_terminal) print(table.take_text(terminal));
    return {};
  });
  if (!asked) return tl::unexpected(asked.error());
  if (!style.json && terminal.is_terminal) print(table.take_text(terminal));
  return listed;
}

}  // namespace jobq::cmd
