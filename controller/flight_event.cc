// SPDX-License-Identifier: Apache-2.0
// Both ways, event by event, in the messages that brought them.
#include "controller/flight_event.h"

#include "controller/translate.h"
#include "controller/translate_recur.h"
#include "controller/wire_checks.h"

namespace jobq::controller {
namespace {

sched::Actor actor_of(const wire::FlightEvent& in) {
  return {in.actor().uid(), in.actor().gid(), in.actor().user(), in.actor().is_operator()};
}

// --- to the record

class Putter {
 public:
  explicit Putter(wire::FlightEvent& out) : out_(out) {}

  void operator()(const sched::NewJobNotice& it) {
    asked(it);
    wire::SubmitRequest& submit = *out_.mutable_submit();
    to_wire(it.tickets, submit);
    submit.set_key(it.key);
    submit.set_dry_run(it.dry_run);
    to_wire(it.caller, submit);
    put_known(it.known);
  }
  void operator()(const sched::Hold& it) { control(it, wire::ControlRequest::HOLD); }
  void operator()(const sched::Release& it) { control(it, wire::ControlRequest::RELEASE); }
  void operator()(const sched::Cancel& it) {
    control(it, it.signal != 0 ? wire::ControlRequest::SIGNAL : wire::ControlRequest::CANCEL);
    out_.mutable_control()->set_signal(it.signal);
  }
  void operator()(const sched::RegisterClass& it) {
    asked(it);
    wire::ClassRequest& request = *out_.mutable_change_class();
    to_wire(*it.definition.spec, *request.mutable_spec());
    request.set_text(it.definition.text);
    request.set_file(it.definition.file);
  }
  void operator()(const sched::RetireClass& it) {
    asked(it);
    out_.mutable_change_class()->set_verb(wire::ClassRequest::RETIRE);
    out_.mutable_change_class()->set_name(it.name);
    out_.mutable_change_class()->set_version(it.version);
  }
  void operator()(const sched::CreateResource& it) {
    asked(it);
    wire::ResourceRequest& request = *out_.mutable_change_resource();
    request.set_name(it.resource.name);
    request.set_kind(static_cast<std::uint32_t>(it.resource.kind));
    request.set_total(it.resource.total);
    request.set_command(it.resource.command);
  }
  void operator()(const sched::RemoveResource& it) {
    asked(it);
    out_.mutable_change_resource()->set_verb(wire::ResourceRequest::REMOVE);
    out_.mutable_change_resource()->set_name(it.name);
  }
  void operator()(const sched::DrainNode& it) {
    node(it, wire::NodeRequest::DRAIN);
    out_.mutable_change_node()->set_reason(it.reason);
    if (it.span) out_.mutable_change_node()->set_span(it.span->count);
  }
  void operator()(const sched::ResumeNode& it) { node(it, wire::NodeRequest::RESUME); }
  void operator()(const sched::ForgetNode& it) { node(it, wire::NodeRequest::FORGET); }
  void operator()(const sched::NodeJoined& it) {
    out_.set_link(it.link);
    out_.set_lease(it.lease.count);
    wire::NodeJoin& join = *out_.mutable_join();
    join.set_name(it.name);
    join.set_incarnation(it.incarnation);
    to_wire(it.capacity, *join.mutable_capacity());
    for (const sched::NodeJoined::Known& known : it.attempts) {
      wire::NodeJoin::Known& out = *join.add_attempts();
      to_wire(known.id, *out.mutable_id());
      out.set_running(known.running);
    }
  }
  void operator()(const sched::NodeLost& it) {
    out_.set_node(it.node.value);
    out_.set_lost(it.reason);
  }
  void operator()(const sched::NodeGivenUp& it) {
    out_.set_node(it.node.value);
    out_.mutable_given_up();
  }
  void operator()(const sched::NodeServices& it) {
    out_.set_node(it.node.value);
    wire::NodeServices& services = *out_.mutable_services();
    for (const std::string& type : it.types) services.add_services()->set_type(type);
  }
  void operator()(const sched::TaskStarted& it) {
    out_.set_node(it.node.value);
    to_wire(it.id, *out_.mutable_started()->mutable_id());
  }
  void operator()(const sched::TaskComplete& it) {
    out_.set_node(it.node.value);
    to_wire(it.id, *out_.mutable_complete()->mutable_id());
    to_wire(it.end, *out_.mutable_complete()->mutable_end());
  }
  void operator()(const sched::LookedUp& it) {
    to_wire(it.id, *out_.mutable_looked_up());
    put_known(it.known);
  }
  void operator()(const sched::AddRecur& it) {
    asked(it);
    wire::RecurRequest& request = *out_.mutable_change_recur();
    request.set_verb(wire::RecurRequest::ADD);
    to_wire(*it.ticket, *request.mutable_ticket());
    if (it.ticket->spec) to_wire(*it.ticket->spec, *request.mutable_spec());
    to_wire(*it.zone, *request.mutable_zone());
    request.set_replace(it.replace);
  }
  void operator()(const sched::RemoveRecur& it) { recur(it, wire::RecurRequest::REMOVE); }
  void operator()(const sched::PauseRecur& it) { recur(it, wire::RecurRequest::PAUSE); }
  void operator()(const sched::ResumeRecur& it) { recur(it, wire::RecurRequest::RESUME); }
  void operator()(const sched::ZoneLearned& it) { to_wire(*it.zone, *out_.mutable_zone_learned()); }
  void operator()(const sched::Tick&) { out_.mutable_tick(); }
  void operator()(const sched::SendEvent& it) {
    asked(it);
    to_wire(it, *out_.mutable_flow_event());
  }
  void operator()(const sched::ReceiveEvent& it) {
    asked(it);
    to_wire(it, *out_.mutable_flow_event());
  }
  void operator()(const sched::LeaveReceive& it) { out_.set_left(it.of.value); }
  void operator()(const sched::DropEvent& it) {
    asked(it);
    out_.mutable_flow_event()->set_verb(wire::EventRequest::DROP);
    out_.mutable_flow_event()->set_id(it.id.value);
  }

 private:
  template <class Asked>
  void asked(const Asked& it) {
    out_.set_reply(it.reply.value);
    wire::FlightActor& actor = *out_.mutable_actor();
    actor.set_uid(it.actor.uid);
    actor.set_gid(it.actor.gid);
    actor.set_user(it.actor.user);
    actor.set_is_operator(it.actor.is_operator);
  }
  void put_known(const std::vector<sched::JobFact>& known) {
    for (const sched::JobFact& fact : known) to_wire(fact, *out_.add_known());
  }
  template <class Asked>
  void control(const Asked& it, wire::ControlRequest::Verb verb) {
    asked(it);
    out_.mutable_control()->set_verb(verb);
    to_wire(it.jobs, *out_.mutable_control()->mutable_jobs());
  }
  template <class Asked>
  void node(const Asked& it, wire::NodeRequest::Verb verb) {
    asked(it);
    out_.mutable_change_node()->set_verb(verb);
    out_.mutable_change_node()->set_name(it.name);
  }

  template <class Asked>
  void recur(const Asked& it, wire::RecurRequest::Verb verb) {
    asked(it);
    out_.mutable_change_recur()->set_verb(verb);
    out_.mutable_change_recur()->set_user(it.user);
    out_.mutable_change_recur()->set_name(it.name);
  }

  wire::FlightEvent& out_;
};

// --- from the record

Result<std::vector<sched::JobFact>> known_in(const wire::FlightEvent& in) {
  std::vector<sched::JobFact> known;
  for (const wire::JobFact& entry : in.known()) {
    auto fact = from_wire(entry);
    if (!fact) return tl::unexpected(fact.error());
    known.push_back(*std::move(fact));
  }
  return known;
}

Result<sched::Event> submission(const wire::FlightEvent& in) {
  auto tickets = from_wire(in.submit());
  if (!tickets) return tl::unexpected(tickets.error());
  auto known = known_in(in);
  if (!known) return tl::unexpected(known.error());
  return sched::NewJobNotice{ReplyId{in.reply()},   actor_of(in),
                             in.submit().key(),     std::move(*tickets),
                             in.submit().dry_run(), caller_from_wire(in.submit()),
                             *std::move(known)};
}

Result<sched::Event> looked_up(const wire::FlightEvent& in) {
  auto known = known_in(in);
  if (!known) return tl::unexpected(known.error());
  return sched::LookedUp{from_wire(in.looked_up()), *std::move(known)};
}

Result<sched::Event> control(const wire::FlightEvent& in) {
  const ReplyId reply{in.reply()};
  auto selector = from_wire(in.control().jobs());
  if (!selector) return tl::unexpected(selector.error());
  sched::Selector jobs = std::move(*selector);
  switch (in.control().verb()) {
    case wire::ControlRequest::HOLD: return sched::Hold{reply, actor_of(in), std::move(jobs)};
    case wire::ControlRequest::RELEASE: return sched::Release{reply, actor_of(in), std::move(jobs)};
    default: break;
  }
  return sched::Cancel{reply, actor_of(in), std::move(jobs), in.control().signal()};
}

Result<sched::Event> class_change(const wire::FlightEvent& in) {
  const wire::ClassRequest& request = in.change_class();
  const ReplyId reply{in.reply()};
  if (request.verb() == wire::ClassRequest::RETIRE) {
    return sched::RetireClass{reply, actor_of(in), request.name(), request.version()};
  }
  auto spec = from_wire(request.spec());
  if (!spec) return tl::unexpected(spec.error());
  return sched::RegisterClass{
      reply, actor_of(in), {std::move(*spec), request.text(), request.file()}};
}

Result<sched::Event> resource_change(const wire::FlightEvent& in) {
  const wire::ResourceRequest& request = in.change_resource();
  const ReplyId reply{in.reply()};
  if (request.verb() == wire::ResourceRequest::REMOVE) {
    return sched::RemoveResource{reply, actor_of(in), request.name()};
  }
  const auto kind = checked_enum(request.kind(), resmgr::NamedKind::kTokens, "kind of resource");
  if (!kind) return tl::unexpected(kind.error());
  return sched::CreateResource{
      reply, actor_of(in), {request.name(), *kind, request.total(), request.command()}};
}

sched::Event node_change(const wire::FlightEvent& in) {
  const wire::NodeRequest& request = in.change_node();
  const ReplyId reply{in.reply()};
  if (request.verb() == wire::NodeRequest::DRAIN) {
    return sched::DrainNode{reply, actor_of(in), request.name(), request.reason(),
                            span_of(request)};
  }
  if (request.verb() == wire::NodeRequest::FORGET) {
    return sched::ForgetNode{reply, actor_of(in), request.name()};
  }
  return sched::ResumeNode{reply, actor_of(in), request.name()};
}

Result<sched::Event> recur_change(const wire::FlightEvent& in) {
  const wire::RecurRequest& request = in.change_recur();
  const ReplyId reply{in.reply()};
  switch (request.verb()) {
    case wire::RecurRequest::ADD: break;
    case wire::RecurRequest::REMOVE:
      return sched::RemoveRecur{reply, actor_of(in), request.user(), request.name()};
    case wire::RecurRequest::PAUSE:
      return sched::PauseRecur{reply, actor_of(in), request.user(), request.name()};
    case wire::RecurRequest::RESUME:
      return sched::ResumeRecur{reply, actor_of(in), request.user(), request.name()};
    default: return tl::unexpected(malformed("a change of a recurring ticket that is none"));
  }
  auto ticket = recur_ticket_from_wire(request);
  if (!ticket) return tl::unexpected(ticket.error());
  auto zone = from_wire(request.zone());
  if (!zone) return tl::unexpected(zone.error());
  return sched::AddRecur{reply, actor_of(in), *std::move(ticket), *std::move(zone),
                         request.replace()};
}

Result<sched::Event> zone_learned(const wire::FlightEvent& in) {
  auto zone = from_wire(in.zone_learned());
  if (!zone) return tl::unexpected(zone.error());
  return sched::ZoneLearned{*std::move(zone)};
}

sched::Event joined(const wire::FlightEvent& recorded) {
  const wire::NodeJoin& in = recorded.join();
  sched::NodeJoined event{in.name(), in.incarnation(), from_wire(in.capacity()),
                          {},        recorded.link(),  Millis{recorded.lease()}};
  for (const wire::NodeJoin::Known& known : in.attempts()) {
    event.attempts.push_back({from_wire(known.id()), known.running()});
  }
  return event;
}

sched::Event flow_event(const wire::FlightEvent& in) {
  const wire::EventRequest& request = in.flow_event();
  const ReplyId reply{in.reply()};
  switch (request.verb()) {
    case wire::EventRequest::SEND: return send_from_wire(request, reply, actor_of(in));
    case wire::EventRequest::RECEIVE: return receive_from_wire(request, reply, actor_of(in));
    default: break;
  }
  return sched::DropEvent{reply, actor_of(in), sched::EventId{request.id()}};
}

sched::Event services(const wire::FlightEvent& in) {
  sched::NodeServices event{NodeId{in.node()}, {}};
  for (const wire::Service& one : in.services().services()) event.types.push_back(one.type());
  return event;
}

}  // namespace

void to_wire(const sched::Event& event, wire::FlightEvent& out) { std::visit(Putter(out), event); }

Result<sched::Event> from_wire(const wire::FlightEvent& in) {
  const NodeId node{in.node()};
  switch (in.event_case()) {
    case wire::FlightEvent::kSubmit: return submission(in);
    case wire::FlightEvent::kControl: return control(in);
    case wire::FlightEvent::kChangeClass: return class_change(in);
    case wire::FlightEvent::kChangeResource: return resource_change(in);
    case wire::FlightEvent::kChangeNode: return node_change(in);
    case wire::FlightEvent::kJoin: return joined(in);
    case wire::FlightEvent::kLost: return sched::NodeLost{node, in.lost()};
    case wire::FlightEvent::kGivenUp: return sched::NodeGivenUp{node};
    case wire::FlightEvent::kServices: return services(in);
    case wire::FlightEvent::kStarted: return sched::TaskStarted{node, from_wire(in.started().id())};
    case wire::FlightEvent::kComplete: {
      auto end = from_wire(in.complete().end());
      if (!end) return tl::unexpected(end.error());
      return sched::TaskComplete{node, from_wire(in.complete().id()), std::move(*end)};
    }
    case wire::FlightEvent::kLookedUp: return looked_up(in);
    case wire::FlightEvent::kChangeRecur: return recur_change(in);
    case wire::FlightEvent::kZoneLearned: return zone_learned(in);
    case wire::FlightEvent::kTick: return sched::Tick{};
    case wire::FlightEvent::kFlowEvent: return flow_event(in);
    case wire::FlightEvent::kLeft: return sched::LeaveReceive{ReplyId{in.left()}};
    case wire::FlightEvent::EVENT_NOT_SET: break;
  }
  return tl::unexpected(malformed("an event of a kind that this version does not know"));
}

}  // namespace jobq::controller
