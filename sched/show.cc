// SPDX-License-Identifier: Apache-2.0
// What users are shown: the queue, one job, classes, nodes.
#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "sched/asked.h"
#include "sched/core.h"
#include "sched/elements.h"
#include "sched/launch.h"
#include "sched/rank.h"

namespace jobq::sched {
namespace {

constexpr std::uint64_t kShortRange = 1000;

template <class T>
bool lets_through(const std::vector<T>& allowed, const T& value) {
  return allowed.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

bool in_ranges(const std::vector<Selector::Range>& ranges, JobNumber number) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Selector::Range& range) {
    return number >= range.first && number <= range.last;
  });
}

bool is_named(const QueueFilter& filter, const Job& job) {
  if (filter.ranges.empty() && filter.elements.empty()) return true;
  if (in_ranges(filter.ranges, job.place())) return true;
  return std::any_of(filter.elements.begin(), filter.elements.end(), [&](const auto& elements) {
    if (elements.array != job.place()) return false;
    if (job.whole != nullptr) return elements.indexes.contains(job.index);
    return job.array && !job.array->unstarted().common(elements.indexes).empty();
  });
}

// Of an array, what has not started is looked at.
JobState state_in_queue(const Job& job) { return job.array ? state_of_rest(job) : job.state(); }

// The front of an array is shown with the rest of it.
bool is_shown(const Job& job) {
  return !job.is_front() && !(job.array && job.array->unstarted_count() == 0);
}

bool lets_through(const QueueFilter& filter, const Job& job) {
  return is_shown(job) && is_named(filter, job) &&
         (!filter.user || *filter.user == job.user->name) &&
         lets_through(filter.names, job.name->first) &&
         lets_through(filter.classes, job.what().class_name) &&
         lets_through(filter.node_elements, job.what().needs.element) &&
         lets_through(filter.states, state_in_queue(job));
}

bool lets_all_through(const QueueFilter& filter) {
  return filter.ranges.empty() && filter.elements.empty() && !filter.user && filter.names.empty() &&
         filter.classes.empty() && filter.node_elements.empty() && filter.states.empty();
}

// Numbers that a filter names one by one, when they are few: no need to look at the whole queue.
std::optional<std::vector<JobNumber>> few_named(const QueueFilter& filter, const JobTable& jobs) {
  std::vector<JobNumber> numbers;
  for (const Selector::Elements& elements : filter.elements) numbers.push_back(elements.array);
  if (filter.ranges.empty() && filter.elements.empty()) {
    if (filter.names.empty() || filter.names.size() > kShortRange) return std::nullopt;
    for (const std::string& name : filter.names) {
      const auto named = jobs.named(name, kShortRange);
      if (!named) return std::nullopt;
      numbers.insert(numbers.end(), named->begin(), named->end());
      if (numbers.size() > kShortRange) return std::nullopt;
    }
  }
  for (const Selector::Range& range : filter.ranges) {
    if (range.last < range.first) continue;
    const std::uint64_t more = range.last.value - range.first.value;
    if (more >= kShortRange) return std::nullopt;
    // Counted from the first: the last may be the greatest number that there is.
    for (std::uint64_t i = 0; i <= more; ++i) numbers.emplace_back(range.first.value + i);
    if (numbers.size() > kShortRange) return std::nullopt;
  }
  return numbers;
}

bool before_in_queue(const Job* a, const Job* b) {
  if (a->started() != b->started()) return a->started();
  return key_of(*a) < key_of(*b);
}

std::vector<const Job*> found(const std::vector<JobNumber>& numbers, const JobTable& jobs) {
  std::vector<const Job*> list;
  for (const JobNumber number : numbers) {
    const Job* job = jobs.find(number);
    if (job == nullptr || job->whole != nullptr) continue;
    list.push_back(job);
    if (!job->array) continue;
    for (const auto& [index, element] : job->array->running) list.push_back(element);
  }
  std::sort(list.begin(), list.end(), before_in_queue);
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

std::vector<std::string> nodes_of(const Job& job) {
  std::vector<std::string> names;
  for (const Step& step : job.steps) {
    if (!step.run) continue;
    for (const AttemptRow& attempt : step.run->attempts) {
      if (!attempt.node_name.empty()) names.push_back(attempt.node_name);
      for (const OtherNode& other : attempt.others) names.push_back(other.name);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

int restarts_of(const Job& job) {
  int restarts = 0;
  for (const Step& step : job.steps) {
    if (!step.run || step.run->attempts.empty()) continue;
    restarts += static_cast<int>(step.run->attempts.size()) - 1;
  }
  return restarts;
}

void add_usage_of(const Job& job, JobSummary& summary) {
  for (const Step& step : job.steps) {
    if (!step.run) continue;
    for (const AttemptRow& attempt : step.run->attempts) {
      if (attempt.ended) add_usage(attempt.end, summary);
    }
  }
}

std::string end_text(const JobSpec& spec, StepId id, const AttemptRow& attempt) {
  const Judgement judgement = judge(step_of(spec, id).exit, attempt.end);
  if (!judgement.reason.empty()) return judgement.reason;
  return attempt.end.how == TaskEnd::How::kBuiltIn ? "done" : "exit code 0";
}

void add_attempts(const Job& job, StepId id, std::vector<HistoryEntry>& history) {
  if (!job.step(id).run) return;
  const std::string& name = step_of(job.what(), id).name;
  for (const AttemptRow& attempt : job.step(id).run->attempts) {
    history.push_back({attempt.started, "launched", launched_text(name, view_of(attempt))});
    if (!attempt.ended) continue;
    history.push_back({attempt.ended, "step ended",
                       fmt::format("step {}: {}", name, end_text(job.what(), id, attempt))});
  }
}

// Told from the rows; what they cannot tell stands in the transitions.
std::vector<HistoryEntry> history_of(const Job& job) {
  std::vector<HistoryEntry> history{{job.submitted, "submitted", "by " + job.user->name}};
  const JobRun& run = job.facts();
  if (run.started) history.push_back({run.started, "started", ""});
  for (const TransitionRow& it : run.transitions) history.push_back({it.at, it.what, it.detail});
  for (std::uint32_t i = 0; i < job.steps.size(); ++i) add_attempts(job, StepId{i}, history);
  std::stable_sort(history.begin(), history.end(),
                   [](const HistoryEntry& a, const HistoryEntry& b) { return a.at < b.at; });
  return history;
}

StepView view_of(const Job& job, StepId id) {
  const Step& step = job.step(id);
  const StepSpec& spec = step_of(job.what(), id);
  StepView view = view_of(spec);
  view.state = step.state;
  view.round = round_of(job, id);
  // While it is ending, the outcome is only what the end was ordered for.
  if (is_final(step.state)) view.outcome = step.outcome;
  if (!step.run) return view;
  view.event = step.run->event;
  view.went_back = step.run->went_back;
  for (const AttemptRow& attempt : step.run->attempts) {
    view.attempts.push_back(view_of(attempt));
  }
  return view;
}

ClassView view_of(const ClassRow& row) {
  return {row.name, row.version, row.user, row.registered, row.retired, row.text, row.file};
}

}  // namespace

std::string launched_text(const std::string& step, const AttemptView& attempt) {
  std::string where = attempt.node.empty() ? "by the controller itself" : "on " + attempt.node;
  const std::vector<std::string>& others = attempt.others;
  constexpr std::size_t kShown = 8;
  for (std::size_t i = 0; i < std::min(others.size(), kShown); ++i) {
    const bool is_last = i + 1 == others.size();
    where += (i == 0 ? ", with " : is_last ? " and " : ", ") + others[i];
  }
  if (others.size() > kShown) where += fmt::format(" and {} more", others.size() - kShown);
  return fmt::format("step {}, attempt {} {}", step, attempt.attempt.value, where);
}

AttemptView view_of(const AttemptRow& attempt) {
  AttemptView view;
  view.attempt = attempt.id.attempt;
  view.node = attempt.node_name;
  for (const OtherNode& other : attempt.others) view.others.push_back(other.name);
  view.output = attempt.output;
  view.error = attempt.error;
  view.started = attempt.started;
  view.ended = attempt.ended;
  view.end = attempt.end;
  view.round = attempt.round;
  return view;
}

StepView view_of(const StepSpec& spec) {
  StepView view;
  view.name = spec.name;
  view.kind = spec.kind;
  view.needs = spec.needs;
  view.after = spec.after;
  view.after_any = spec.after_any;
  view.again = spec.again;
  return view;
}

void add_usage(const TaskEnd& end, JobSummary& summary) {
  summary.cpu = summary.cpu + end.cpu;
  summary.max_rss = std::max(summary.max_rss, end.max_rss);
  summary.read_bytes.count += end.read_bytes.count;
  summary.written_bytes.count += end.written_bytes.count;
}

JobSummary Core::summary_of(const Job& job) const {
  JobSummary summary;
  const JobRun& run = job.facts();
  summary.job = job.place();
  if (job.whole != nullptr) summary.index = job.index;
  if (job.array) summary.elements = to_string(job.array->spec.elements, kShownRanges);
  summary.record = job.number;
  summary.name = job.name->first;
  summary.class_name = job.what().class_name;
  summary.user = job.user->name;
  summary.state = job.state();
  summary.reason = reason_of(job);
  summary.priority = job.priority;
  summary.nodes = nodes_of(job);
  summary.submitted = job.submitted;
  summary.started = run.started;
  summary.ended = run.ended;
  summary.outcome = run.ended ? run.decided : Outcome::kNone;
  summary.restarts = restarts_of(job);
  summary.exit_code = run.exit_code;
  summary.element = job.what().needs.element;
  add_usage_of(job, summary);
  return summary;
}

bool Core::queue(QueueWalk& walk, std::size_t most,
                 const std::function<void(const JobSummary&)>& each) const {
  const auto meet = [&](const Job& job) {
    if (!lets_through(walk.filter, job)) return;
    ++walk.found;
    if (walk.limit != 0 && walk.found > walk.limit) return;
    each(job.array ? summary_of_rest(job) : summary_of(job));
  };
  if (const auto numbers = few_named(walk.filter, jobs_)) {
    for (const Job* job : found(*numbers, jobs_)) meet(*job);
    return false;
  }
  const bool count_is_known = walk.limit != 0 && lets_all_through(walk.filter);
  const bool more = jobs_.walk(walk.place, most, [&](const Job& job) {
    meet(job);
    return !count_is_known || walk.found < walk.limit;
  });
  if (!more && count_is_known) walk.found = shown_count();
  return more;
}

Result<void> Core::check_filter(const QueueFilter& filter) const {
  std::vector<std::string_view> known;
  for (const ElementPolicy& element : policy_.elements) known.emplace_back(element.name);
  for (const std::string& name : filter.node_elements) {
    if (find_element(policy_, name) != nullptr) continue;
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no element {}{}", name, did_you_mean(name, known)));
  }
  return {};
}

// All in the queue but fronts, which are shown with their arrays, and arrays without a rest.
std::uint64_t Core::shown_count() const {
  std::uint64_t hidden = 0;
  for (const JobNumber number : arrays_) {
    const ArrayRun& array = *jobs_.find(number)->array;
    if (array.front != nullptr || array.unstarted_count() == 0) ++hidden;
  }
  return jobs_.live() - hidden;
}

// The cap that keeps the job from its start, in a few words; empty where it is something else. It
// stands in a list of all jobs, so it costs a look at the job and no more.
std::string Core::cap_reason(const Job& job) const {
  if (!quotas_.caps_running() || job.state() != JobState::kWaitingResources) return {};
  const std::string& user = job.user->name;
  const Quotas::Kind* kind = quotas_.find_kind(user, job.what(), fair_.find(user));
  const auto full = kind == nullptr ? std::nullopt : rm_.full_cap(kind->fresh);
  return full ? quotas_.text_of(*full) : std::string();
}

std::string Core::reason_of(const Job& job) const {
  std::string reason = standing_reason(job);
  const Job* first = job.array ? job.array->front : &job;
  const std::string cap = first == nullptr ? std::string() : cap_reason(*first);
  if (cap.empty()) return reason;
  return job.array ? reason + "; " + cap : cap;
}

// Why a step is where it is, in a few words.
std::string Core::shown_reason(const Job& job, StepId id) const {
  const Step& step = job.step(id);
  const AttemptRow* attempt = step.attempt();
  const bool on_node = attempt != nullptr && attempt->node && !attempt->ended;
  if (on_node && !nodes_.is_connected(attempt->node)) {
    const Node* node = nodes_.find(attempt->node);
    const bool counts_as_lost_soon = !node->row.given_up && counts_as_lost(*node, job, id);
    const std::string_view until =
        !counts_as_lost_soon ? "its end is unknown until it returns"
        : step.state == StepState::kEnding
            ? "the step, told to end, counts as ended when the node has stayed away for longer"
            : "the step counts as lost when the node's lease has run out";
    return fmt::format("in doubt: node {} is lost, and {}", attempt->node_name, until);
  }
  if (step.run && !step.run->reason.empty()) return step.run->reason;
  return step.state == StepState::kSkipped ? "its conditions can no longer hold" : "";
}

JobDetail Core::detail_of(const Job& job, Time now) const {
  JobDetail detail;
  const JobSpec& spec = job.what();
  detail.summary = summary_of(job);
  detail.uid = job.user->uid;
  detail.gid = job.user->gid;
  detail.class_version = spec.class_version;
  detail.params = job.params;
  detail.needs = spec.needs;
  detail.asks = asked_text(spec);
  detail.time_limit = job.time_limit;
  detail.begin = job.facts().begin;
  detail.deadline = job.facts().deadline;
  detail.parent = job.facts().parent.job;
  detail.after = job.facts().after;
  detail.nominal = job.facts().nominal;
  if (!job.time_limit) detail.estimate = run_times_.estimate(spec.class_name);
  detail.priority = terms_of(policy_, job.priority, spec, job.since(), now);
  if (auto term = fair_.term(job.user->name)) detail.priority.push_back(*std::move(term));
  detail.workdir = spec.workdir;
  detail.output = spec.output;
  detail.error = spec.error;
  for (std::uint32_t i = 0; i < job.steps.size(); ++i) {
    detail.steps.push_back(view_of(job, StepId{i}));
    detail.steps.back().reason = shown_reason(job, StepId{i});
  }
  detail.history = history_of(job);
  if (job.array) detail.array = view_of(*job.array);
  return detail;
}

std::vector<ClassView> Core::class_views() const {
  std::vector<ClassView> views;
  for (const auto& [name, versions] : classes_.all()) {
    for (const ClassRow& row : versions) views.push_back(view_of(row));
  }
  return views;
}

Result<ClassView> Core::find_class(const std::string& name, const std::string& version) const {
  return classes_.look_up(name, version).map([](const ClassRow* row) { return view_of(*row); });
}

std::string Core::reason_of(const Node& node) {
  if (!node.connected) {
    return node.lost_reason.empty() ? "it has not joined since the start" : node.lost_reason;
  }
  if (node.row.draining || node.strangers.empty()) return node.row.drain_reason;
  std::vector<std::string> jobs;
  for (const AttemptId& id : node.strangers) jobs.push_back(to_string(id.job));
  jobs.erase(std::unique(jobs.begin(), jobs.end()), jobs.end());
  return fmt::format(
      "it came back with steps of {} {} that are not to run any more; it takes new ones when these "
      "have ended",
      jobs.size() == 1 ? "job" : "jobs", fmt::join(jobs, ", "));
}

namespace {

NodeView::Running running_of(const Job& job, const AttemptId& attempt) {
  return {attempt, job.ref(), step_of(job.what(), attempt.step).name, job.user->name};
}

}  // namespace

// What has several nodes is on all of them.
std::vector<NodeView> Core::node_views() const {
  std::map<NodeId, std::vector<AttemptId>> beside;
  for (const auto& [id, node] : nodes_.all()) {
    for (const AttemptId& attempt : node.attempts) {
      const Step& step = jobs_.find(attempt.job)->step(attempt.step);
      for (const OtherNode& other : step.attempt()->others) beside[other.node].push_back(attempt);
    }
  }
  std::vector<NodeView> views;
  for (const auto& [id, node] : nodes_.all()) {
    if (node.row.forgotten) continue;
    NodeView view;
    view.resources = *rm_.node(id);
    view.reason = reason_of(node);
    view.drained_by = node.row.drained_by;
    view.drain_until = node.row.drain_until;
    view.elements = node.elements;
    view.last_joined = node.row.last_joined;
    for (const AttemptId& attempt : node.attempts) {
      view.running.push_back(running_of(*jobs_.find(attempt.job), attempt));
    }
    for (const AttemptId& attempt : beside[id]) {
      view.running.push_back(running_of(*jobs_.find(attempt.job), attempt));
    }
    views.push_back(std::move(view));
  }
  return views;
}

std::optional<NodeId> Core::node_id(const std::string& name) const {
  const Node* node = nodes_.find(name);
  return node == nullptr ? std::nullopt : std::optional(node->row.id);
}

}  // namespace jobq::sched
