// SPDX-License-Identifier: Apache-2.0
// Rows to what `jq show` prints.
#include "store/job_detail.h"

#include <fmt/format.h>

#include <algorithm>

#include "sched/asked.h"

namespace jobq::store {
namespace {

sched::JobSummary summary_of(const JobRows& rows, const sched::JobSpec& spec) {
  const sched::JobRow& job = rows.job;
  sched::JobSummary summary{.job = job.array ? job.array : job.number,
                            .name = job.name,
                            .class_name = spec.class_name,
                            .user = job.user,
                            .state = job.state,
                            .reason = job.reason,
                            .priority = job.priority,
                            .nodes = {},
                            .submitted = job.submitted,
                            .started = job.started,
                            .ended = job.ended,
                            .outcome = job.decided,
                            .restarts = 0,
                            .exit_code = job.exit_code,
                            .index = {},
                            .elements = sched::shown_elements(job.elements),
                            .record = job.number,
                            .element = spec.needs.element,
                            .cpu = {},
                            .max_rss = {},
                            .read_bytes = {},
                            .written_bytes = {}};
  if (job.array) summary.index = job.index;
  for (const sched::AttemptRow& attempt : rows.attempts) {
    add_node(summary.nodes, attempt.node_name);
    for (const sched::OtherNode& other : attempt.others) add_node(summary.nodes, other.name);
    if (attempt.ended) add_usage(attempt.end, summary);
  }
  for (const sched::StepRow& step : rows.steps) {
    if (step.attempt) summary.restarts += static_cast<int>(step.attempt.value) - 1;
  }
  return summary;
}

sched::StepView step_view(const sched::StepSpec& spec, StepId id, const JobRows& rows) {
  sched::StepView view = sched::view_of(spec);
  view.state = sched::StepState::kSkipped;
  for (const sched::StepRow& step : rows.steps) {
    if (step.step != id) continue;
    view.state = step.state;
    view.reason = step.reason;
    view.outcome = step.outcome;
    view.event = step.event;
    view.round = step.round;
    view.went_back = step.went_back;
  }
  return view;
}

sched::ArrayView array_view(const JobRows& rows) {
  const sched::ArrayRow& row = *rows.array;
  sched::ArrayView view;
  view.elements = rows.job.elements;
  view.done = row.done;
  view.failed = row.failed;
  view.cancelled = row.cancelled;
  if (const auto dropped = sched::IndexSet::read_back(row.dropped)) {
    view.cancelled += dropped->size();
  }
  if (const auto overdue = sched::IndexSet::read_back(row.overdue)) view.failed += overdue->size();
  view.total = view.done + view.failed + view.cancelled;
  return view;
}

// Steps in file order, then cleanup: the order of their ids.
std::vector<sched::StepView> step_views(const JobRows& rows, const sched::JobSpec& spec) {
  std::vector<sched::StepView> views;
  const auto add = [&](const sched::StepSpec& step) {
    views.push_back(step_view(step, StepId(static_cast<std::uint32_t>(views.size())), rows));
  };
  for (const sched::StepSpec& step : spec.steps) add(step);
  if (spec.cleanup) add(*spec.cleanup);
  for (const sched::AttemptRow& attempt : rows.attempts) {
    if (attempt.id.step.value >= views.size()) continue;
    views[attempt.id.step.value].attempts.push_back(sched::view_of(attempt));
  }
  return views;
}

std::string end_text(const sched::TaskEnd& end) {
  switch (end.how) {
    case sched::TaskEnd::How::kExited: return fmt::format("exit code {}", end.exit_code);
    case sched::TaskEnd::How::kSignalled: return fmt::format("signal {}", end.signal);
    case sched::TaskEnd::How::kNotStarted:
    case sched::TaskEnd::How::kLost:
    case sched::TaskEnd::How::kMemory:
    case sched::TaskEnd::How::kLimit: return end.reason;
    case sched::TaskEnd::How::kBuiltIn: break;
  }
  return end.reason.empty() ? "done" : end.reason;
}

void add_attempts(const sched::StepView& step, std::vector<sched::HistoryEntry>& entries) {
  for (const sched::AttemptView& attempt : step.attempts) {
    entries.push_back({attempt.started, "launched", sched::launched_text(step.name, attempt)});
    if (!attempt.ended) continue;
    // How the newest attempt was judged stands at its step.
    const bool judged = &attempt == &step.attempts.back() && !step.reason.empty();
    entries.push_back(
        {attempt.ended, "step ended",
         fmt::format("step {}: {}", step.name, judged ? step.reason : end_text(attempt.end))});
  }
}

// In the words of the event manager's history of a job that has not ended (sched/show.cc).
std::vector<sched::HistoryEntry> history_of(const JobRows& rows,
                                            const std::vector<sched::StepView>& steps) {
  const sched::JobRow& job = rows.job;
  std::vector<sched::HistoryEntry> entries;
  entries.push_back({job.submitted, "submitted", "by " + job.user});
  if (job.started) entries.push_back({job.started, "started", ""});
  for (const sched::TransitionRow& row : rows.transitions) {
    entries.push_back({row.at, row.what, row.detail});
  }
  for (const sched::StepView& step : steps) add_attempts(step, entries);
  entries.push_back({job.ended, "ended", job.reason});
  // Stable: what has the same time stays in the order from above.
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return entries;
}

}  // namespace

void add_node(std::vector<std::string>& nodes, std::string_view name) {
  const auto place = std::lower_bound(nodes.begin(), nodes.end(), name);
  const bool known = place != nodes.end() && *place == name;
  if (!known && !name.empty()) nodes.emplace(place, name);
}

sched::JobDetail make_detail(const JobRows& rows, const sched::JobSpec& spec) {
  sched::JobDetail detail;
  detail.summary = summary_of(rows, spec);
  detail.uid = rows.job.uid;
  detail.gid = rows.job.gid;
  detail.class_version = spec.class_version;
  detail.params = rows.job.params;
  detail.needs = spec.needs;
  detail.asks = sched::asked_text(spec);
  detail.time_limit = rows.job.time_limit ? rows.job.time_limit : spec.time_limit;
  detail.begin = rows.job.begin;
  detail.deadline = rows.job.deadline;
  detail.parent = rows.job.parent.job;
  detail.after = sched::dependencies_in(rows.job.after).value_or(std::vector<sched::Dependency>{});
  detail.nominal = rows.job.nominal;
  const auto account = sched::Account::parse(rows.job.account);
  if (account) detail.spans = account->spans(rows.job.ended);
  detail.workdir = spec.workdir;
  detail.output = spec.output;
  detail.error = spec.error;
  if (rows.array) {
    detail.array = array_view(rows);
  } else {
    detail.steps = step_views(rows, spec);
  }
  detail.history = history_of(rows, detail.steps);
  return detail;
}

std::optional<sched::JobDetail> make_dropped(const JobRows& array, const sched::JobSpec& spec,
                                             sched::Index index) {
  if (!array.array) return std::nullopt;
  const auto has = [index](const std::string& text) {
    const auto set = sched::IndexSet::read_back(text);
    return set && set->contains(index);
  };
  const bool overdue = has(array.array->overdue);
  if (!overdue && !has(array.array->dropped)) return std::nullopt;
  sched::JobDetail detail = make_detail(array, spec);
  detail.array.reset();
  detail.summary.index = index;
  detail.summary.elements.clear();
  detail.summary.state = overdue ? sched::JobState::kError : sched::JobState::kCancelled;
  detail.summary.outcome = overdue ? sched::Outcome::kFailure : sched::Outcome::kCancel;
  // An array whose elements are overdue was ended for that.
  detail.summary.reason = overdue ? array.job.reason : "cancelled before it started";
  detail.summary.started = Time{};
  detail.summary.exit_code = 0;
  detail.steps = step_views({}, spec);
  detail.history = {{array.job.submitted, "submitted", "by " + array.job.user}};
  return detail;
}

}  // namespace jobq::store
