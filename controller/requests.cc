// SPDX-License-Identifier: Apache-2.0
// Dispatch of requests, changes and their replies.
#include "controller/requests.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "controller/translate.h"

namespace jobq::controller {
namespace {

// A client that asks faster than it is answered is not read from for a while.
constexpr std::size_t kMaxOpenRequests = 64;

wire::Frame submitted_frame(const sched::Submitted& submitted) {
  wire::Frame frame;
  wire::SubmitReply& reply = *frame.mutable_submitted();
  for (const sched::Submitted::Expected& expected : submitted.expected) {
    wire::SubmitReply::Expected& entry = *reply.add_expected();
    entry.set_start(expected.start.value_or(Time()).ms);
    entry.set_is_estimate(expected.is_estimate);
    entry.set_now(expected.now);
  }
  const auto& tickets = submitted.tickets;
  bool consecutive = !tickets.empty();
  for (std::size_t i = 0; i < tickets.size() && consecutive; ++i) {
    consecutive = tickets[i] && tickets[i]->value == tickets[0]->value + i;
  }
  if (consecutive) {
    reply.set_first(tickets[0]->value);
    reply.set_count(tickets.size());
    return frame;
  }
  for (const Result<JobNumber>& ticket : tickets) {
    wire::SubmitReply::One& one = *reply.add_tickets();
    if (ticket) {
      one.set_job(ticket->value);
    } else {
      to_wire(ticket.error(), *one.mutable_error());
    }
  }
  return frame;
}

wire::Frame controlled_frame(const sched::JobResults& results) {
  wire::Frame frame;
  wire::ControlReply& reply = *frame.mutable_controlled();
  for (const sched::JobResults::One& result : results.jobs) {
    wire::ControlReply::One& one = *reply.add_jobs();
    one.set_job(result.job.value);
    one.set_elements(to_string(result.elements));
    if (!result.result) to_wire(result.result.error(), *one.mutable_error());
  }
  return frame;
}

wire::Frame reply_frame(const sched::Reply& reply) {
  if (const auto* submitted = std::get_if<sched::Submitted>(&reply.body)) {
    return submitted_frame(*submitted);
  }
  if (const auto* results = std::get_if<sched::JobResults>(&reply.body)) {
    return controlled_frame(*results);
  }
  wire::Frame frame;
  if (const auto* sent = std::get_if<sched::EventSent>(&reply.body)) {
    frame.mutable_event_reply()->add_events()->set_id(sent->id.value);
  } else if (const auto* received = std::get_if<sched::EventReceived>(&reply.body)) {
    to_wire(*received, *frame.mutable_event_reply()->add_events());
  } else if (const auto* error = std::get_if<Error>(&reply.body)) {
    to_wire(*error, *frame.mutable_error());
  } else {
    frame.mutable_done();
  }
  return frame;
}

}  // namespace

Requests::Requests(Turns& turns, Peers& peers, Nodes& nodes, Files& files, HistoryReader& history,
                   PastJobs& past_jobs)
    : turns_(turns),
      peers_(peers),
      nodes_(nodes),
      files_(files),
      history_(history),
      past_jobs_(past_jobs) {}

void Requests::on_request(Peer& peer, const wire::Frame& frame) {
  if (++peer.open_requests == kMaxOpenRequests) peer.connection->pause_reading();
  dispatch(peer, frame);
}

void Requests::dispatch(Peer& peer, const wire::Frame& frame) {
  const To to{peer.id, frame.id()};
  switch (frame.body_case()) {
    case wire::Frame::kSubmit: return submit(peer, to, frame.submit());
    case wire::Frame::kControl: return control(peer, to, frame.control());
    case wire::Frame::kQueue: return queue(to, frame.queue());
    case wire::Frame::kShow: return show(to, ref_from_wire(frame.show()));
    case wire::Frame::kWhy: return why(to, ref_from_wire(frame.why()));
    case wire::Frame::kWait: return wait(to, frame.wait());
    case wire::Frame::kOutput: return output(peer, to, frame.output());
    case wire::Frame::kHistory: return list_history(to, frame.history());
    case wire::Frame::kClassRequest: return change_class(peer, to, frame.class_request());
    case wire::Frame::kNodeRequest: return change_node(peer, to, frame.node_request());
    case wire::Frame::kResourceRequest: return change_resource(peer, to, frame.resource_request());
    case wire::Frame::kRecurRequest: return change_recur(peer, to, frame.recur_request());
    case wire::Frame::kEventRequest: return flow_event(peer, to, frame.event_request());
    case wire::Frame::kFileRequest: return ask_for_file(peer, to, frame.file_request());
    default: break;
  }
  log::warning("{}: a request that this version does not know", peer.connection->peer());
  respond_error(to, {ErrorCode::kUsage,
                     "this controller does not know the request; is it older than the command?"});
}

void Requests::submit(Peer& peer, const To& to, const wire::SubmitRequest& request) {
  auto tickets = from_wire(request);
  if (!tickets) return respond_error(to, tickets.error());
  past_jobs_.submit({expect(to),
                     peer.actor,
                     request.key(),
                     std::move(*tickets),
                     request.dry_run(),
                     caller_from_wire(request),
                     {}},
                    [this, to](const Error& error) { respond_error(to, error); });
}

void Requests::submit(sched::NewJobNotice notice, Answered answered) {
  notice.reply = expect(std::move(answered));
  const ReplyId to = notice.reply;
  past_jobs_.submit(std::move(notice), [this, to](const Error& error) { reply({to, error}); });
}

void Requests::control(Peer& peer, const To& to, const wire::ControlRequest& request) {
  auto selected = from_wire(request.jobs());
  if (!selected) return respond_error(to, selected.error());
  sched::Selector& jobs = *selected;
  switch (request.verb()) {
    case wire::ControlRequest::HOLD:
      return turns_.post(sched::Hold{expect(to), peer.actor, std::move(jobs)});
    case wire::ControlRequest::RELEASE:
      return turns_.post(sched::Release{expect(to), peer.actor, std::move(jobs)});
    case wire::ControlRequest::CANCEL:
      return turns_.post(sched::Cancel{expect(to), peer.actor, std::move(jobs), 0});
    case wire::ControlRequest::SIGNAL:
      if (request.signal() < 1 || request.signal() > 64) break;
      return turns_.post(sched::Cancel{expect(to), peer.actor, std::move(jobs), request.signal()});
    default: break;
  }
  respond_error(to, {ErrorCode::kUsage, fmt::format("no such signal: {}", request.signal())});
}

void Requests::change_class(Peer& peer, const To& to, const wire::ClassRequest& request) {
  switch (request.verb()) {
    case wire::ClassRequest::LIST: return list_classes(to);
    case wire::ClassRequest::SHOW: return show_class(to, request);
    case wire::ClassRequest::REGISTER: return register_class(peer, to, request);
    case wire::ClassRequest::RETIRE:
      return turns_.post(
          sched::RetireClass{expect(to), peer.actor, request.name(), request.version()});
    default: break;
  }
  respond_error(to, {ErrorCode::kUsage, "no such request about classes"});
}

void Requests::register_class(Peer& peer, const To& to, const wire::ClassRequest& request) {
  auto spec = from_wire(request.spec());
  if (!spec) return respond_error(to, spec.error());
  turns_.post(sched::RegisterClass{
      expect(to), peer.actor, {std::move(*spec), request.text(), request.file()}});
}

void Requests::change_node(Peer& peer, const To& to, const wire::NodeRequest& request) {
  if (request.verb() == wire::NodeRequest::DRAIN) {
    turns_.post(sched::DrainNode{expect(to), peer.actor, request.name(), request.reason(),
                                 span_of(request)});
  } else if (request.verb() == wire::NodeRequest::RESUME) {
    turns_.post(sched::ResumeNode{expect(to), peer.actor, request.name()});
  } else if (request.verb() == wire::NodeRequest::FORGET) {
    turns_.post(sched::ForgetNode{expect(to), peer.actor, request.name()});
  } else if (request.verb() == wire::NodeRequest::SERVICES) {
    list_services(to, request.name());
  } else {
    list_nodes(to, request);
  }
}

void Requests::change_resource(Peer& peer, const To& to, const wire::ResourceRequest& request) {
  if (request.verb() == wire::ResourceRequest::REMOVE) {
    turns_.post(sched::RemoveResource{expect(to), peer.actor, request.name()});
    return;
  }
  if (request.verb() != wire::ResourceRequest::CREATE) return list_resources(to);
  const bool exclusive =
      request.kind() == static_cast<std::uint32_t>(resmgr::NamedKind::kExclusive);
  turns_.post(sched::CreateResource{
      expect(to),
      peer.actor,
      {request.name(), exclusive ? resmgr::NamedKind::kExclusive : resmgr::NamedKind::kTokens,
       exclusive ? 1 : request.total(), exclusive ? request.command() : std::string()}});
}

void Requests::ask_for_file(const Peer& peer, const To& to, const wire::FileRequest& request) {
  files_.ask(peer.actor.uid, peer.actor.gid, request, [this, to](const wire::Frame& frame) {
    wire::Frame copy = frame;
    respond(to, copy);
  });
}

void Requests::reply(const sched::Reply& reply) {
  if (const auto inner = inner_.extract(reply.to)) return inner.mapped()(reply);
  const auto at = expected_.find(reply.to);
  if (at == expected_.end()) return;
  const To to = at->second;
  wire::Frame frame = reply_frame(reply);
  if (reply.more) return respond_more(to, frame);
  expected_.erase(at);
  if (const auto waiting = receives_.find(to.peer); waiting != receives_.end()) {
    waiting->second.erase(reply.to);
  }
  respond(to, frame);
}

void Requests::journal_failed(const Error& error) {
  receives_.clear();
  for (const auto& [id, to] : std::exchange(expected_, {})) respond_error(to, error);
  for (const auto& [id, answered] : std::exchange(inner_, {})) answered({id, error});
}

// What it waited for is not received by nobody.
void Requests::on_gone(const Peer& peer) {
  waiters_.forget_peer(peer.id);
  const auto waiting = receives_.find(peer.id);
  if (waiting == receives_.end()) return;
  for (const ReplyId reply : waiting->second) {
    expected_.erase(reply);
    turns_.post(sched::LeaveReceive{reply});
  }
  receives_.erase(waiting);
}

ReplyId Requests::expect(const To& to) {
  ++last_reply_.value;
  expected_[last_reply_] = to;
  return last_reply_;
}

ReplyId Requests::expect(Answered answered) {
  ++last_reply_.value;
  inner_[last_reply_] = std::move(answered);
  return last_reply_;
}

void Requests::respond(const To& to, wire::Frame& frame) {
  frame.set_id(to.request);
  peers_.send(to.peer, frame);
  finished(to.peer);
}

void Requests::respond_more(const To& to, wire::Frame& frame) {
  frame.set_id(to.request);
  frame.set_more(true);
  peers_.send(to.peer, frame);
}

void Requests::respond_error(const To& to, const Error& error) {
  wire::Frame frame;
  to_wire(error, *frame.mutable_error());
  respond(to, frame);
}

void Requests::finished(PeerId id) {
  Peer* peer = peers_.find(id);
  if (!peer) return;
  check(peer->open_requests > 0, "a request is answered once");
  if (peer->open_requests-- == kMaxOpenRequests) peer->connection->resume_reading();
}

}  // namespace jobq::controller
