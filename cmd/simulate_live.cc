// SPDX-License-Identifier: Apache-2.0
// simulate --live: a copy of the controller's queue, changed as asked, and when its jobs would
// start.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "cmd/job_arguments.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/simulate.h"
#include "cmd/table.h"
#include "sim/live.h"

namespace jobq::cmd {
namespace {

tl::unexpected<Error> usage(std::string message) {
  return fail(ErrorCode::kUsage, std::move(message));
}

// --- what if

// Without --policy the controller's own.
resmgr::Scheduling scheduling_of(const SimulateOptions& options, const PolicyChoice& policy,
                                 const resmgr::Scheduling& own) {
  if (!options.policies.empty()) return policy.options.scheduling;
  return {own.backfill, options.depth.value_or(own.depth)};
}

struct MoreNodes {
  std::uint32_t count = 0;
  std::optional<std::uint32_t> cpus;
};

// "2", "2x64"
Result<MoreNodes> parse_more_nodes(const std::string& text) {
  const std::size_t x = std::min(text.find('x'), text.size());
  const auto number = [&](std::size_t from, std::size_t to) -> std::uint32_t {
    std::uint32_t value = 0;
    const auto [stop, error] = std::from_chars(text.data() + from, text.data() + to, value);
    return error == std::errc() && stop == text.data() + to ? value : 0;
  };
  MoreNodes more{number(0, x), std::nullopt};
  if (x < text.size()) more.cpus = number(x + 1, text.size());
  const bool fits = more.count <= kMostNodes && more.cpus.value_or(1) <= kMostCpusPerNode;
  if (more.count > 0 && more.cpus != 0 && fits) return more;
  return usage(
      fmt::format("--add-nodes: '{}' is not understood; expected a number of nodes, or "
                  "with their processors, as 2x64, {} of {} at most",
                  text, kMostNodes, kMostCpusPerNode));
}

// Like the largest node there is, under names that no other has.
Result<void> add_nodes(sim::LiveQueue& queue, const MoreNodes& more) {
  resmgr::Capacity capacity;
  const auto largest = std::ranges::max_element(
      queue.nodes, {}, [](const resmgr::NodeView& node) { return node.total.cpus; });
  if (largest != queue.nodes.end()) capacity = largest->total;
  if (more.cpus) capacity.cpus = *more.cpus;
  if (capacity.cpus == 0) return usage("--add-nodes: there is no node to be like; give NxCPUS");
  if (queue.nodes.size() + more.count > kMostNodes) {
    return usage(
        fmt::format("--add-nodes: expected {} nodes at most, with those there are", kMostNodes));
  }
  for (std::uint32_t i = 0; i < more.count; ++i) {
    resmgr::NodeView node;
    node.name = fmt::format("added node {}", queue.nodes.size() + 1);
    node.state = resmgr::NodeState::kUp;
    node.total = capacity;
    queue.nodes.push_back(std::move(node));
  }
  return {};
}

Result<void> drain(sim::LiveQueue& queue, const std::string& name) {
  const auto node = std::ranges::find(queue.nodes, name, &resmgr::NodeView::name);
  if (node == queue.nodes.end()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("--drain: there is no node {}; `jq node list` lists them", name));
  }
  if (node->state == resmgr::NodeState::kUp) node->state = resmgr::NodeState::kDraining;
  return {};
}

tl::unexpected<Error> of_array(JobRef element) {
  return usage(
      fmt::format("--limit: {} has not started and has the time limit of its array; give {}=TIME",
                  to_string(element), element.job.value));
}

// "17=30m"; an array's is that of all its elements.
Result<void> limit(sim::LiveQueue& queue, const std::string& text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  const Result<JobRef> ref = parse_job(text.substr(0, equals));
  const Result<Millis> length = parse_duration(text.substr(std::min(equals + 1, text.size())));
  if (!ref || !length || length->count < 1 || *length > sim::kLongestLimit) {
    return usage(
        fmt::format("--limit: '{}' is not understood; expected JOB=TIME, as 17=30m, {} at most",
                    text, format_duration(sim::kLongestLimit)));
  }
  bool found = false;
  for (auto& [job, rest] : queue.copied.jobs) {
    if (job.summary.job != ref->job) continue;
    if (!ref->index || ref->index == job.summary.index) {
      job.time_limit = *length;
      found = true;
    } else if (rest && (rest->waiting.contains(*ref->index) || rest->held.contains(*ref->index))) {
      return of_array(*ref);
    }
  }
  if (found) return {};
  return fail(ErrorCode::kNotFound,
              fmt::format("--limit: job {} is not in the queue", to_string(*ref)));
}

Result<sim::LiveQueue> changed(sim::LiveQueue queue, const SimulateOptions& options) {
  for (const std::string& text : options.add_nodes) {
    const Result<MoreNodes> more = parse_more_nodes(text);
    if (!more) return tl::unexpected(more.error());
    if (auto done = add_nodes(queue, *more); !done) return tl::unexpected(done.error());
  }
  for (const std::string& name : options.drain) {
    if (auto done = drain(queue, name); !done) return tl::unexpected(done.error());
  }
  for (const std::string& text : options.limits) {
    if (auto done = limit(queue, text); !done) return tl::unexpected(done.error());
  }
  return queue;
}

// --- the answer

struct Answer {
  const sim::LiveQueue& queue;  // as it is
  std::vector<sim::Foreseen> as_it_is;
  std::optional<std::vector<sim::Foreseen>> changed;
};

const sched::JobDetail& job_of(const Answer& answer, std::size_t i) {
  return answer.queue.copied.jobs[answer.as_it_is[i].place].job;
}

void print_as_json(const Answer& answer) {
  for (std::size_t i = 0; i < answer.as_it_is.size(); ++i) {
    const sim::Foreseen& is = answer.as_it_is[i];
    const sched::JobDetail& job = job_of(answer, i);
    const auto& rest = answer.queue.copied.jobs[is.place].rest;
    const bool is_held = rest && rest->held.contains(is.job.index.value_or(0));
    JsonWriter json;
    json.object();
    json.field("job", is.job.job.value);
    json.field("index", is.job.index);
    json.field("name", job.summary.name);
    json.field("user", job.summary.user);
    json.field("state", sched::code(is_held ? sched::JobState::kHeld : job.summary.state));
    json.field("priority", job.summary.priority);
    json.field("start", is.start);
    if (answer.changed) json.field("start_if", (*answer.changed)[i].start);
    json.end();
    print(json.line());
  }
}

std::string start_of(const sim::Foreseen& foreseen, Time now) {
  return foreseen.start ? at_local(*foreseen.start, now) : "not known";
}

void print_as_table(const Answer& answer) {
  std::vector<Column> columns = {{"JOB", true},  {"NAME", false, 8}, {"USER", false, 6},
                                 {"PRIO", true}, {"START"},          {"WAIT", true}};
  if (answer.changed) columns.insert(columns.end(), {{"START IF"}, {"WAIT IF", true}});
  Table table(std::move(columns));
  const Time now = answer.queue.now;
  const auto wait = [&](const sim::Foreseen& foreseen) {
    return foreseen.start ? elapsed(*foreseen.start - now) : "-";
  };
  for (std::size_t i = 0; i < answer.as_it_is.size(); ++i) {
    const sim::Foreseen& is = answer.as_it_is[i];
    const sched::JobSummary& job = job_of(answer, i).summary;
    std::vector<Cell> row = {to_string(is.job), job.name, job.user, std::to_string(job.priority),
                             start_of(is, now), wait(is)};
    if (answer.changed) {
      row.emplace_back(start_of((*answer.changed)[i], now));
      row.emplace_back(wait((*answer.changed)[i]));
    }
    table.add(std::move(row));
  }
  print(table.take_text(standard_output()));
}

// Arrays count as one: so they were submitted.
void note_estimates(const sim::LiveQueue& queue, Millis estimate) {
  std::size_t by_class = 0;
  std::size_t by_option = 0;
  for (const auto& [job, rest] : queue.copied.jobs) {
    if (!job.time_limit) ++(job.estimate ? by_class : by_option);
  }
  if (by_class > 0) {
    note(fmt::format("{} without a time limit: taken to run as long as the class took of late",
                     counted(by_class, "job")));
  }
  if (by_option > 0) {
    note(fmt::format("{} without a time limit: taken to run {}; all others to use their limit up",
                     counted(by_option, "job"), format_duration(estimate)));
  }
}

}  // namespace

Result<int> simulate_live(const SimulateOptions& options) {
  if (!options.words.empty()) return usage("--live is about the live queue; leave out the trace");
  const Result<std::vector<PolicyChoice>> policies = policies_of(options);
  if (!policies) return tl::unexpected(policies.error());
  if (policies->size() > 1) return usage("--live: give one --policy");
  Result<sim::LiveQueue> queue = fetch_live_queue(options.where);
  if (!queue) return tl::unexpected(queue.error());
  resmgr::Scheduling& scheduling = queue->copied.policy.scheduling;
  scheduling = scheduling_of(options, policies->front(), scheduling);
  const bool has_changes =
      !options.add_nodes.empty() || !options.drain.empty() || !options.limits.empty();
  const Result<sim::LiveQueue> other = changed(*queue, options);
  if (!other) return tl::unexpected(other.error());
  const Millis estimate = options.estimate.value_or(seconds(3600));
  Answer answer{*queue, sim::foresee(*queue, estimate), std::nullopt};
  if (has_changes) answer.changed = sim::foresee(*other, estimate);
  options.json ? print_as_json(answer) : print_as_table(answer);
  note_estimates(*queue, estimate);
  return 0;
}

}  // namespace jobq::cmd
