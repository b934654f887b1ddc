// SPDX-License-Identifier: Apache-2.0
// What users are shown of events between flows: those that wait, and who waits for one.
#include <algorithm>

#include "sched/core.h"

namespace jobq::sched {

bool Core::may_see(const Actor& actor, const EventRow& row) {
  return actor.is_operator || row.to.kind == Mailbox::Kind::kShared || row.to.uid == actor.uid ||
         row.uid == actor.uid;
}

Result<EventList> Core::events(const Actor& actor, const std::string& mailbox) const {
  std::optional<Mailbox> only;
  if (!mailbox.empty()) {
    auto parsed = parse_mailbox(mailbox, actor.uid);
    if (!parsed) return tl::unexpected(parsed.error());
    only = *std::move(parsed);
  }
  // An operator means everybody's of that name; a flow's number says whose it is.
  const auto is_meant = [&](const Mailbox& one) {
    if (!only) return true;
    const bool anybodys = actor.is_operator || one.kind == Mailbox::Kind::kFlow;
    return one.kind == only->kind && one.name == only->name && (anybodys || one.uid == only->uid);
  };
  EventList list;
  for (const auto& [id, row] : mailboxes_.all()) {
    if (!row.received && is_meant(row.to) && may_see(actor, row)) list.events.push_back(row);
  }
  for (const auto& [key, receiver] : mailboxes_.receivers()) {
    const bool shared = receiver.mailboxes.front().kind == Mailbox::Kind::kShared;
    const bool visible = shared || actor.is_operator || receiver.uid == actor.uid;
    const bool meant = std::any_of(receiver.mailboxes.begin(), receiver.mailboxes.end(), is_meant);
    if (!visible || !meant) continue;
    Receiver& shown = list.receivers.emplace_back(receiver);
    const Job* job = key.reply ? nullptr : jobs_.find(key.attempt.job);
    if (job != nullptr) shown.until = end_of(*job, key.attempt.step);
  }
  return list;
}

}  // namespace jobq::sched
