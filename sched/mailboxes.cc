// SPDX-License-Identifier: Apache-2.0
// The indexes of the table, and who gets which event.
#include "sched/mailboxes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace jobq::sched {
namespace {

// What a row takes beside its texts.
constexpr std::uint64_t kBytesOfRow = 200;

template <class Map, class Key, class Value>
void erase_from(Map& map, const Key& key, const Value& value) {
  const auto at = map.find(key);
  if (at == map.end()) return;
  at->second.erase(value);
  if (at->second.empty()) map.erase(at);
}

template <class Map, class Key>
auto value_at(const Map& map, const Key& key) -> std::optional<typename Map::mapped_type> {
  const auto at = map.find(key);
  return at == map.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace

bool is_from(const EventRow& row, const std::string& flow, std::uint32_t uid) {
  if (row.from.empty()) return row.uid == uid;  // by hand its user may stand in for any flow
  // An array's number means its elements too.
  if (parse_job_ref(flow)) return row.from == flow || row.from.starts_with(flow + "[");
  return row.uid == uid && (row.from_name == flow || "flow:" + row.from_name == flow);
}

bool Mailboxes::may_have(const Receiver& receiver, const EventRow& row) {
  if (!receiver.from.empty() && !is_from(row, receiver.from, receiver.uid)) return false;
  return !row.broadcast || !receiver.had.contains(row.id);
}

std::uint64_t Mailboxes::bytes_of(const EventRow& row) {
  return kBytesOfRow + row.payload.size() + row.name.size() + row.to.name.size() + row.key.size() +
         row.received_key.size() + row.from_name.size() + row.from_step.size();
}

void Mailboxes::count_receipt(const EventRow& row, bool more) {
  Receipts& receipts = receipts_[row.received_uid];
  receipts.bytes = more ? receipts.bytes + bytes_of(row) : receipts.bytes - bytes_of(row);
  more ? (void)receipts.ids.insert(row.id) : (void)receipts.ids.erase(row.id);
  if (receipts.ids.empty()) receipts_.erase(row.received_uid);
}

std::vector<EventId> Mailboxes::excess_receipts(std::uint32_t uid) const {
  std::vector<EventId> excess;
  const auto of_user = receipts_.find(uid);
  if (of_user == receipts_.end()) return excess;
  std::uint64_t bytes = of_user->second.bytes;
  for (const EventId id : of_user->second.ids) {
    if (bytes <= kMostReceiptBytesPerUser) break;
    bytes -= bytes_of(events_.at(id));
    excess.push_back(id);
  }
  return excess;
}

void Mailboxes::count(const EventRow& row, bool more) {
  if (row.of) return count_receipt(row, more);
  Use& use = uses_[row.uid];
  use.bytes = more ? use.bytes + bytes_of(row) : use.bytes - bytes_of(row);
  if (row.received) {
    if (use == Use{}) uses_.erase(row.uid);
    return;
  }
  use.events = more ? use.events + 1 : use.events - 1;
  if (use == Use{}) uses_.erase(row.uid);
  std::size_t& in_box = counts_[row.to];
  in_box = more ? in_box + 1 : in_box - 1;
  if (in_box == 0) counts_.erase(row.to);
}

void Mailboxes::add(EventRow row) {
  const EventId id = row.id;
  const auto [at, is_new] = events_.emplace(id, std::move(row));
  check(is_new, "an event came twice");
  const EventRow& added = at->second;
  count(added, true);
  if (!added.received) waiting_[{added.to, added.name}].insert(id);
  by_expiry_.emplace(added.expires, id);
  if (!added.key.empty()) sent_[{added.uid, added.key}] = id;
  if (!added.received_key.empty()) received_[{added.received_uid, added.received_key}] = id;
}

void Mailboxes::unlist(const EventRow& row) {
  count(row, false);
  erase_from(waiting_, Place{row.to, row.name}, row.id);
  by_expiry_.erase({row.expires, row.id});
}

void Mailboxes::erase(EventId id) {
  const auto at = events_.find(id);
  if (at == events_.end()) return;
  const EventRow& row = at->second;
  unlist(row);
  sent_.erase({row.uid, row.key});
  received_.erase({row.received_uid, row.received_key});
  events_.erase(at);
}

void Mailboxes::close(EventId id, Time received, Time expires) {
  EventRow row = events_.at(id);
  erase(id);
  row.received = received;
  row.expires = expires;
  // Who asks for it again has a row of his own.
  row.payload.clear();
  add(std::move(row));
}

const EventRow* Mailboxes::find(EventId id) const {
  const auto at = events_.find(id);
  return at == events_.end() ? nullptr : &at->second;
}

EventId Mailboxes::sent_under(std::uint32_t uid, const std::string& key) const {
  return value_at(sent_, Request{uid, key}).value_or(EventId{});
}

EventId Mailboxes::received_under(std::uint32_t uid, const std::string& key) const {
  return value_at(received_, Request{uid, key}).value_or(EventId{});
}

Result<void> Mailboxes::check_room(const EventRow& row) const {
  const Use use = value_at(uses_, row.uid).value_or(Use{});
  const std::size_t in_box = value_at(counts_, row.to).value_or(0);
  if (in_box >= kMostEventsPerMailbox) {
    return fail(ErrorCode::kRefused,
                fmt::format("{0} is full: {1} events wait there; receive some of them, or drop "
                            "them: jq event list {0}",
                            to_string(row.to), in_box));
  }
  if (use.events >= kMostEventsPerUser || use.bytes + bytes_of(row) > kMostEventBytesPerUser) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} events of {} wait, and with what is remembered for a while they "
                            "take {} bytes, which is as many as one user may have; receive some "
                            "of them, or drop them: jq event list",
                            use.events, row.user, use.bytes));
  }
  return {};
}

std::vector<EventId> Mailboxes::expired(Time now) const {
  std::vector<EventId> ids;
  for (const auto& [expires, id] : by_expiry_) {
    if (expires > now) break;
    ids.push_back(id);
  }
  return ids;
}

std::vector<EventId> Mailboxes::in(const Mailbox& mailbox) const {
  std::vector<EventId> ids;
  for (auto at = waiting_.lower_bound({mailbox, ""});
       at != waiting_.end() && at->first.first == mailbox; ++at) {
    ids.insert(ids.end(), at->second.begin(), at->second.end());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void Mailboxes::wait(Receiver receiver) {
  const ReceiverKey key = receiver.key;
  for (const Mailbox& mailbox : receiver.mailboxes) {
    listening_[{mailbox, receiver.event}].insert(key);
  }
  if (key.reply) {
    by_reply_[key.reply] = key;
    if (!receiver.request.empty()) by_request_[{receiver.uid, receiver.request}] = key;
  } else {
    by_attempt_[key.attempt] = key;
  }
  if (receiver.until) by_patience_.emplace(*receiver.until, key);
  const bool is_new = receivers_.emplace(key, std::move(receiver)).second;
  check(is_new, "somebody waits twice for an event");
}

void Mailboxes::leave(const ReceiverKey& key) {
  const auto at = receivers_.find(key);
  if (at == receivers_.end()) return;
  const Receiver& receiver = at->second;
  for (const Mailbox& mailbox : receiver.mailboxes) {
    erase_from(listening_, Place{mailbox, receiver.event}, key);
  }
  if (key.reply) {
    by_reply_.erase(key.reply);
    by_request_.erase({receiver.uid, receiver.request});
  } else {
    by_attempt_.erase(key.attempt);
  }
  if (receiver.until) by_patience_.erase({*receiver.until, key});
  receivers_.erase(at);
}

const Receiver* Mailboxes::find(const ReceiverKey& key) const {
  const auto at = receivers_.find(key);
  return at == receivers_.end() ? nullptr : &at->second;
}

std::optional<ReceiverKey> Mailboxes::waiting(const AttemptId& attempt) const {
  return value_at(by_attempt_, attempt);
}
std::optional<ReceiverKey> Mailboxes::waiting(ReplyId reply) const {
  return value_at(by_reply_, reply);
}
std::optional<ReceiverKey> Mailboxes::waiting_under(std::uint32_t uid,
                                                    const std::string& request) const {
  return value_at(by_request_, Request{uid, request});
}

std::vector<ReceiverKey> Mailboxes::timed_out(Time now) const {
  std::vector<ReceiverKey> keys;
  for (const auto& [until, key] : by_patience_) {
    if (until > now) break;
    keys.push_back(key);
  }
  return keys;
}

std::optional<ReceiverKey> Mailboxes::receiver_for(EventId id) const {
  const EventRow* row = find(id);
  if (row == nullptr || row->received) return std::nullopt;
  const auto at = listening_.find({row->to, row->name});
  if (at == listening_.end()) return std::nullopt;
  for (const ReceiverKey& key : at->second) {
    if (may_have(receivers_.at(key), *row)) return key;
  }
  return std::nullopt;
}

EventId Mailboxes::event_for(const ReceiverKey& key) const {
  const Receiver& receiver = receivers_.at(key);
  EventId oldest;
  for (const Mailbox& mailbox : receiver.mailboxes) {
    const auto at = waiting_.find({mailbox, receiver.event});
    if (at == waiting_.end()) continue;
    for (const EventId id : at->second) {
      if (oldest && id > oldest) break;
      if (!may_have(receiver, events_.at(id))) continue;
      oldest = id;
      break;
    }
  }
  return oldest;
}

std::optional<Time> Mailboxes::due() const {
  std::optional<Time> due;
  if (!by_expiry_.empty()) due = by_expiry_.begin()->first;
  if (!by_patience_.empty() && (!due || by_patience_.begin()->first < *due)) {
    due = by_patience_.begin()->first;
  }
  return due;
}

Result<void> Mailboxes::check_invariants() const {
  Mailboxes anew;
  for (const auto& [id, row] : events_) anew.add(row);
  for (const auto& [key, receiver] : receivers_) anew.wait(receiver);
  const bool right = anew.waiting_ == waiting_ && anew.counts_ == counts_ && anew.uses_ == uses_ &&
                     anew.receipts_ == receipts_ && anew.by_expiry_ == by_expiry_ &&
                     anew.sent_ == sent_ && anew.received_ == received_ &&
                     anew.listening_ == listening_ && anew.by_attempt_ == by_attempt_ &&
                     anew.by_reply_ == by_reply_ && anew.by_request_ == by_request_ &&
                     anew.by_patience_ == by_patience_;
  if (!right) return fail(ErrorCode::kInternal, "the mailboxes list other events than they have");
  for (const auto& [key, receiver] : receivers_) {
    if (event_for(key)) {
      return fail(ErrorCode::kInternal, "somebody waits for an event that is there");
    }
  }
  return {};
}

}  // namespace jobq::sched
