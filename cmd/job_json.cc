// SPDX-License-Identifier: Apache-2.0
// A job as JSON; the names are a contract (see jobq-show(1)).
#include "cmd/job_views.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/summaries.h"

namespace jobq::cmd {
namespace {

using sched::AttemptView;
using sched::TaskEnd;

void write_counts(JsonWriter& json, std::string_view name,
                  const std::vector<resmgr::Count>& counts) {
  json.name(name);
  json.object();
  for (const resmgr::Count& count : counts) json.field(count.name, count.amount);
  json.end();
}

void write_needs(JsonWriter& json, const resmgr::Needs& needs) {
  json.name("needs");
  json.object();
  json.field("cpus", needs.cpus);
  json.field("memory", needs.memory.count);
  json.field("gpus", needs.gpus);
  write_counts(json, "counts", needs.counts);
  json.name("exclusive");
  json.array();
  for (const std::string& name : needs.exclusive) json.value(name);
  json.end();
  write_counts(json, "tokens", needs.tokens);
  json.field("service", unless_empty(needs.service));
  json.name("features");
  json.array();
  for (const std::string& name : needs.features) json.value(name);
  json.end();
  json.field("nodes", needs.nodes);
  json.end();
}

void write_priority(JsonWriter& json, const std::vector<sched::PriorityTerm>& terms) {
  json.name("priority_terms");
  json.array();
  for (const sched::PriorityTerm& term : terms) {
    json.object();
    json.field("name", term.name);
    json.field("points", term.points);
    json.field("detail", term.detail);
    json.end();
  }
  json.end();
}

template <class T>
std::optional<T> when(bool condition, T value) {
  return condition ? std::optional<T>(value) : std::nullopt;
}

void write_attempt(JsonWriter& json, const AttemptView& attempt) {
  const bool ended = static_cast<bool>(attempt.ended);
  const TaskEnd& end = attempt.end;
  json.object();
  json.field("attempt", attempt.attempt.value);
  json.field("round", when(attempt.round != 0, attempt.round));
  json.field("node", attempt.node);
  if (!attempt.others.empty()) {
    json.name("others");
    json.array();
    for (const std::string& other : attempt.others) json.value(other);
    json.end();
  }
  json.field("exit_code", when(ended && end.how == TaskEnd::How::kExited, end.exit_code));
  json.field("signal", when(ended && end.how == TaskEnd::How::kSignalled, end.signal));
  json.field("reason", end.reason);
  json.field("started", attempt.started);
  json.field("ended", attempt.ended);
  json.field("wall_s", when(ended, end.wall));
  json.field("cpu_s", when(ended, end.cpu));
  json.field("max_rss", when(ended, end.max_rss.count));
  json.field("read_bytes", when(ended, end.read_bytes.count));
  json.field("written_bytes", when(ended, end.written_bytes.count));
  json.end();
}

void write_conditions(JsonWriter& json, std::string_view name,
                      const std::vector<sched::Condition>& conditions) {
  json.name(name);
  json.array();
  for (const sched::Condition& condition : conditions) json.value(to_string(condition));
  json.end();
}

void write_loop(JsonWriter& json, const sched::StepView& step) {
  if (!step.again) return json.field("again", std::optional<std::string>());
  json.name("again");
  json.object();
  json.field("to", step.again->to);
  json.field("when", sched::when_text(*step.again));
  json.field("max", step.again->max);
  json.field("went_back", step.went_back);
  json.end();
}

void write_step(JsonWriter& json, const sched::StepView& step) {
  json.object();
  json.field("name", step.name);
  json.field("kind", sched::to_string(step.kind));
  write_conditions(json, "after", step.after);
  write_conditions(json, "after_any", step.after_any);
  json.field("state", sched::to_string(step.state));
  json.field("reason", step.reason);
  json.field("outcome", unless_empty(sched::to_string(step.outcome)));
  json.field("event", step.event);
  json.field("round", when(step.round != 0, step.round));
  write_loop(json, step);
  json.name("attempts");
  json.array();
  for (const AttemptView& attempt : step.attempts) write_attempt(json, attempt);
  json.end();
  json.end();
}

void write_array(JsonWriter& json, const sched::ArrayView& array) {
  json.name("array");
  json.object();
  json.field("elements", array.elements);
  json.field("total", array.total);
  json.field("not_started", array.waiting);
  json.field("held", array.held);
  json.field("running", array.running);
  json.field("done", array.done);
  json.field("failed", array.failed);
  json.field("cancelled", array.cancelled);
  json.field("elements_not_started", array.not_started);
  json.name("elements_running");
  json.array();
  for (const sched::Index index : array.now_running) json.value(index);
  json.end();
  json.end();
}

void write_history(JsonWriter& json, const std::vector<sched::HistoryEntry>& history) {
  json.name("history");
  json.array();
  for (const sched::HistoryEntry& entry : history) {
    json.object();
    json.field("at", entry.at);
    json.field("what", entry.what);
    json.field("detail", entry.detail);
    json.end();
  }
  json.end();
}

std::string_view state_of(const sched::Dependency& it) {
  switch (it.state) {
    case sched::Dependency::State::kOpen: return "open";
    case sched::Dependency::State::kDelay: return "delayed";
    case sched::Dependency::State::kHolds: return "holds";
    case sched::Dependency::State::kNever: break;
  }
  return "never";
}

void write_conditions(JsonWriter& json, const std::vector<sched::Dependency>& after) {
  json.name("depends");
  json.array();
  for (const sched::Dependency& it : after) {
    json.object();
    json.field("job", it.job.value);
    json.field("on", to_string(it.on));
    json.field("delay", it.delay);
    json.field("state", state_of(it));
    json.field("reason", unless_empty(it.why));
    json.end();
  }
  json.end();
}

}  // namespace

void print_job_as_json(const sched::JobDetail& job) {
  JsonWriter json;
  json.object();
  write_summary(json, job.summary);
  json.field("exit_code", exit_code_of(job.summary.outcome, job.summary.exit_code));
  json.field("class_version", unless_empty(job.class_version));
  json.field("time_limit", job.time_limit);
  json.field("estimate", job.estimate);
  json.field("recur", unless_empty(job.nominal ? job.summary.name : std::string()));
  json.field("nominal", job.nominal);
  json.field("begin", job.begin);
  json.field("deadline", job.deadline);
  json.field("workdir", unless_empty(as_given(job, job.workdir)));
  json.field("output", unless_empty(as_given(job, job.output)));
  json.field("error", unless_empty(as_given(job, job.error)));
  json.name("params");
  json.object();
  for (const auto& [name, value] : job.params) json.field(name, value);
  json.end();
  write_needs(json, job.needs);
  json.field("asks", job.asks);
  write_priority(json, job.priority);
  if (job.array) write_array(json, *job.array);
  json.field("parent", job.parent ? std::optional(job.parent.value) : std::nullopt);
  write_conditions(json, job.after);
  json.name("steps");
  json.array();
  for (const sched::StepView& step : job.steps) write_step(json, step);
  json.end();
  write_history(json, job.history);
  json.end();
  print(json.line());
}

}  // namespace jobq::cmd
