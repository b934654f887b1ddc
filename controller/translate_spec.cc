// SPDX-License-Identifier: Apache-2.0
// Specs, tickets and selections between the wire and sched.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "controller/translate.h"
#include "controller/translate_recur.h"
#include "controller/wire_checks.h"

namespace jobq::controller {
namespace {

using sched::Condition;
using sched::ExitMap;
using sched::JobSpec;
using sched::NameValue;
using sched::StepSpec;
using sched::Ticket;

template <class Pairs, class Out>
void pairs_to_wire(const Pairs& pairs, Out& out) {
  for (const auto& [name, value] : pairs) {
    wire::NameValue& entry = *out.Add();
    entry.set_name(name);
    entry.set_value(value);
  }
}

template <class In>
std::vector<NameValue> pairs_from_wire(const In& in) {
  std::vector<NameValue> pairs;
  pairs.reserve(static_cast<std::size_t>(in.size()));
  for (const wire::NameValue& entry : in) pairs.emplace_back(entry.name(), entry.value());
  return pairs;
}

template <class Out>
void counts_to_wire(const std::vector<resmgr::Count>& counts, Out& out) {
  for (const resmgr::Count& count : counts) {
    wire::Count& entry = *out.Add();
    entry.set_name(count.name);
    entry.set_amount(count.amount);
  }
}

template <class In>
std::vector<resmgr::Count> counts_from_wire(const In& in) {
  std::vector<resmgr::Count> counts;
  counts.reserve(static_cast<std::size_t>(in.size()));
  for (const wire::Count& entry : in) counts.push_back({entry.name(), entry.amount()});
  return counts;
}

void retry_to_wire(const sched::Retry& retry, wire::Retry& out) {
  out.set_max(retry.max);
  out.set_on_failure(retry.on_failure);
  out.set_on_node_lost(retry.on_node_lost);
  out.set_delay(retry.delay.count);
  out.set_backoff(retry.backoff);
  if (retry.max_delay) out.set_max_delay(retry.max_delay->count);
  out.set_elsewhere(retry.elsewhere);
}

sched::Retry retry_from_wire(const wire::Retry& in) {
  sched::Retry retry;
  retry.max = in.max();
  retry.on_failure = in.on_failure();
  retry.on_node_lost = in.on_node_lost();
  retry.delay = Millis{in.delay()};
  retry.backoff = in.backoff();
  if (in.has_max_delay()) retry.max_delay = Millis{in.max_delay()};
  retry.elsewhere = in.elsewhere();
  return retry;
}

}  // namespace

void to_wire(const sched::Loop& loop, wire::Loop& out) {
  out.set_to(loop.to);
  out.set_on(static_cast<std::uint32_t>(loop.when.on));
  out.set_value(loop.when.value);
  out.set_max(loop.max);
}

Result<sched::Loop> from_wire(const wire::Loop& in) {
  const auto on = checked_enum(in.on(), Condition::On::kEvent, "condition");
  if (!on) return tl::unexpected(on.error());
  return sched::Loop{in.to(), {{}, *on, in.value()}, in.max()};
}

namespace {

template <class Out>
void warning_to_wire(const std::optional<sched::Warning>& warning, Out& out) {
  if (!warning) return;
  out.mutable_warning()->set_signal(warning->signal);
  out.mutable_warning()->set_before(warning->before.count);
}

template <class In>
std::optional<sched::Warning> warning_from_wire(const In& in) {
  if (!in.has_warning()) return std::nullopt;
  return sched::Warning{in.warning().signal(), Millis{in.warning().before()}};
}

void when_to_wire(const When& when, wire::When& out) {
  if (const Time* time = std::get_if<Time>(&when)) {
    out.set_at(time->ms);
  } else {
    out.set_after(std::get<Millis>(when).count);
  }
}

When when_from_wire(const wire::When& in) {
  return in.has_after() ? When(Millis{in.after()}) : When(Time{in.at()});
}

template <class In>
std::vector<sched::ResourceLimit> limits_from_wire(const In& in) {
  std::vector<sched::ResourceLimit> limits;
  for (const wire::ResourceLimit& entry : in) {
    limits.push_back({entry.name(), entry.soft(), entry.hard()});
  }
  return limits;
}

void files_to_wire(const sched::FileSpec& files, wire::FileSpec& out) {
  for (const std::string& from : files.from) out.add_from(from);
  out.set_to(files.to);
  out.set_streams(files.streams);
  out.set_recursive(files.recursive);
  out.set_unchecked(files.unchecked);
}

sched::FileSpec files_from_wire(const wire::FileSpec& in) {
  return {
      {in.from().begin(), in.from().end()}, in.to(), in.streams(), in.recursive(), in.unchecked()};
}

void files_to_wire(const StepSpec& step, wire::StepSpec& out) {
  out.set_is_export(step.is_export);
  out.set_device(step.device);
  if (!step.files) return;
  if (step.kind == sched::StepKind::kGive) return files_to_wire(*step.files, *out.mutable_give());
  if (step.kind == sched::StepKind::kInquire)
    return files_to_wire(*step.files, *out.mutable_inquire());
  files_to_wire(*step.files, *out.mutable_dispose());
}

void files_from_wire(const wire::StepSpec& in, StepSpec& step) {
  step.is_export = in.is_export();
  step.device = in.device();
  if (in.has_give()) step.files = files_from_wire(in.give());
  if (in.has_dispose()) step.files = files_from_wire(in.dispose());
  if (in.has_inquire()) step.files = files_from_wire(in.inquire());
}

void step_to_wire(const StepSpec& step, wire::StepSpec& out) {
  out.set_name(step.name);
  out.set_kind(static_cast<std::uint32_t>(step.kind));
  for (const std::string& word : step.argv) out.add_argv(word);
  out.set_script(step.script);
  out.set_literal(step.literal);
  to_wire(step.after, *out.mutable_after());
  to_wire(step.after_any, *out.mutable_after_any());
  if (step.needs) to_wire(*step.needs, *out.mutable_needs());
  out.mutable_exit_success()->Add(step.exit.success.begin(), step.exit.success.end());
  out.mutable_exit_failure()->Add(step.exit.failure.begin(), step.exit.failure.end());
  out.mutable_exit_cancel()->Add(step.exit.cancel.begin(), step.exit.cancel.end());
  if (step.time_limit) out.set_time_limit(step.time_limit->count);
  if (step.retry != sched::Retry()) retry_to_wire(step.retry, *out.mutable_retry());
  if (step.again) to_wire(*step.again, *out.mutable_again());
  if (step.spawn) to_wire(*step.spawn, *out.mutable_spawn());
  for (const std::string& job : step.wait_for) out.add_wait_for(job);
  if (step.send) to_wire(*step.send, *out.mutable_send());
  if (step.recv) to_wire(*step.recv, *out.mutable_recv());
  files_to_wire(step, out);
}

ExitMap exit_from_wire(const wire::StepSpec& in) {
  return {{in.exit_success().begin(), in.exit_success().end()},
          {in.exit_failure().begin(), in.exit_failure().end()},
          {in.exit_cancel().begin(), in.exit_cancel().end()}};
}

Result<StepSpec> step_from_wire(const wire::StepSpec& in) {
  const auto kind = step_kind_from_wire(in.kind());
  if (!kind) return tl::unexpected(kind.error());
  auto after = from_wire(in.after());
  if (!after) return tl::unexpected(after.error());
  auto after_any = from_wire(in.after_any());
  if (!after_any) return tl::unexpected(after_any.error());
  StepSpec step;
  step.name = in.name();
  step.kind = *kind;
  step.argv = {in.argv().begin(), in.argv().end()};
  step.script = in.script();
  step.literal = in.literal();
  step.after = std::move(*after);
  step.after_any = std::move(*after_any);
  if (in.has_needs()) step.needs = from_wire(in.needs());
  step.exit = exit_from_wire(in);
  if (in.has_time_limit()) step.time_limit = Millis{in.time_limit()};
  if (in.has_retry()) step.retry = retry_from_wire(in.retry());
  if (in.has_spawn()) {
    auto spawn = from_wire(in.spawn());
    if (!spawn) return tl::unexpected(spawn.error());
    step.spawn = *std::move(spawn);
  }
  step.wait_for = {in.wait_for().begin(), in.wait_for().end()};
  if (in.has_send()) step.send = from_wire(in.send());
  if (in.has_recv()) step.recv = from_wire(in.recv());
  files_from_wire(in, step);
  if (!in.has_again()) return step;
  auto again = from_wire(in.again());
  if (!again) return tl::unexpected(again.error());
  step.again = *std::move(again);
  return step;
}

Result<void> steps_from_wire(const wire::JobSpec& in, JobSpec& spec) {
  for (const wire::StepSpec& entry : in.steps()) {
    auto step = step_from_wire(entry);
    if (!step) return tl::unexpected(step.error());
    spec.steps.push_back(std::move(*step));
  }
  if (!in.has_cleanup()) return {};
  auto cleanup = step_from_wire(in.cleanup());
  if (!cleanup) return tl::unexpected(cleanup.error());
  spec.cleanup = std::move(*cleanup);
  return {};
}

using SharedSpecs = std::vector<std::shared_ptr<const JobSpec>>;

Result<Ticket> ticket_from_wire(const wire::Ticket& in, const SharedSpecs& specs) {
  Ticket ticket;
  if (in.has_spec()) {
    if (in.spec() >= specs.size()) return tl::unexpected(malformed("ticket names no spec"));
    ticket.spec = specs[in.spec()];
  }
  ticket.class_name = in.class_name();
  ticket.class_version = in.class_version();
  ticket.name = in.name();
  ticket.params = pairs_from_wire(in.params());
  if (in.has_priority()) ticket.priority = in.priority();
  if (in.has_time_limit()) ticket.time_limit = Millis{in.time_limit()};
  ticket.hold = in.hold();
  ticket.key = in.key();
  ticket.env = pairs_from_wire(in.env());
  ticket.workdir = in.workdir();
  ticket.output = in.output();
  ticket.error = in.error();
  ticket.element = in.element();
  ticket.append = in.append();
  if (in.has_umask()) ticket.umask = in.umask();
  ticket.limits = limits_from_wire(in.limits());
  ticket.warning = warning_from_wire(in);
  if (in.has_begin()) ticket.begin = when_from_wire(in.begin());
  if (in.has_deadline()) ticket.deadline = when_from_wire(in.deadline());
  ticket.keeps_never = in.keeps_never();
  for (const wire::JobCondition& entry : in.after()) {
    auto condition = from_wire(entry);
    if (!condition) return tl::unexpected(condition.error());
    ticket.after.push_back(*std::move(condition));
  }
  if (in.has_recur()) {
    auto recur = from_wire(in.recur());
    if (!recur) return tl::unexpected(recur.error());
    ticket.recur = *std::move(recur);
  }
  if (in.array().empty()) return ticket;
  auto array = sched::parse_array(in.array());
  if (!array) return tl::unexpected(array.error());
  ticket.array = *std::move(array);
  return ticket;
}

Result<SharedSpecs> specs_from_wire(const wire::SubmitRequest& in) {
  SharedSpecs specs;
  specs.reserve(static_cast<std::size_t>(in.specs_size()));
  for (const wire::JobSpec& entry : in.specs()) {
    auto spec = from_wire(entry);
    if (!spec) return tl::unexpected(spec.error());
    specs.push_back(std::move(*spec));
  }
  return specs;
}

template <class In>
std::vector<sched::Selector::Range> ranges_from_wire(const In& in) {
  std::vector<sched::Selector::Range> ranges;
  for (const wire::JobRange& range : in) {
    ranges.push_back({JobNumber{range.first()}, JobNumber{range.last()}});
  }
  return ranges;
}

template <class Out>
void ranges_to_wire(const std::vector<sched::Selector::Range>& ranges, Out& out) {
  for (const sched::Selector::Range& range : ranges) {
    wire::JobRange& entry = *out.Add();
    entry.set_first(range.first.value);
    entry.set_last(range.last.value);
  }
}

template <class Out>
void elements_to_wire(const std::vector<sched::Selector::Elements>& elements, Out& out) {
  for (const sched::Selector::Elements& some : elements) {
    wire::Elements& entry = *out.Add();
    entry.set_array(some.array.value);
    entry.set_indexes(to_string(some.indexes));
  }
}

template <class In>
Result<std::vector<sched::Selector::Elements>> elements_from_wire(const In& in) {
  std::vector<sched::Selector::Elements> elements;
  for (const wire::Elements& entry : in) {
    auto indexes = sched::IndexSet::parse(entry.indexes());
    if (!indexes) return tl::unexpected(indexes.error());
    elements.push_back({JobNumber{entry.array()}, *std::move(indexes)});
  }
  return elements;
}

}  // namespace

void to_wire(const std::vector<sched::ResourceLimit>& limits,
             google::protobuf::RepeatedPtrField<wire::ResourceLimit>& out) {
  for (const sched::ResourceLimit& limit : limits) {
    wire::ResourceLimit& entry = *out.Add();
    entry.set_name(limit.name);
    entry.set_soft(limit.soft);
    entry.set_hard(limit.hard);
  }
}

void to_wire(const std::vector<Condition>& conditions, Conditions& out) {
  for (const Condition& condition : conditions) {
    wire::Condition& entry = *out.Add();
    entry.set_step(condition.step);
    entry.set_on(static_cast<std::uint32_t>(condition.on));
    entry.set_value(condition.value);
  }
}

Result<std::vector<Condition>> from_wire(const Conditions& in) {
  std::vector<Condition> conditions;
  for (const wire::Condition& entry : in) {
    const auto on = checked_enum(entry.on(), Condition::On::kEvent, "condition");
    if (!on) return tl::unexpected(on.error());
    conditions.push_back({entry.step(), *on, entry.value()});
  }
  return conditions;
}

void to_wire(const resmgr::Needs& needs, wire::Needs& out) {
  out.set_cpus(needs.cpus);
  out.set_memory(needs.memory.count);
  out.set_gpus(needs.gpus);
  counts_to_wire(needs.counts, *out.mutable_counts());
  for (const std::string& name : needs.exclusive) out.add_exclusive(name);
  counts_to_wire(needs.tokens, *out.mutable_tokens());
  out.set_element(needs.element);
  out.set_service(needs.service);
  for (const std::string& name : needs.features) out.add_features(name);
  if (needs.takes_several_nodes()) out.set_nodes(needs.nodes);
}

resmgr::Needs from_wire(const wire::Needs& in) {
  resmgr::Needs needs;
  needs.cpus = in.cpus();
  needs.memory = Bytes{in.memory()};
  needs.gpus = in.gpus();
  needs.counts = counts_from_wire(in.counts());
  needs.exclusive = {in.exclusive().begin(), in.exclusive().end()};
  needs.tokens = counts_from_wire(in.tokens());
  needs.service = in.service();
  needs.features = {in.features().begin(), in.features().end()};
  needs.nodes = in.nodes();
  resmgr::normalise(needs);
  needs.element = in.element();  // of a job, also where its steps alone take from nodes
  return needs;
}

void to_wire(const JobSpec& spec, wire::JobSpec& out) {
  out.set_version(sched::kSpecVersion);
  out.set_class_name(spec.class_name);
  out.set_class_version(spec.class_version);
  out.set_priority(spec.priority);
  if (spec.time_limit) out.set_time_limit(spec.time_limit->count);
  out.set_on_failure(static_cast<std::uint32_t>(spec.on_failure));
  for (const sched::ParamSpec& param : spec.params) {
    wire::ParamSpec& entry = *out.add_params();
    entry.set_name(param.name);
    entry.set_required(param.required);
    if (param.fallback) entry.set_fallback(*param.fallback);
  }
  to_wire(spec.needs, *out.mutable_needs());
  for (const StepSpec& step : spec.steps) step_to_wire(step, *out.add_steps());
  if (spec.cleanup) step_to_wire(*spec.cleanup, *out.mutable_cleanup());
  pairs_to_wire(spec.env, *out.mutable_env());
  out.set_workdir(spec.workdir);
  out.set_output(spec.output);
  out.set_error(spec.error);
  out.set_append(spec.append);
  if (spec.umask != sched::kUsualUmask) out.set_umask(spec.umask);
  to_wire(spec.limits, *out.mutable_limits());
  warning_to_wire(spec.warning, out);
}

Result<std::shared_ptr<const JobSpec>> from_wire(const wire::JobSpec& in) {
  if (in.version() != sched::kSpecVersion) {
    return tl::unexpected(malformed(
        fmt::format("spec of version {}, expected {}", in.version(), sched::kSpecVersion)));
  }
  const auto on_failure = checked_enum(in.on_failure(), sched::OnFailure::kContinue, "on_failure");
  if (!on_failure) return tl::unexpected(on_failure.error());
  auto spec = std::make_shared<JobSpec>();
  spec->class_name = in.class_name();
  spec->class_version = in.class_version();
  spec->priority = in.priority();
  if (in.has_time_limit()) spec->time_limit = Millis{in.time_limit()};
  spec->on_failure = *on_failure;
  for (const wire::ParamSpec& param : in.params()) {
    std::optional<std::string> fallback;
    if (param.has_fallback()) fallback = param.fallback();
    spec->params.push_back({param.name(), param.required(), std::move(fallback)});
  }
  spec->needs = from_wire(in.needs());
  if (const auto steps = steps_from_wire(in, *spec); !steps) return tl::unexpected(steps.error());
  spec->env = pairs_from_wire(in.env());
  spec->workdir = in.workdir();
  spec->output = in.output();
  spec->error = in.error();
  spec->append = in.append();
  if (in.has_umask()) spec->umask = in.umask();
  spec->limits = limits_from_wire(in.limits());
  spec->warning = warning_from_wire(in);
  return std::shared_ptr<const JobSpec>(std::move(spec));
}

std::string encode_spec(const JobSpec& spec) {
  wire::JobSpec message;
  to_wire(spec, message);
  return message.SerializeAsString();
}

Result<std::shared_ptr<const JobSpec>> decode_spec(std::string_view bytes) {
  wire::JobSpec message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return tl::unexpected(malformed("a spec cannot be decoded"));
  }
  return from_wire(message);
}

void to_wire(const Ticket& ticket, wire::Ticket& out) {
  out.set_class_name(ticket.class_name);
  out.set_class_version(ticket.class_version);
  out.set_name(ticket.name);
  pairs_to_wire(ticket.params, *out.mutable_params());
  if (ticket.priority) out.set_priority(*ticket.priority);
  if (ticket.time_limit) out.set_time_limit(ticket.time_limit->count);
  out.set_hold(ticket.hold);
  out.set_key(ticket.key);
  pairs_to_wire(ticket.env, *out.mutable_env());
  out.set_workdir(ticket.workdir);
  out.set_output(ticket.output);
  out.set_error(ticket.error);
  out.set_element(ticket.element);
  out.set_append(ticket.append);
  if (ticket.umask) out.set_umask(*ticket.umask);
  to_wire(ticket.limits, *out.mutable_limits());
  warning_to_wire(ticket.warning, out);
  if (ticket.begin) when_to_wire(*ticket.begin, *out.mutable_begin());
  if (ticket.deadline) when_to_wire(*ticket.deadline, *out.mutable_deadline());
  if (ticket.recur) to_wire(*ticket.recur, *out.mutable_recur());
  for (const sched::JobCondition& it : ticket.after) to_wire(it, *out.add_after());
  out.set_keeps_never(ticket.keeps_never);
  if (ticket.array) out.set_array(to_string(*ticket.array));
}

void to_wire(const std::vector<Ticket>& tickets, wire::SubmitRequest& out) {
  std::unordered_map<const JobSpec*, std::uint32_t> sent;
  for (const Ticket& ticket : tickets) {
    wire::Ticket& entry = *out.add_tickets();
    to_wire(ticket, entry);
    if (!ticket.spec) continue;
    const auto next = static_cast<std::uint32_t>(out.specs_size());
    const auto [at, fresh] = sent.emplace(ticket.spec.get(), next);
    if (fresh) to_wire(*ticket.spec, *out.add_specs());
    entry.set_spec(at->second);
  }
}

Result<std::vector<Ticket>> from_wire(const wire::SubmitRequest& in) {
  const auto specs = specs_from_wire(in);
  if (!specs) return tl::unexpected(specs.error());
  std::vector<Ticket> tickets;
  tickets.reserve(static_cast<std::size_t>(in.tickets_size()));
  for (const wire::Ticket& entry : in.tickets()) {
    auto ticket = ticket_from_wire(entry, *specs);
    if (!ticket) return tl::unexpected(ticket.error());
    tickets.push_back(std::move(*ticket));
  }
  return tickets;
}

void to_wire(const sched::Selector& selector, wire::Selector& out) {
  ranges_to_wire(selector.ranges, *out.mutable_ranges());
  elements_to_wire(selector.elements, *out.mutable_elements());
  out.set_step(selector.step);
  for (const std::string& name : selector.names) out.add_names(name);
  if (selector.user) out.set_user(*selector.user);
  out.set_all(selector.all);
  out.set_family(selector.family);
}

Result<sched::Selector> from_wire(const wire::Selector& in) {
  auto elements = elements_from_wire(in.elements());
  if (!elements) return tl::unexpected(elements.error());
  sched::Selector selector;
  selector.elements = *std::move(elements);
  selector.ranges = ranges_from_wire(in.ranges());
  selector.family = in.family();
  selector.step = in.step();
  selector.names = {in.names().begin(), in.names().end()};
  if (in.has_user()) selector.user = in.user();
  selector.all = in.all();
  return selector;
}

void to_wire(const sched::QueueFilter& filter, wire::QueueFilter& out) {
  ranges_to_wire(filter.ranges, *out.mutable_ranges());
  elements_to_wire(filter.elements, *out.mutable_elements());
  if (filter.user) out.set_user(*filter.user);
  for (const std::string& name : filter.names) out.add_names(name);
  for (const std::string& name : filter.classes) out.add_classes(name);
  for (const std::string& name : filter.node_elements) out.add_node_elements(name);
  for (const sched::JobState state : filter.states) {
    out.add_states(static_cast<std::uint32_t>(state));
  }
}

Result<sched::QueueFilter> from_wire(const wire::QueueFilter& in) {
  auto elements = elements_from_wire(in.elements());
  if (!elements) return tl::unexpected(elements.error());
  sched::QueueFilter filter;
  filter.elements = *std::move(elements);
  filter.ranges = ranges_from_wire(in.ranges());
  if (in.has_user()) filter.user = in.user();
  filter.names = {in.names().begin(), in.names().end()};
  filter.classes = {in.classes().begin(), in.classes().end()};
  filter.node_elements = {in.node_elements().begin(), in.node_elements().end()};
  for (const std::uint32_t value : in.states()) {
    const auto state = checked_enum(value, sched::JobState::kCancelled, "state");
    if (!state) return tl::unexpected(state.error());
    filter.states.push_back(*state);
  }
  return filter;
}

}  // namespace jobq::controller
