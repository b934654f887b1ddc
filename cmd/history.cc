// SPDX-License-Identifier: Apache-2.0
// The verb history: jobs that ended, newest first.
#include <fmt/format.h>

#include "cmd/client.h"
#include "cmd/job_list.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/summaries.h"
#include "cmd/verbs.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

constexpr std::uint32_t kDefaultLimit = 1000;
constexpr std::uint32_t kTerminalLimit = 50;

struct HistoryOptions {
  FilterOptions filter;
  ControllerOptions where;
  std::optional<Time> since;
  std::optional<Time> until;
  std::optional<std::uint32_t> limit;
  bool json = false;
};

// What never started has used nothing; of an array, its elements have.
std::string used(const sched::JobSummary& job, std::string amount) {
  return job.started && job.elements.empty() ? std::move(amount) : "-";
}

std::vector<Cell> row_of(const sched::JobSummary& job, Time now) {
  return {shown_number(job),
          job.name,
          job.user,
          Cell(std::string(sched::code(job.state)), colour_of(job.state)),
          joined(job.nodes),
          at_local(job.started, now),
          at_local(job.ended, now),
          run_time(job, now),
          used(job, elapsed(job.cpu)),
          used(job, about(job.max_rss)),
          job.reason};
}

JobListStyle style_of(const HistoryOptions& options) {
  return {{{"JOB", true},
           {"NAME", false, 8},
           {"USER", false, 6},
           {"STATE"},
           {"NODES", false, 6},
           {"STARTED"},
           {"ENDED"},
           {"TIME", true},
           {"CPU", true},
           {"MEMORY", true},
           {"REASON", false, 10}},
          row_of,
          options.json};
}

Result<wire::Frame> request_of(const HistoryOptions& options, const Terminal& terminal) {
  const Result<sched::QueueFilter> filter = to_filter(options.filter);
  if (!filter) return tl::unexpected(filter.error());
  wire::Frame request;
  wire::HistoryRequest& history = *request.mutable_history();
  controller::to_wire(*filter, *history.mutable_filter());
  if (options.since) history.set_ended_from(options.since->ms);
  if (options.until) history.set_ended_to(options.until->ms);
  const bool short_list = terminal.is_terminal && !options.json;
  history.set_limit(options.limit.value_or(short_list ? kTerminalLimit : kDefaultLimit));
  return request;
}

Result<int> list(const HistoryOptions& options) {
  const Terminal terminal = standard_output();
  Result<wire::Frame> request = request_of(options, terminal);
  if (!request) return tl::unexpected(request.error());
  Result<Client> client = Client::connect(options.where);
  if (!client) return tl::unexpected(client.error());
  const Result<JobsListed> listed = list_jobs(*client, *request, style_of(options), terminal);
  if (!listed) return tl::unexpected(listed.error());
  if (listed->total > listed->shown && !options.limit) {
    note(fmt::format("{} are older; --limit N shows more, --limit 0 all",
                     listed->total - listed->shown));
  }
  return 0;
}

}  // namespace

Result<int> run_history(const Words& words) {
  HistoryOptions history;
  Options options("jq history [JOB...] [OPTIONS]", "Shows jobs that ended, the newest first.");
  add_filter(options, history.filter);
  options.value("--since", "TIME", into(history.since),
                "ended at or after: 2026-11-21, 2026-11-21T20:05:00Z, or how long ago (2h)");
  options.value("--until", "TIME", into(history.until), "ended before");
  options.value("--limit", "N", into(history.limit),
                "at most so many; 0: all; 1000, and 50 on a terminal");
  options.flag("--json", history.json, "a line of JSON for each job");
  add_controller_options(options, history.where);
  options.examples(
      "  jq history\n"
      "  jq history --me --since 1d --state JE\n"
      "  jq history --json --limit 0 >all.jsonl\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : list(history);
}

}  // namespace jobq::cmd
