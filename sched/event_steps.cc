// SPDX-License-Identifier: Apache-2.0
// The steps that send an event and that wait for one, and what `jq why` says of one that waits.
#include <fmt/format.h>

#include <algorithm>

#include "sched/core.h"
#include "sched/launch.h"

namespace jobq::sched {
namespace {

// As one word of a shell.
std::string word(const std::string& text) {
  const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
           c == '.' || c == '_' || c == '-' || c == '/';
  });
  if (is_plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Actor actor_of(const Job& job) { return {job.user->uid, job.user->gid, job.user->name, false}; }

}  // namespace

Result<Send> Core::filled(const Job& job, const Send& send) const {
  Send out = send;
  for (std::string* text : {&out.to, &out.event, &out.payload}) {
    Result<std::string> one = fill_text(job, *text);
    if (!one) return tl::unexpected(one.error());
    *text = *std::move(one);
  }
  return out;
}

// In the turn in which the step began: what it sends is durable with its end.
void Core::send_event(Job& job, StepId id) {
  const StepSpec& step = job.what().steps[id.value];
  const Result<EventId> sent = [&]() -> Result<EventId> {
    const auto send = filled(job, *step.send);
    if (!send) return tl::unexpected(send.error());
    return post(actor_of(job), &job, step.name,
                {send->to, send->event, send->payload, send->ttl, send->broadcast, ""});
  }();
  if (sent) return end_built_in(job, id, Outcome::kSuccess, "", fmt::to_string(sent->value));
  end_built_in(job, id, Outcome::kFailure, "the event was not sent: " + sent.error().message);
}

// What it had in its attempts before it does not get again.
Result<Receiver> Core::receiver_in(const Job& job, StepId id) const {
  const StepSpec& step = job.what().steps[id.value];
  const AttemptRow& attempt = *job.step(id).attempt();
  Receiver receiver;
  receiver.key = {attempt.started, attempt.id, {}};
  receiver.uid = job.user->uid;
  receiver.user = job.user->name;
  receiver.job = job.ref();
  receiver.step = step.name;
  auto event = fill_text(job, step.recv->event);
  auto from = fill_text(job, step.recv->from);
  auto place = fill_text(job, step.recv->mailbox);
  for (const auto* text : {&event, &from, &place}) {
    if (!*text) return tl::unexpected(text->error());
  }
  receiver.event = *std::move(event);
  receiver.from = *std::move(from);
  if (auto right = check_event_name(receiver.event); !right) return tl::unexpected(right.error());
  const auto sender = parse_job_ref(receiver.from);
  if (sender && !was_dispensed(sender->job)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no job {}: it can send nothing", receiver.from));
  }
  if (sender) receiver.from = to_string(*sender);
  receiver.mailboxes = mailboxes_of(job);
  if (!place->empty()) {
    auto mailbox = mailbox_to(*place, actor_of(job));
    if (!mailbox) return tl::unexpected(mailbox.error());
    receiver.mailboxes = {*std::move(mailbox)};
  }
  for (const AttemptRow& one : job.step(id).run->attempts) {
    if (one.received) receiver.had.insert(one.received);
  }
  return receiver;
}

void Core::receive_event(Job& job, StepId id) {
  auto receiver = receiver_in(job, id);
  if (receiver) return wait_for_event(*std::move(receiver));
  end_built_in(job, id, Outcome::kFailure, "no event can be received: " + receiver.error().message);
}

// Why the only flow that may send it cannot any more; empty: it can.
std::string Core::never_from(const Receiver& receiver) const {
  if (const auto ref = parse_job_ref(receiver.from)) {
    if (!has_ended(*ref)) return "";
    return fmt::format("job {}, which alone may send it, has ended without that", receiver.from);
  }
  const std::string name(receiver.from.starts_with("flow:") ? receiver.from.substr(5)
                                                            : receiver.from);
  const std::vector<JobNumber> named = jobs_.named(name).value_or(std::vector<JobNumber>{});
  const bool is_there = std::any_of(named.begin(), named.end(), [&](JobNumber number) {
    return jobs_.find(number)->user->uid == receiver.uid;
  });
  if (is_there) return "";
  return fmt::format("only a job named {} may send it, and none is in the queue", receiver.from);
}

void Core::explain_event(const Job& job, StepId id, Why& why) const {
  const auto key = mailboxes_.waiting(job.step(id).attempt()->id);
  if (!key) return;
  const Receiver& receiver = *mailboxes_.find(*key);
  std::string places;
  std::string near;  // where a bare name was taken for that of a job
  for (const Mailbox& mailbox : receiver.mailboxes) {
    places += (places.empty() ? "" : " or ") + to_string(mailbox);
    const Mailbox own{Mailbox::Kind::kOwn, receiver.uid, mailbox.name};
    if (mailbox.kind == Mailbox::Kind::kName && !mailboxes_.in(own).empty()) {
      near = fmt::format("; events wait in {}, which is another place", to_string(own));
    }
  }
  std::string text =
      fmt::format("waits for event {} sent to {} {} since {}", receiver.event, places,
                  receiver.from.empty() ? "by anybody" : "by " + receiver.from,
                  format_rfc3339(receiver.key.since));
  const auto end = end_of(job, id);
  text += end ? fmt::format(", until {}", format_rfc3339(*end)) : ", without a time limit";
  text += near;
  const std::string never = receiver.from.empty() ? "" : never_from(receiver);
  if (!never.empty()) text += "; it can never be met: " + never;
  const std::string by_hand = fmt::format(
      "jq event send {} {}", word(to_string(receiver.mailboxes.front())), word(receiver.event));
  why.blockers.push_back({"event", step_of(job.what(), id).name, text,
                          never.empty()
                              ? fmt::format("anybody who may send there can: {}", by_hand)
                              : fmt::format("send it by hand: {}; or give up: jq cancel {}",
                                            by_hand, to_string(job.ref()))});
}

}  // namespace jobq::sched
