// SPDX-License-Identifier: Apache-2.0
// Between the wire's messages and the plain data of sched and resmgr, both ways, for controller and
// commands.
//
// Reading from the wire never trusts: a value out of range is an error, not a cast. The bytes of a
// spec are also its form in the journal.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/jobq.pb.h"
#include "resmgr/scheduling.h"
#include "sched/action.h"
#include "sched/event.h"
#include "sched/mailboxes.h"
#include "sched/policy.h"
#include "sched/rows.h"
#include "sched/spec.h"
#include "sched/view.h"

namespace jobq::controller {

// Specs and tickets.
using Conditions = google::protobuf::RepeatedPtrField<wire::Condition>;
void to_wire(const std::vector<sched::Condition>& conditions, Conditions& out);
Result<std::vector<sched::Condition>> from_wire(const Conditions& in);
void to_wire(const resmgr::Needs& needs, wire::Needs& out);
resmgr::Needs from_wire(const wire::Needs& in);
void to_wire(const sched::Loop& loop, wire::Loop& out);
Result<sched::Loop> from_wire(const wire::Loop& in);
Result<sched::StepKind> step_kind_from_wire(std::uint32_t kind);
void to_wire(const sched::Spawn& spawn, wire::Spawn& out);
Result<sched::Spawn> from_wire(const wire::Spawn& in);
void to_wire(const sched::Send& send, wire::Send& out);
sched::Send from_wire(const wire::Send& in);
void to_wire(const sched::Recv& recv, wire::Recv& out);
sched::Recv from_wire(const wire::Recv& in);
void to_wire(const sched::JobSpec& spec, wire::JobSpec& out);
Result<std::shared_ptr<const sched::JobSpec>> from_wire(const wire::JobSpec& in);
std::string encode_spec(const sched::JobSpec& spec);
Result<std::shared_ptr<const sched::JobSpec>> decode_spec(std::string_view bytes);

void to_wire(const std::vector<sched::ResourceLimit>& limits,
             google::protobuf::RepeatedPtrField<wire::ResourceLimit>& out);

// Tickets into one request: equal specs (by pointer) are sent once.
void to_wire(const std::vector<sched::Ticket>& tickets, wire::SubmitRequest& out);
Result<std::vector<sched::Ticket>> from_wire(const wire::SubmitRequest& in);
// Without its spec.
void to_wire(const sched::Ticket& ticket, wire::Ticket& out);

// What jobs have to do with each other.
void to_wire(const sched::JobCondition& condition, wire::JobCondition& out);
Result<sched::JobCondition> from_wire(const wire::JobCondition& in);
void to_wire(const sched::Dependency& it, wire::Dependency& out);
Result<sched::Dependency> from_wire(const wire::Dependency& in);
void to_wire(const sched::JobFact& fact, wire::JobFact& out);
Result<sched::JobFact> from_wire(const wire::JobFact& in);
void to_wire(const sched::Caller& caller, wire::SubmitRequest& out);
sched::Caller caller_from_wire(const wire::SubmitRequest& in);

// Selections and filters.
void to_wire(const sched::Selector& selector, wire::Selector& out);
Result<sched::Selector> from_wire(const wire::Selector& in);
void to_wire(const sched::QueueFilter& filter, wire::QueueFilter& out);
Result<sched::QueueFilter> from_wire(const wire::QueueFilter& in);

// Views.
void to_wire(const sched::JobSummary& job, wire::JobSummary& out);
Result<sched::JobSummary> from_wire(const wire::JobSummary& in);
void to_wire(const sched::JobDetail& job, wire::JobDetail& out);
Result<sched::JobDetail> from_wire(const wire::JobDetail& in);
void to_wire(const sched::Why& why, wire::WhyReply& out);
void to_wire(const std::vector<sched::Span>& spans, wire::WhyReply& out);
Result<sched::Why> from_wire(const wire::WhyReply& in);
void to_wire(const sched::ClassView& view, bool with_text, wire::ClassView& out);
void to_wire(const resmgr::Capacity& capacity, wire::Capacity& out);
resmgr::Capacity from_wire(const wire::Capacity& in);
void to_wire(const sched::NodeView& node, wire::NodeView& out);
void to_wire(const resmgr::Scheduling& scheduling, wire::Scheduling& out);
Result<resmgr::Scheduling> from_wire(const wire::Scheduling& in);
// All of a policy but its scheduling and what it remembers for how long.
void to_wire(const sched::Policy& policy, wire::Policy& out);
Result<void> from_wire(const wire::Policy& in, sched::Policy& policy);
void to_wire(const sched::UsageRow& usage, wire::Usage& out);
sched::UsageRow from_wire(const wire::Usage& in);
// What users call a job, by its number.
using RefOf = std::function<JobRef(JobNumber)>;
void to_wire(const resmgr::NamedView& resource, const RefOf& ref_of, wire::ResourceView& out);

// A job, or an element, in whichever message names one.
template <class Message>
JobRef ref_from_wire(const Message& in) {
  return {JobNumber{in.job()}, in.has_index() ? std::optional(in.index()) : std::nullopt};
}
template <class Message>
void ref_to_wire(const JobRef& ref, Message& out) {
  out.set_job(ref.job.value);
  if (ref.index) out.set_index(*ref.index);
}

// Of a request to drain.
inline std::optional<Millis> span_of(const wire::NodeRequest& request) {
  return request.span() > 0 ? std::optional(Millis{request.span()}) : std::nullopt;
}

// Events between flows, as they are asked for, and as they are answered.
void to_wire(const sched::SendEvent& event, wire::EventRequest& out);
void to_wire(const sched::ReceiveEvent& event, wire::EventRequest& out);
sched::SendEvent send_from_wire(const wire::EventRequest& in, ReplyId reply,
                                const sched::Actor& actor);
sched::ReceiveEvent receive_from_wire(const wire::EventRequest& in, ReplyId reply,
                                      const sched::Actor& actor);
void to_wire(const sched::EventReceived& event, wire::EventReply::Event& out);
void to_wire(const sched::EventRow& event, wire::EventReply::Event& out);
void to_wire(const sched::Receiver& receiver, wire::EventReply::Receiver& out);

// Errors.
void to_wire(const Error& error, wire::Error& out);
Error from_wire(const wire::Error& in);

// Attempts, their ends, and orders to nodes.
void to_wire(const AttemptId& id, wire::AttemptId& out);
AttemptId from_wire(const wire::AttemptId& in);
void to_wire(const sched::TaskEnd& end, wire::TaskEnd& out);
Result<sched::TaskEnd> from_wire(const wire::TaskEnd& in);
void to_wire(const sched::Launch& launch, wire::Launch& out);

}  // namespace jobq::controller
