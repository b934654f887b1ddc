// SPDX-License-Identifier: Apache-2.0
// simulate --live: a copy of the controller's queue, changed as asked, and when its jobs would
// start.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "cmd/client.h"
#include "cmd/job_arguments.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/node_views.h"
#include "cmd/phrases.h"
#include "cmd/resource_views.h"
#include "cmd/simulate.h"
#include "cmd/table.h"
#include "controller/translate.h"
#include "sim/live.h"

namespace jobq::cmd {
namespace {

tl::unexpected<Error> usage(std::string message) {
  return fail(ErrorCode::kUsage, std::move(message));
}

// --- the copy

// An older controller does not say; it does what a controller does unless it is told otherwise.
Result<void> take_scheduling(const wire::JobList& answer, sim::LiveQueue& queue) {
  if (!answer.has_scheduling()) return {};
  const Result<resmgr::Scheduling> scheduling = controller::from_wire(answer.scheduling());
  if (!scheduling) return tl::unexpected(scheduling.error());
  queue.scheduling = *scheduling;
  return {};
}

Result<std::uint64_t> fetch_jobs(Client& client, sim::LiveQueue& queue) {
  wire::Frame request;
  request.mutable_queue()->set_details(true);
  std::uint64_t total = 0;
  const auto take = [&](wire::Frame& answer) -> Result<void> {
    if (!answer.has_jobs()) return unexpected_answer();
    for (const wire::JobDetail& each : answer.jobs().details()) {
      Result<sched::JobDetail> job = controller::from_wire(each);
      if (!job) return tl::unexpected(job.error());
      queue.jobs.push_back(std::move(*job));
    }
    total = answer.jobs().total();
    return take_scheduling(answer.jobs(), queue);
  };
  const Result<void> asked = client.ask(std::move(request), take);
  if (!asked) return tl::unexpected(asked.error());
  return total;
}

Result<void> fetch_resources(Client& client, sim::LiveQueue& queue) {
  const Result<wire::ResourceList> list = ask_for_resources(client);
  if (!list) return tl::unexpected(list.error());
  for (const wire::ResourceView& view : list->resources()) {
    const bool is_exclusive =
        view.kind() == static_cast<std::uint32_t>(resmgr::NamedKind::kExclusive);
    queue.named.push_back(
        {view.name(), is_exclusive ? resmgr::NamedKind::kExclusive : resmgr::NamedKind::kTokens,
         view.total()});
  }
  return {};
}

// Nodes are named one by one: those that are added later belong to none.
void take_elements(const wire::NodeView& node, sim::LiveQueue& queue) {
  for (const std::string& name : node.elements()) {
    auto known = std::ranges::lower_bound(queue.elements, name, {}, &sched::ElementPolicy::name);
    if (known == queue.elements.end() || known->name != name) {
      known = queue.elements.insert(known, sched::ElementPolicy{});
      known->name = name;
    }
    known->nodes.push_back(node.name());
  }
}

Result<void> fetch_nodes(Client& client, sim::LiveQueue& queue) {
  const Result<wire::NodeList> list = ask_for_nodes(client);
  if (!list) return tl::unexpected(list.error());
  for (const wire::NodeView& view : list->nodes()) {
    resmgr::NodeView node;
    node.name = view.name();
    take_elements(view, queue);
    node.state = view.state() > static_cast<std::uint32_t>(resmgr::NodeState::kLost)
                     ? resmgr::NodeState::kLost
                     : static_cast<resmgr::NodeState>(view.state());
    node.total = controller::from_wire(view.total());
    queue.nodes.push_back(std::move(node));
  }
  return {};
}

Result<sim::LiveQueue> fetch(const SimulateOptions& options) {
  Result<Client> client = Client::connect(options.where);
  if (!client) return tl::unexpected(client.error());
  sim::LiveQueue queue;
  if (auto done = fetch_resources(*client, queue); !done) return tl::unexpected(done.error());
  const Result<std::uint64_t> total = fetch_jobs(*client, queue);
  if (!total) return tl::unexpected(total.error());
  if (auto done = fetch_nodes(*client, queue); !done) return tl::unexpected(done.error());
  queue.now = wall_now();
  if (*total > queue.jobs.size()) {
    note(fmt::format("the first {} of {} jobs are looked at", queue.jobs.size(), *total));
  }
  return queue;
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
  constexpr std::uint32_t kMost = 100'000;
  const std::size_t x = std::min(text.find('x'), text.size());
  const auto number = [&](std::size_t from, std::size_t to) -> std::uint32_t {
    std::uint32_t value = 0;
    const auto [stop, error] = std::from_chars(text.data() + from, text.data() + to, value);
    return error == std::errc() && stop == text.data() + to ? value : 0;
  };
  MoreNodes more{number(0, x), std::nullopt};
  if (x < text.size()) more.cpus = number(x + 1, text.size());
  if (more.count > 0 && more.count <= kMost && more.cpus != 0) return more;
  return usage(
      fmt::format("--add-nodes: '{}' is not understood; expected a number of nodes, or "
                  "with their processors, as 2x64",
                  text));
}

// Like the largest node there is, under names that no other has.
Result<void> add_nodes(sim::LiveQueue& queue, const MoreNodes& more) {
  resmgr::Capacity capacity;
  const auto largest = std::ranges::max_element(
      queue.nodes, {}, [](const resmgr::NodeView& node) { return node.total.cpus; });
  if (largest != queue.nodes.end()) capacity = largest->total;
  if (more.cpus) capacity.cpus = *more.cpus;
  if (capacity.cpus == 0) return usage("--add-nodes: there is no node to be like; give NxCPUS");
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

// "17=30m"
Result<void> limit(sim::LiveQueue& queue, const std::string& text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  const Result<JobRef> ref = parse_job(text.substr(0, equals));
  const Result<Millis> length = parse_duration(text.substr(std::min(equals + 1, text.size())));
  if (!ref || !length || length->count < 1) {
    return usage(
        fmt::format("--limit: '{}' is not understood; expected JOB=TIME, as 17=30m", text));
  }
  const auto job = std::ranges::find_if(
      queue.jobs, [&](const sched::JobDetail& each) { return each.summary.ref() == *ref; });
  if (job == queue.jobs.end()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("--limit: job {} is not in the queue", to_string(*ref)));
  }
  job->time_limit = *length;
  return {};
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

// Calls `each` with every job that waits, its place in the answer's lists, and what it is.
template <class Each>
void for_each_waiting(const Answer& answer, Each each) {
  std::size_t i = 0;
  for (const sched::JobDetail& job : answer.queue.jobs) {
    if (!job.summary.started) each(job, i++);
  }
}

void print_as_json(const Answer& answer) {
  for_each_waiting(answer, [&](const sched::JobDetail& job, std::size_t i) {
    JsonWriter json;
    json.object();
    json.field("job", job.summary.job.value);
    json.field("name", job.summary.name);
    json.field("user", job.summary.user);
    json.field("state", sched::code(job.summary.state));
    json.field("priority", job.summary.priority);
    json.field("start", answer.as_it_is[i].start);
    if (answer.changed) json.field("start_if", (*answer.changed)[i].start);
    json.end();
    print(json.line());
  });
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
  for_each_waiting(answer, [&](const sched::JobDetail& job, std::size_t i) {
    const sim::Foreseen& is = answer.as_it_is[i];
    std::vector<Cell> row = {
        std::to_string(job.summary.job.value), job.summary.name,  job.summary.user,
        std::to_string(job.summary.priority),  start_of(is, now), wait(is)};
    if (answer.changed) {
      row.emplace_back(start_of((*answer.changed)[i], now));
      row.emplace_back(wait((*answer.changed)[i]));
    }
    table.add(std::move(row));
  });
  print(table.take_text(standard_output()));
}

void note_estimates(const sim::LiveQueue& queue, Millis estimate) {
  const auto without = static_cast<std::size_t>(std::ranges::count_if(
      queue.jobs, [](const sched::JobDetail& job) { return !job.time_limit; }));
  if (without == 0) return;
  note(fmt::format("{} without a time limit: taken to run {}; all others to use their limit up",
                   counted(without, "job"), format_duration(estimate)));
}

}  // namespace

Result<int> simulate_live(const SimulateOptions& options) {
  if (!options.words.empty() || options.synthetic) {
    return usage("--live is about the live queue; leave out the trace and --synthetic");
  }
  const Result<std::vector<PolicyChoice>> policies = policies_of(options);
  if (!policies) return tl::unexpected(policies.error());
  if (policies->size() > 1) return usage("--live: give one --policy");
  Result<sim::LiveQueue> queue = fetch(options);
  if (!queue) return tl::unexpected(queue.error());
  queue->scheduling = scheduling_of(options, policies->front(), queue->scheduling);
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
