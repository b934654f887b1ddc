// SPDX-License-Identifier: Apache-2.0
// The verb queue: jobs that are not final, in the order in which they are considered.
#include <fmt/format.h>

#include "cmd/client.h"
#include "cmd/job_list.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/summaries.h"
#include "cmd/verbs.h"
#include "cmd/watch.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

struct QueueOptions {
  FilterOptions filter;
  sched::QueueFilter jobs;  // what the filter means
  ControllerOptions where;
  std::optional<std::uint32_t> limit;
  std::optional<Millis> interval;
  bool watch = false;
  bool json = false;
};

std::vector<Cell> row_of(const sched::JobSummary& job, Time now) {
  return {shown_number(job),
          job.name,
          job.user,
          Cell(std::string(sched::code(job.state)), colour_of(job.state)),
          std::to_string(job.priority),
          joined(job.nodes),
          run_time(job, now),
          job.reason};
}

JobListStyle style_of(const QueueOptions& options) {
  return {{{"JOB", true},
           {"NAME", false, 8},
           {"USER", false, 6},
           {"STATE"},
           {"PRIO", true},
           {"NODES", false, 6},
           {"TIME", true},
           {"REASON", false, 10}},
          row_of,
          options.json};
}

// What fits the terminal below the title and above the prompt, unless it was said how many.
std::uint32_t limit_of(const QueueOptions& options, const Terminal& terminal) {
  if (options.limit) return *options.limit;
  if (options.json || terminal.height == 0) return 0;
  return static_cast<std::uint32_t>(std::max<std::size_t>(terminal.height, 6) - 3);
}

Result<void> list(Client& client, const QueueOptions& options, const Terminal& terminal) {
  wire::Frame request;
  controller::to_wire(options.jobs, *request.mutable_queue()->mutable_filter());
  request.mutable_queue()->set_limit(limit_of(options, terminal));
  const Result<JobsListed> listed = list_jobs(client, request, style_of(options), terminal);
  if (!listed) return tl::unexpected(listed.error());
  if (!options.json && terminal.is_terminal && listed->total > listed->shown) {
    print(fmt::format("{} and {} more\n", terminal.unicode ? "…" : "...",
                      listed->total - listed->shown));
  }
  return {};
}

Result<int> list_once(const QueueOptions& options) {
  Result<Client> client = Client::connect(options.where);
  if (!client) return tl::unexpected(client.error());
  const Result<void> listed = list(*client, options, standard_output());
  if (!listed) return tl::unexpected(listed.error());
  return 0;
}

}  // namespace

Result<int> run_queue(const Words& words) {
  QueueOptions queue;
  Options options(
      "jq queue [JOB...] [OPTIONS]",
      "Shows the jobs that are not final, in queue order. On a terminal as many as fit; "
      "elsewhere all.");
  add_filter(options, queue.filter);
  options.value("--limit", "N", into(queue.limit), "at most so many; 0: all");
  options.flag("--watch", queue.watch, "show it again and again; q or Ctrl-C ends it, and no job");
  options.value("-n,--interval", "SECONDS", into(queue.interval), "how often with --watch; 2");
  options.flag("--json", queue.json, "a line of JSON for each job");
  add_controller_options(options, queue.where);
  options.examples(
      "  jq queue\n"
      "  jq queue --me --state WR\n"
      "  jq queue --element batch\n"
      "  jq queue --watch -n 5\n"
      "  jq queue --json | command -p jq -r 'select(.priority > 50) | .job'\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  Result<sched::QueueFilter> jobs = to_filter(queue.filter);
  if (!jobs) return tl::unexpected(jobs.error());
  queue.jobs = std::move(*jobs);
  if (!queue.watch) return list_once(queue);
  return watch(
      queue.where, queue.interval.value_or(seconds(2)),
      [&](Client& client, const Terminal& terminal) { return list(client, queue, terminal); });
}

}  // namespace jobq::cmd
