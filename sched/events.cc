// SPDX-License-Identifier: Apache-2.0
// Events between flows: sending, receiving, and what happens to those that nobody receives.
//
// What is sent and who begins to wait are noted, and handed out at the end of the turn one after
// the other, however many steps follow from that. What an event led to and that it was received
// change in the same turn, so no crash comes between them.
#include <fmt/format.h>

#include <utility>

#include "sched/core.h"

namespace jobq::sched {
namespace {

EventReceived received(const EventRow& row) {
  return {row.of ? row.of : row.id,
          row.name,
          row.payload,
          to_string(row.to),
          row.from,
          row.user,
          row.sent};
}

}  // namespace

// The command runs in a step of this job; none: by hand.
Result<const Job*> Core::job_of_request(const std::optional<JobRef>& ref,
                                        const Actor& actor) const {
  if (!ref) return nullptr;
  const Job* job = job_of(*ref);
  if (job == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("job {} is not in the queue; outside of a step, unset JOBQ_JOB",
                            to_string(*ref)));
  }
  if (actor.uid == job->user->uid || actor.is_operator) return job;
  return fail(ErrorCode::kDenied,
              fmt::format("job {} belongs to {}; only its owner and operators may speak for it",
                          to_string(*ref), job->user->name));
}

// A flow by its number must be there; a name and a mailbox always are.
Result<Mailbox> Core::mailbox_to(std::string_view text, const Actor& actor) const {
  Result<Mailbox> mailbox = parse_mailbox(text, actor.uid);
  if (!mailbox || mailbox->kind != Mailbox::Kind::kFlow) return mailbox;
  const JobRef ref = *parse_job_ref(mailbox->name);
  if (!was_dispensed(ref.job)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no job {}: nothing can be sent to it", to_string(ref)));
  }
  if (const auto right = check_ref(ref); !right) return tl::unexpected(right.error());
  if (has_ended(ref)) {
    return fail(ErrorCode::kRefused,
                fmt::format("job {} has ended: it receives nothing any more; send to a name or to "
                            "a mailbox what may come late",
                            to_string(ref)));
  }
  const Job& job = *jobs_.find(ref.job);
  if (job.user->uid != actor.uid && !actor.is_operator) {
    return fail(ErrorCode::kDenied,
                fmt::format("job {} belongs to {}; users meet in a shared mailbox: shared:NAME",
                            to_string(ref), job.user->name));
  }
  mailbox->uid = job.user->uid;
  if (job.whole != nullptr) mailbox->name = to_string(job.ref());
  return mailbox;
}

// What is sent to a job: to its number, to its array's, to its name.
std::vector<Mailbox> Core::mailboxes_of(const Job& job) {
  using Kind = Mailbox::Kind;
  const std::uint32_t uid = job.user->uid;
  std::vector<Mailbox> mailboxes{{Kind::kFlow, uid, to_string(job.ref())}};
  if (job.whole != nullptr) {
    mailboxes.push_back({Kind::kFlow, uid, to_string(JobRef(job.whole->number))});
  }
  mailboxes.push_back({Kind::kName, uid, job.name->first});
  return mailboxes;
}

Result<EventId> Core::post(const Actor& actor, const Job* from, std::string_view step,
                           const Posting& posting) {
  for (const Result<void>& right :
       {check_event_name(posting.event), check_payload(posting.payload),
        check_event_life(posting.ttl), check_event_word("the key", posting.key),
        check_event_word("the step", step)}) {
    if (!right) return tl::unexpected(right.error());
  }
  Result<Mailbox> to = mailbox_to(posting.to, actor);
  if (!to) return tl::unexpected(to.error());
  EventRow row;
  row.to = *std::move(to);
  row.name = posting.event;
  row.payload = posting.payload;
  row.broadcast = posting.broadcast;
  row.uid = actor.uid;
  row.user = actor.user;
  row.key = posting.key;
  if (from != nullptr) {
    row.from = to_string(from->ref());
    row.from_name = from->name->first;
    row.from_step = step;
  }
  if (auto room = mailboxes_.check_room(row); !room) return tl::unexpected(room.error());
  row.id = EventId(next(Counter::kEvent));
  row.sent = now_;
  row.expires = now_ + posting.ttl.value_or(kUsualEventLife);
  const EventId id = row.id;
  mailboxes_.add(std::move(row));
  changes_.add(id);
  new_events_.push_back(id);
  return id;
}

void Core::on(SendEvent& event) {
  if (!event.key.empty()) {
    if (const EventId before = mailboxes_.sent_under(event.actor.uid, event.key)) {
      return reply(event.reply, EventSent{before});
    }
  }
  const auto job = job_of_request(event.job, event.actor);
  if (!job) return reply(event.reply, job.error());
  const auto sent =
      post(event.actor, *job, event.step,
           {event.to, event.event, event.payload, event.ttl, event.broadcast, event.key});
  if (!sent) return reply(event.reply, sent.error());
  reply(event.reply, EventSent{*sent});
}

Result<Receiver> Core::receiver_of(const ReceiveEvent& event) const {
  for (const Result<void>& right :
       {check_event_name(event.event), check_event_word("the key", event.key),
        check_event_word("the sender", event.from)}) {
    if (!right) return tl::unexpected(right.error());
  }
  const auto job = job_of_request(event.job, event.actor);
  if (!job) return tl::unexpected(job.error());
  Receiver receiver;
  receiver.key = {now_, {}, event.reply};
  receiver.event = event.event;
  receiver.from = event.from;
  receiver.uid = event.actor.uid;
  receiver.user = event.actor.user;
  receiver.request = event.key;
  if (event.patience) receiver.until = now_ + *event.patience;
  const auto sender = parse_job_ref(event.from);
  if (sender && !was_dispensed(sender->job)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no job {}: it can send nothing", event.from));
  }
  if (sender) receiver.from = to_string(*sender);
  if (event.mailbox.empty() && *job == nullptr) {
    return fail(ErrorCode::kUsage,
                "no mailbox is named; outside of a step say where from: --mailbox mailbox:NAME, "
                "shared:NAME, or a job's number or name");
  }
  if (event.mailbox.empty()) {
    receiver.mailboxes = mailboxes_of(**job);
    return receiver;
  }
  auto mailbox = mailbox_to(event.mailbox, event.actor);
  if (!mailbox) return tl::unexpected(mailbox.error());
  receiver.mailboxes.push_back(*std::move(mailbox));
  return receiver;
}

// A request under the same key gets what it got before. Where it still waits, its answer goes to
// who asked last: the connection before that is likely gone.
bool Core::repeat_receive(const ReceiveEvent& event) {
  if (event.key.empty()) return false;
  if (const EventId before = mailboxes_.received_under(event.actor.uid, event.key)) {
    reply(event.reply, received(*mailboxes_.find(before)));
    return true;
  }
  if (const auto waiting = mailboxes_.waiting_under(event.actor.uid, event.key)) {
    stop_waiting(*waiting, {ErrorCode::kRefused, "the same request came again and waits instead"});
  }
  return false;
}

void Core::on(ReceiveEvent& event) {
  if (repeat_receive(event)) return;
  auto receiver = receiver_of(event);
  if (!receiver) return reply(event.reply, receiver.error());
  wait_for_event(*std::move(receiver));
}

void Core::on(LeaveReceive& event) {
  if (const auto key = mailboxes_.waiting(event.of)) mailboxes_.leave(*key);
}

void Core::on(DropEvent& event) {
  const EventRow* row = mailboxes_.find(event.id);
  if (row == nullptr || row->received || !may_see(event.actor, *row)) {
    return reply(event.reply, Error{ErrorCode::kNotFound,
                                    fmt::format("no event {} waits; `jq event list` lists them",
                                                event.id.value)});
  }
  const Actor& actor = event.actor;
  const bool is_own = row->to.kind != Mailbox::Kind::kShared && row->to.uid == actor.uid;
  if (!is_own && row->uid != actor.uid && !actor.is_operator) {
    return reply(event.reply,
                 Error{ErrorCode::kDenied,
                       fmt::format("event {} was sent by {}; only who sent it and operators may "
                                   "drop it",
                                   event.id.value, row->user)});
  }
  take_away(event.id);
  reply(event.reply, Done{});
}

void Core::wait_for_event(Receiver receiver) {
  new_receivers_.push_back(receiver.key);
  mailboxes_.wait(std::move(receiver));
}

void Core::stop_waiting(const ReceiverKey& key, const Error& why) {
  mailboxes_.leave(key);
  reply(key.reply, why);
}

// Who is new takes the oldest event before a new event looks for anybody: so each gets the oldest
// that there is for him.
void Core::hand_out_events() {
  while (is_mail_due()) {
    if (!new_receivers_.empty()) {
      const ReceiverKey key = new_receivers_.front();
      new_receivers_.pop_front();
      if (mailboxes_.find(key) == nullptr) continue;
      if (const EventId id = mailboxes_.event_for(key)) hand_over(key, id);
      continue;
    }
    const EventId id = new_events_.front();
    if (const auto key = mailboxes_.receiver_for(id)) {
      hand_over(*key, id);
    } else {
      new_events_.pop_front();
    }
  }
}

void Core::hand_over(const ReceiverKey& key, EventId id) {
  const Receiver receiver = *mailboxes_.find(key);
  const EventRow row = *mailboxes_.find(id);
  mailboxes_.leave(key);
  if (!row.broadcast) take_away(id);
  if (key.reply) return answer_with(receiver, row);
  Job& job = *jobs_.find(key.attempt.job);
  job.step(key.attempt.step).attempt()->received = id;
  end_built_in(job, key.attempt.step, Outcome::kSuccess, "", row.payload);
}

// By hand. The answer may be lost: it is kept for a while under the key of the request.
void Core::answer_with(const Receiver& receiver, const EventRow& row) {
  if (!receiver.request.empty()) {
    EventRow receipt = row;
    receipt.id = EventId(next(Counter::kEvent));
    receipt.of = row.id;
    receipt.key.clear();
    receipt.received = now_;
    receipt.received_uid = receiver.uid;
    receipt.received_key = receiver.request;
    receipt.expires = now_ + policy_.keep_request_keys;
    changes_.add(receipt.id);
    mailboxes_.add(std::move(receipt));
    for (const EventId id : mailboxes_.excess_receipts(receiver.uid)) {
      mailboxes_.erase(id);
      changes_.add(id);
    }
  }
  reply(receiver.key.reply, received(row));
}

// It waits no more. That it was sent is known a while longer, where its sender may ask again.
void Core::take_away(EventId id) {
  const EventRow& row = *mailboxes_.find(id);
  const Time known_until = row.sent + policy_.keep_request_keys;
  if (!row.key.empty() && known_until > now_) {
    mailboxes_.close(id, now_, known_until);
  } else {
    mailboxes_.erase(id);
  }
  changes_.add(id);
}

void Core::expire_events() {
  for (const EventId id : mailboxes_.expired(now_)) {
    if (!mailboxes_.find(id)->received) {
      take_away(id);
    } else {
      mailboxes_.erase(id);
      changes_.add(id);
    }
  }
  for (const ReceiverKey& key : mailboxes_.timed_out(now_)) {
    const std::string& event = mailboxes_.find(key)->event;
    stop_waiting(key, {ErrorCode::kRefused, fmt::format("no event {} came in time", event)});
  }
}

// Nobody can receive what was sent to its number.
void Core::drop_events_of(const Job& job) {
  if (mailboxes_.all().empty()) return;
  const Mailbox own{Mailbox::Kind::kFlow, job.user->uid, to_string(job.ref())};
  for (const EventId id : mailboxes_.in(own)) take_away(id);
}

}  // namespace jobq::sched
