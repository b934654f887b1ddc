// SPDX-License-Identifier: Apache-2.0
// Events between flows by hand: requests to events, lists to frames.
//
// A request for an event may wait for long. Who goes away meanwhile waits no more; what was
// received for him and did not reach him is kept by the core under the key of the request.
#include <algorithm>

#include "controller/requests.h"
#include "controller/translate.h"
#include "sched/mailboxes.h"

namespace jobq::controller {
namespace {

constexpr int kEventsPerFrame = 500;
constexpr std::size_t kShownPayloadBytes = 200;

// Not in the middle of a character.
std::string_view cut(std::string_view text) {
  if (text.size() <= kShownPayloadBytes) return text;
  std::size_t end = kShownPayloadBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

template <class Event>
void put_job(const Event& event, wire::EventRequest& out) {
  if (event.job) ref_to_wire(*event.job, out);
}

std::optional<JobRef> job_of(const wire::EventRequest& in) {
  return in.job() != 0 ? std::optional(ref_from_wire(in)) : std::nullopt;
}

std::optional<Millis> span(std::int64_t length) {
  return length != 0 ? std::optional(Millis{length}) : std::nullopt;
}

std::shared_ptr<std::vector<wire::Frame>> frames_of(const sched::EventList& list) {
  auto frames = std::make_shared<std::vector<wire::Frame>>();
  const auto last = [&]() -> wire::EventReply& {
    if (frames->empty()) frames->emplace_back();
    wire::EventReply* reply = frames->back().mutable_event_reply();
    const int size = reply->events_size() + reply->receivers_size();
    return size < kEventsPerFrame ? *reply : *frames->emplace_back().mutable_event_reply();
  };
  last();
  for (const sched::EventRow& row : list.events) to_wire(row, *last().add_events());
  for (const sched::Receiver& one : list.receivers) to_wire(one, *last().add_receivers());
  return frames;
}

}  // namespace

void to_wire(const sched::SendEvent& event, wire::EventRequest& out) {
  out.set_verb(wire::EventRequest::SEND);
  out.set_mailbox(event.to);
  out.set_event(event.event);
  out.set_payload(event.payload);
  if (event.ttl) out.set_ttl(event.ttl->count);
  out.set_broadcast(event.broadcast);
  out.set_key(event.key);
  put_job(event, out);
  out.set_step(event.step);
}

void to_wire(const sched::ReceiveEvent& event, wire::EventRequest& out) {
  out.set_verb(wire::EventRequest::RECEIVE);
  out.set_mailbox(event.mailbox);
  out.set_event(event.event);
  out.set_from(event.from);
  if (event.patience) out.set_patience(event.patience->count);
  out.set_key(event.key);
  put_job(event, out);
}

sched::SendEvent send_from_wire(const wire::EventRequest& in, ReplyId reply,
                                const sched::Actor& actor) {
  return {reply,        actor,      in.key(),     job_of(in),     in.step(),
          in.mailbox(), in.event(), in.payload(), span(in.ttl()), in.broadcast()};
}

sched::ReceiveEvent receive_from_wire(const wire::EventRequest& in, ReplyId reply,
                                      const sched::Actor& actor) {
  return {reply,        actor,      in.key(),  job_of(in),
          in.mailbox(), in.event(), in.from(), span(in.patience())};
}

void to_wire(const sched::EventReceived& event, wire::EventReply::Event& out) {
  out.set_id(event.id.value);
  out.set_mailbox(event.mailbox);
  out.set_event(event.event);
  out.set_payload(event.payload);
  out.set_payload_bytes(event.payload.size());
  out.set_user(event.user);
  out.set_from(event.from);
  out.set_sent(event.sent.ms);
}

void to_wire(const sched::EventRow& event, wire::EventReply::Event& out) {
  out.set_id(event.id.value);
  out.set_mailbox(to_string(event.to));
  out.set_event(event.name);
  out.set_payload(std::string(cut(event.payload)));
  out.set_payload_bytes(event.payload.size());
  out.set_broadcast(event.broadcast);
  out.set_user(event.user);
  out.set_from(event.from);
  out.set_from_name(event.from_name);
  out.set_from_step(event.from_step);
  out.set_sent(event.sent.ms);
  out.set_expires(event.expires.ms);
}

void to_wire(const sched::Receiver& receiver, wire::EventReply::Receiver& out) {
  out.set_event(receiver.event);
  for (const sched::Mailbox& mailbox : receiver.mailboxes) out.add_mailboxes(to_string(mailbox));
  out.set_from(receiver.from);
  out.set_user(receiver.user);
  if (receiver.job.job) ref_to_wire(receiver.job, out);
  out.set_step(receiver.step);
  out.set_since(receiver.key.since.ms);
  if (receiver.until) out.set_until(receiver.until->ms);
}

void Requests::flow_event(Peer& peer, const To& to, const wire::EventRequest& request) {
  switch (request.verb()) {
    case wire::EventRequest::LIST: return list_events(peer, to, request.mailbox());
    case wire::EventRequest::SEND:
      return turns_.post(send_from_wire(request, expect(to), peer.actor));
    case wire::EventRequest::DROP:
      return turns_.post(sched::DropEvent{expect(to), peer.actor, sched::EventId{request.id()}});
    case wire::EventRequest::RECEIVE: {
      if (request.patience() < 0) break;
      const ReplyId reply = expect(to);
      receives_[peer.id].insert(reply);
      return turns_.post(receive_from_wire(request, reply, peer.actor));
    }
    default: break;
  }
  respond_error(to, {ErrorCode::kUsage, "no such request about events"});
}

void Requests::list_events(const Peer& peer, const To& to, const std::string& mailbox) {
  turns_.ask([this, to, mailbox, actor = peer.actor](const sched::EventManager& core,
                                                     Time) -> Turns::Answer {
    const auto list = core.events(actor, mailbox);
    if (!list) {
      return [this, to, error = list.error()](const Result<void>&) { respond_error(to, error); };
    }
    return [this, to, frames = frames_of(*list)](const Result<void>& durable) {
      if (!durable) return respond_error(to, durable.error());
      send_copy(to, frames, 0);
    };
  });
}

}  // namespace jobq::controller
