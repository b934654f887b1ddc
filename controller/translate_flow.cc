// SPDX-License-Identifier: Apache-2.0
// Kinds of steps, and what jobs have to do with each other: spawned jobs, conditions on others,
// what is known of them.
#include "controller/translate.h"
#include "controller/wire_checks.h"

namespace jobq::controller {

Result<sched::StepKind> step_kind_from_wire(std::uint32_t kind) {
  return checked_enum(kind, sched::StepKind::kInquire, "step kind");
}

void to_wire(const sched::Spawn& spawn, wire::Spawn& out) {
  out.set_class_name(spawn.class_name);
  out.set_class_version(spawn.class_version);
  out.set_name(spawn.name);
  for (const auto& [name, value] : spawn.params) {
    wire::NameValue& entry = *out.add_params();
    entry.set_name(name);
    entry.set_value(value);
  }
  if (spawn.priority) out.set_priority(*spawn.priority);
  out.set_wait(spawn.wait);
  if (spawn.spec) to_wire(*spawn.spec, *out.mutable_spec());
}

Result<sched::Spawn> from_wire(const wire::Spawn& in) {
  sched::Spawn spawn;
  spawn.class_name = in.class_name();
  spawn.class_version = in.class_version();
  spawn.name = in.name();
  for (const wire::NameValue& entry : in.params()) {
    spawn.params.emplace_back(entry.name(), entry.value());
  }
  if (in.has_priority()) spawn.priority = in.priority();
  spawn.wait = in.wait();
  if (!in.has_spec()) return spawn;
  auto spec = from_wire(in.spec());
  if (!spec) return tl::unexpected(spec.error());
  spawn.spec = *std::move(spec);
  return spawn;
}

void to_wire(const sched::Send& send, wire::Send& out) {
  out.set_to(send.to);
  out.set_event(send.event);
  out.set_payload(send.payload);
  if (send.ttl) out.set_ttl(send.ttl->count);
  out.set_broadcast(send.broadcast);
}

sched::Send from_wire(const wire::Send& in) {
  const auto ttl = in.ttl() != 0 ? std::optional(Millis{in.ttl()}) : std::nullopt;
  return {in.to(), in.event(), in.payload(), ttl, in.broadcast()};
}

void to_wire(const sched::Recv& recv, wire::Recv& out) {
  out.set_event(recv.event);
  out.set_from(recv.from);
  out.set_mailbox(recv.mailbox);
}

sched::Recv from_wire(const wire::Recv& in) { return {in.event(), in.from(), in.mailbox()}; }

void to_wire(const sched::JobCondition& condition, wire::JobCondition& out) {
  out.set_job(condition.job);
  out.set_on(static_cast<std::uint32_t>(condition.on));
  out.set_delay(condition.delay.count);
}

Result<sched::JobCondition> from_wire(const wire::JobCondition& in) {
  const auto on = checked_enum(in.on(), sched::JobCondition::On::kStarted, "condition on a job");
  if (!on) return tl::unexpected(on.error());
  return sched::JobCondition{in.job(), *on, Millis{in.delay()}};
}

void to_wire(const sched::Dependency& it, wire::Dependency& out) {
  out.set_job(it.job.value);
  out.set_on(static_cast<std::uint32_t>(it.on));
  out.set_delay(it.delay.count);
  out.set_state(static_cast<std::uint32_t>(it.state));
  out.set_at(it.at.ms);
  out.set_why(it.why);
}

Result<sched::Dependency> from_wire(const wire::Dependency& in) {
  const auto on = checked_enum(in.on(), sched::JobCondition::On::kStarted, "condition on a job");
  if (!on) return tl::unexpected(on.error());
  const auto state =
      checked_enum(in.state(), sched::Dependency::State::kNever, "state of a condition");
  if (!state) return tl::unexpected(state.error());
  return sched::Dependency{JobNumber{in.job()}, *on,     Millis{in.delay()}, *state,
                           Time{in.at()},       in.why()};
}

void to_wire(const sched::JobFact& fact, wire::JobFact& out) {
  out.set_job(fact.job.value);
  out.set_started(fact.started.ms);
  out.set_ended(fact.ended.ms);
  out.set_outcome(static_cast<std::uint32_t>(fact.outcome));
  out.set_reason(fact.reason);
}

Result<sched::JobFact> from_wire(const wire::JobFact& in) {
  const auto outcome = checked_enum(in.outcome(), sched::Outcome::kCancel, "outcome");
  if (!outcome) return tl::unexpected(outcome.error());
  return sched::JobFact{JobNumber{in.job()}, Time{in.started()}, Time{in.ended()}, *outcome,
                        in.reason()};
}

void to_wire(const sched::Caller& caller, wire::SubmitRequest& out) {
  out.set_caller(caller.job.job.value);
  if (caller.job.index) out.set_caller_index(*caller.job.index);
  out.set_caller_step(caller.step);
}

sched::Caller caller_from_wire(const wire::SubmitRequest& in) {
  return {{JobNumber{in.caller()},
           in.has_caller_index() ? std::optional(in.caller_index()) : std::nullopt},
          in.caller_step()};
}

}  // namespace jobq::controller
