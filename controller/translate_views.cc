// SPDX-License-Identifier: Apache-2.0
// What users are shown, errors, and the node's messages, between the wire and sched.
#include <set>
#include <string>

#include "controller/translate.h"
#include "controller/wire_checks.h"

namespace jobq::controller {
namespace {

using sched::JobDetail;
using sched::JobSummary;
using sched::StepView;

template <class In>
std::vector<std::string> strings_from_wire(const In& in) {
  return {in.begin(), in.end()};
}

void step_to_wire(const StepView& step, wire::StepView& out) {
  out.set_name(step.name);
  out.set_kind(static_cast<std::uint32_t>(step.kind));
  out.set_state(static_cast<std::uint32_t>(step.state));
  out.set_reason(step.reason);
  out.set_outcome(static_cast<std::uint32_t>(step.outcome));
  if (step.event) out.set_event(*step.event);
  if (step.needs) to_wire(*step.needs, *out.mutable_needs());
  to_wire(step.after, *out.mutable_after());
  to_wire(step.after_any, *out.mutable_after_any());
  out.set_round(step.round);
  if (step.again) to_wire(*step.again, *out.mutable_again());
  out.set_went_back(step.went_back);
  for (const sched::AttemptView& attempt : step.attempts) {
    wire::AttemptView& entry = *out.add_attempts();
    entry.set_attempt(attempt.attempt.value);
    entry.set_node(attempt.node);
    for (const std::string& other : attempt.others) entry.add_others(other);
    entry.set_output(attempt.output);
    entry.set_error(attempt.error);
    entry.set_started(attempt.started.ms);
    entry.set_ended(attempt.ended.ms);
    entry.set_round(attempt.round);
    if (attempt.ended) to_wire(attempt.end, *entry.mutable_end());
  }
}

void array_to_wire(const sched::ArrayView& array, wire::ArrayView& out) {
  out.set_elements(array.elements);
  out.set_total(array.total);
  out.set_waiting(array.waiting);
  out.set_held(array.held);
  out.set_running(array.running);
  out.set_done(array.done);
  out.set_failed(array.failed);
  out.set_cancelled(array.cancelled);
  out.set_not_started(array.not_started);
  for (const sched::Index index : array.now_running) out.add_now_running(index);
}

sched::ArrayView array_from_wire(const wire::ArrayView& in) {
  sched::ArrayView array;
  array.elements = in.elements();
  array.total = in.total();
  array.waiting = in.waiting();
  array.held = in.held();
  array.running = in.running();
  array.done = in.done();
  array.failed = in.failed();
  array.cancelled = in.cancelled();
  array.not_started = in.not_started();
  array.now_running = {in.now_running().begin(), in.now_running().end()};
  return array;
}

Result<sched::AttemptView> attempt_from_wire(const wire::AttemptView& in) {
  sched::AttemptView attempt;
  attempt.attempt = Attempt{in.attempt()};
  attempt.node = in.node();
  attempt.others = {in.others().begin(), in.others().end()};
  attempt.output = in.output();
  attempt.error = in.error();
  attempt.started = Time{in.started()};
  attempt.ended = Time{in.ended()};
  attempt.round = in.round();
  if (in.has_end()) {
    auto end = from_wire(in.end());
    if (!end) return tl::unexpected(end.error());
    attempt.end = std::move(*end);
  }
  return attempt;
}

Result<StepView> step_from_wire(const wire::StepView& in) {
  const auto kind = step_kind_from_wire(in.kind());
  if (!kind) return tl::unexpected(kind.error());
  const auto state = checked_enum(in.state(), sched::StepState::kSkipped, "step state");
  if (!state) return tl::unexpected(state.error());
  const auto outcome = checked_enum(in.outcome(), sched::Outcome::kCancel, "outcome");
  if (!outcome) return tl::unexpected(outcome.error());
  auto after = from_wire(in.after());
  if (!after) return tl::unexpected(after.error());
  auto after_any = from_wire(in.after_any());
  if (!after_any) return tl::unexpected(after_any.error());
  StepView step;
  step.after = std::move(*after);
  step.after_any = std::move(*after_any);
  step.name = in.name();
  step.kind = *kind;
  step.state = *state;
  step.reason = in.reason();
  step.outcome = *outcome;
  if (in.has_event()) step.event = in.event();
  if (in.has_needs()) step.needs = from_wire(in.needs());
  step.round = in.round();
  step.went_back = in.went_back();
  if (in.has_again()) {
    auto again = from_wire(in.again());
    if (!again) return tl::unexpected(again.error());
    step.again = *std::move(again);
  }
  for (const wire::AttemptView& entry : in.attempts()) {
    auto attempt = attempt_from_wire(entry);
    if (!attempt) return tl::unexpected(attempt.error());
    step.attempts.push_back(std::move(*attempt));
  }
  return step;
}

}  // namespace

void to_wire(const JobSummary& job, wire::JobSummary& out) {
  ref_to_wire(job.ref(), out);
  out.set_elements(job.elements);
  out.set_name(job.name);
  out.set_class_name(job.class_name);
  out.set_user(job.user);
  out.set_state(static_cast<std::uint32_t>(job.state));
  out.set_reason(job.reason);
  out.set_priority(job.priority);
  for (const std::string& node : job.nodes) out.add_nodes(node);
  out.set_submitted(job.submitted.ms);
  out.set_started(job.started.ms);
  out.set_ended(job.ended.ms);
  out.set_outcome(static_cast<std::uint32_t>(job.outcome));
  out.set_restarts(job.restarts);
  out.set_exit_code(job.exit_code);
  out.set_element(job.element);
  out.set_cpu(job.cpu.count);
  out.set_max_rss(job.max_rss.count);
  out.set_read_bytes(job.read_bytes.count);
  out.set_written_bytes(job.written_bytes.count);
}

Result<JobSummary> from_wire(const wire::JobSummary& in) {
  const auto state = checked_enum(in.state(), sched::JobState::kCancelled, "state");
  if (!state) return tl::unexpected(state.error());
  const auto outcome = checked_enum(in.outcome(), sched::Outcome::kCancel, "outcome");
  if (!outcome) return tl::unexpected(outcome.error());
  JobSummary job;
  job.job = JobNumber{in.job()};
  job.index = ref_from_wire(in).index;
  job.elements = in.elements();
  job.name = in.name();
  job.class_name = in.class_name();
  job.user = in.user();
  job.state = *state;
  job.reason = in.reason();
  job.priority = in.priority();
  job.nodes = strings_from_wire(in.nodes());
  job.submitted = Time{in.submitted()};
  job.started = Time{in.started()};
  job.ended = Time{in.ended()};
  job.outcome = *outcome;
  job.restarts = in.restarts();
  job.exit_code = in.exit_code();
  job.element = in.element();
  job.cpu = Millis{in.cpu()};
  job.max_rss = Bytes{in.max_rss()};
  job.read_bytes = Bytes{in.read_bytes()};
  job.written_bytes = Bytes{in.written_bytes()};
  return job;
}

void to_wire(const JobDetail& job, wire::JobDetail& out) {
  to_wire(job.summary, *out.mutable_summary());
  if (job.array) array_to_wire(*job.array, *out.mutable_array());
  for (const sched::PriorityTerm& term : job.priority) {
    wire::PriorityTerm& entry = *out.add_priority();
    entry.set_name(term.name);
    entry.set_points(term.points);
    entry.set_detail(term.detail);
  }
  out.set_uid(job.uid);
  out.set_gid(job.gid);
  out.set_class_version(job.class_version);
  for (const auto& [name, value] : job.params) {
    wire::NameValue& entry = *out.add_params();
    entry.set_name(name);
    entry.set_value(value);
  }
  to_wire(job.needs, *out.mutable_needs());
  out.set_asks(job.asks);
  if (job.time_limit) out.set_time_limit(job.time_limit->count);
  if (job.estimate) out.set_estimate(job.estimate->count);
  out.set_begin(job.begin.ms);
  out.set_deadline(job.deadline.ms);
  out.set_parent(job.parent.value);
  for (const sched::Dependency& it : job.after) to_wire(it, *out.add_after());
  out.set_nominal(job.nominal.ms);
  out.set_workdir(job.workdir);
  out.set_output(job.output);
  out.set_error(job.error);
  for (const StepView& step : job.steps) step_to_wire(step, *out.add_steps());
  for (const sched::HistoryEntry& entry : job.history) {
    wire::HistoryEntry& line = *out.add_history();
    line.set_at(entry.at.ms);
    line.set_what(entry.what);
    line.set_detail(entry.detail);
  }
}

Result<JobDetail> from_wire(const wire::JobDetail& in) {
  auto summary = from_wire(in.summary());
  if (!summary) return tl::unexpected(summary.error());
  JobDetail job;
  job.summary = std::move(*summary);
  if (in.has_array()) job.array = array_from_wire(in.array());
  for (const wire::PriorityTerm& term : in.priority()) {
    job.priority.push_back({term.name(), term.points(), term.detail()});
  }
  job.uid = in.uid();
  job.gid = in.gid();
  job.class_version = in.class_version();
  for (const wire::NameValue& param : in.params()) {
    job.params.emplace_back(param.name(), param.value());
  }
  job.needs = from_wire(in.needs());
  job.asks = in.asks();
  if (in.has_time_limit()) job.time_limit = Millis{in.time_limit()};
  job.begin = Time{in.begin()};
  job.deadline = Time{in.deadline()};
  job.parent = JobNumber{in.parent()};
  for (const wire::Dependency& entry : in.after()) {
    auto it = from_wire(entry);
    if (!it) return tl::unexpected(it.error());
    job.after.push_back(*std::move(it));
  }
  job.nominal = Time{in.nominal()};
  if (in.has_estimate()) job.estimate = Millis{in.estimate()};
  job.workdir = in.workdir();
  job.output = in.output();
  job.error = in.error();
  for (const wire::StepView& entry : in.steps()) {
    auto step = step_from_wire(entry);
    if (!step) return tl::unexpected(step.error());
    job.steps.push_back(std::move(*step));
  }
  for (const wire::HistoryEntry& entry : in.history()) {
    job.history.push_back({Time{entry.at()}, entry.what(), entry.detail()});
  }
  return job;
}

void to_wire(const std::vector<sched::Span>& spans, wire::WhyReply& out) {
  for (const sched::Span& span : spans) {
    wire::WhyReply::Span& entry = *out.add_spans();
    entry.set_kind(std::string(to_string(span.standing.kind)));
    entry.set_name(span.standing.name);
    entry.set_ms(span.time.count);
  }
}

void to_wire(const sched::Why& why, wire::WhyReply& out) {
  ref_to_wire(why.job, out);
  out.set_state(static_cast<std::uint32_t>(why.state));
  out.set_summary(why.summary);
  for (const sched::WhyBlocker& blocker : why.blockers) {
    wire::WhyReply::Blocker& entry = *out.add_blockers();
    entry.set_kind(blocker.kind);
    entry.set_step(blocker.step);
    entry.set_text(blocker.text);
    entry.set_remedy(blocker.remedy);
  }
  if (why.expected_start) out.set_expected_start(why.expected_start->ms);
  out.set_is_estimate(why.is_estimate);
  to_wire(why.spans, out);
}

Result<sched::Why> from_wire(const wire::WhyReply& in) {
  const auto state = checked_enum(in.state(), sched::JobState::kCancelled, "state");
  if (!state) return tl::unexpected(state.error());
  sched::Why why;
  why.job = ref_from_wire(in);
  why.state = *state;
  why.summary = in.summary();
  for (const wire::WhyReply::Blocker& entry : in.blockers()) {
    why.blockers.push_back({entry.kind(), entry.step(), entry.text(), entry.remedy()});
  }
  if (in.expected_start() != 0) why.expected_start = Time{in.expected_start()};
  why.is_estimate = in.is_estimate();
  for (const wire::WhyReply::Span& entry : in.spans()) {
    const auto kind = sched::standing_named(entry.kind());
    why.spans.push_back(
        {{kind.value_or(sched::Standing::Kind::kOther), entry.name()}, Millis{entry.ms()}});
  }
  return why;
}

void to_wire(const sched::ClassView& view, bool with_text, wire::ClassView& out) {
  out.set_name(view.name);
  out.set_version(view.version);
  out.set_user(view.user);
  out.set_registered(view.registered.ms);
  out.set_retired(view.retired.ms);
  out.set_file(view.file);
  if (with_text) out.set_text(view.text);
}

void to_wire(const resmgr::Scheduling& scheduling, wire::Scheduling& out) {
  out.set_backfill(static_cast<std::uint32_t>(scheduling.backfill));
  out.set_depth(scheduling.depth);
}

Result<resmgr::Scheduling> from_wire(const wire::Scheduling& in) {
  const auto backfill =
      checked_enum(in.backfill(), resmgr::Backfill::kConservative, "kind of backfilling");
  if (!backfill) return tl::unexpected(backfill.error());
  if (in.depth() == 0) return tl::unexpected(malformed("a depth of backfilling of 0"));
  return resmgr::Scheduling{*backfill, in.depth()};
}

void to_wire(const resmgr::Capacity& capacity, wire::Capacity& out) {
  out.set_cpus(capacity.cpus);
  out.set_memory(capacity.memory.count);
  out.set_gpus(capacity.gpus);
  for (const resmgr::Count& count : capacity.counts) {
    wire::Count& entry = *out.add_counts();
    entry.set_name(count.name);
    entry.set_amount(count.amount);
  }
  for (const std::string& name : capacity.features) out.add_features(name);
}

resmgr::Capacity from_wire(const wire::Capacity& in) {
  resmgr::Capacity capacity{in.cpus(), Bytes{in.memory()}, in.gpus(), {}};
  for (const wire::Count& entry : in.counts()) {
    capacity.counts.push_back({entry.name(), entry.amount()});
  }
  const std::set<std::string> features(in.features().begin(), in.features().end());
  capacity.features = {features.begin(), features.end()};
  return capacity;
}

void to_wire(const sched::NodeView& node, wire::NodeView& out) {
  out.set_name(node.resources.name);
  out.set_state(static_cast<std::uint32_t>(node.resources.state));
  out.set_reason(node.reason);
  out.set_drained_by(node.drained_by);
  out.set_drain_until(node.drain_until.ms);
  for (const std::string& element : node.elements) out.add_elements(element);
  for (const std::string& service : node.resources.services) out.add_services(service);
  to_wire(node.resources.total, *out.mutable_total());
  to_wire(node.resources.free, *out.mutable_free());
  out.set_last_joined(node.last_joined.ms);
  for (const sched::NodeView::Running& running : node.running) {
    wire::NodeView::Running& entry = *out.add_running();
    ref_to_wire(running.job, entry);
    entry.set_attempt(running.id.attempt.value);
    entry.set_step(running.step);
    entry.set_user(running.user);
  }
}

void to_wire(const resmgr::NamedView& resource, const RefOf& ref_of, wire::ResourceView& out) {
  out.set_name(resource.resource.name);
  out.set_kind(static_cast<std::uint32_t>(resource.resource.kind));
  out.set_total(resource.resource.total);
  out.set_free(resource.free);
  out.set_command(resource.resource.command);
  for (const resmgr::NamedView::Holder& holder : resource.holders) {
    wire::ResourceView::Holder& entry = *out.add_holders();
    ref_to_wire(ref_of(holder.job), entry);
    entry.set_amount(holder.amount);
  }
}

void to_wire(const Error& error, wire::Error& out) {
  out.set_code(static_cast<std::uint32_t>(error.code));
  out.set_message(error.message);
}

Error from_wire(const wire::Error& in) {
  const auto code = checked_enum(in.code(), ErrorCode::kInternal, "error code");
  return Error{code.value_or(ErrorCode::kInternal), in.message()};
}

void to_wire(const AttemptId& id, wire::AttemptId& out) {
  out.set_job(id.job.value);
  out.set_step(id.step.value);
  out.set_attempt(id.attempt.value);
}

AttemptId from_wire(const wire::AttemptId& in) {
  return {JobNumber{in.job()}, StepId{in.step()}, Attempt{in.attempt()}};
}

void to_wire(const sched::TaskEnd& end, wire::TaskEnd& out) {
  out.set_how(static_cast<std::uint32_t>(end.how));
  out.set_exit_code(end.exit_code);
  out.set_signal(end.signal);
  out.set_reason(end.reason);
  out.set_reported(static_cast<std::uint32_t>(end.reported));
  if (end.event) out.set_event(*end.event);
  out.set_wall(end.wall.count);
  out.set_cpu(end.cpu.count);
  out.set_max_rss(end.max_rss.count);
  out.set_read_bytes(end.read_bytes.count);
  out.set_written_bytes(end.written_bytes.count);
}

Result<sched::TaskEnd> from_wire(const wire::TaskEnd& in) {
  const auto how = checked_enum(in.how(), sched::TaskEnd::How::kBuiltIn, "kind of end");
  if (!how) return tl::unexpected(how.error());
  const auto reported = checked_enum(in.reported(), sched::Outcome::kCancel, "outcome");
  if (!reported) return tl::unexpected(reported.error());
  sched::TaskEnd end;
  end.how = *how;
  end.exit_code = in.exit_code();
  end.signal = in.signal();
  end.reason = in.reason();
  end.reported = *reported;
  if (in.has_event()) end.event = in.event();
  end.wall = Millis{in.wall()};
  end.cpu = Millis{in.cpu()};
  end.max_rss = Bytes{in.max_rss()};
  end.read_bytes = Bytes{in.read_bytes()};
  end.written_bytes = Bytes{in.written_bytes()};
  return end;
}

void to_wire(const sched::Launch& launch, wire::Launch& out) {
  to_wire(launch.id, *out.mutable_id());
  out.set_job_name(launch.job_name);
  out.set_step_name(launch.step_name);
  out.set_user(launch.user);
  out.set_uid(launch.uid);
  out.set_gid(launch.gid);
  for (const std::string& word : launch.argv) out.add_argv(word);
  out.set_script(launch.script);
  for (const auto& [name, value] : launch.env) {
    wire::NameValue& entry = *out.add_env();
    entry.set_name(name);
    entry.set_value(value);
  }
  out.set_workdir(launch.workdir);
  out.set_output(launch.output);
  out.set_error(launch.error);
  out.set_append_output(launch.append_output);
  out.set_append_error(launch.append_error);
  out.set_cpus(launch.cpus);
  out.set_memory(launch.memory.count);
  for (const std::uint32_t gpu : launch.gpus) out.add_gpus(gpu);
  out.set_fenced(launch.fenced);
  if (launch.umask != sched::kUsualUmask) out.set_umask(launch.umask);
  to_wire(launch.limits, *out.mutable_limits());
}

}  // namespace jobq::controller
