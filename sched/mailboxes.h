// SPDX-License-Identifier: Apache-2.0
// The events that were sent and not received, and who waits for one: a table, with its indexes.
//
// An event for one goes to the first who waits, in the order of waiting; who begins to wait takes
// the oldest. One for all stays until its time to live ends, and every receiver has it once. Who
// may have which is decided here; what follows from it is in events.cc.
//
// A row with `received` set waits for nobody: it answers a request that comes again under its key,
// until it expires. Counts of what waits leave it out. Its bytes count for who sent it or, where it
// is a receipt (`of`), for who received it, apart from what he has sent.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "sched/action.h"
#include "sched/mailbox.h"
#include "sched/rows.h"

namespace jobq::sched {

// The order of waiting. A step has its attempt, who waits by hand the reply that he waits for.
struct ReceiverKey {
  Time since;
  AttemptId attempt;
  ReplyId reply;
  auto operator<=>(const ReceiverKey&) const = default;
};

struct Receiver {
  ReceiverKey key;
  std::vector<Mailbox> mailboxes;  // it takes from any of them
  std::string event;
  std::string from;  // only what this flow sent: its number or name; empty: anybody
  std::uint32_t uid = 0;
  std::string user;
  std::string request;        // by hand: the key of the request; empty: none
  std::optional<Time> until;  // by hand
  std::set<EventId> had;      // of those for all
  JobRef job;                 // of a step
  std::string step;           // likewise
};

class Mailboxes {
 public:
  // --- events
  void add(EventRow row);
  void erase(EventId id);
  // Nobody waits for it any more; it is kept until it expires.
  void close(EventId id, Time received, Time expires);
  const EventRow* find(EventId id) const;
  // What this request led to; 0: nothing that is still known.
  EventId sent_under(std::uint32_t uid, const std::string& key) const;
  EventId received_under(std::uint32_t uid, const std::string& key) const;
  // Whether one more may be sent; the error says why not.
  Result<void> check_room(const EventRow& row) const;
  const std::map<EventId, EventRow>& all() const { return events_; }
  std::vector<EventId> expired(Time now) const;
  // The oldest receipts of a user who has too many.
  std::vector<EventId> excess_receipts(std::uint32_t uid) const;
  std::vector<EventId> in(const Mailbox& mailbox) const;  // that wait there, oldest first

  // --- receivers
  void wait(Receiver receiver);
  void leave(const ReceiverKey& key);
  const Receiver* find(const ReceiverKey& key) const;
  std::optional<ReceiverKey> waiting(const AttemptId& attempt) const;
  std::optional<ReceiverKey> waiting(ReplyId reply) const;
  std::optional<ReceiverKey> waiting_under(std::uint32_t uid, const std::string& request) const;
  const std::map<ReceiverKey, Receiver>& receivers() const { return receivers_; }
  std::vector<ReceiverKey> timed_out(Time now) const;

  // --- who gets what
  std::optional<ReceiverKey> receiver_for(EventId id) const;  // the first who waits
  EventId event_for(const ReceiverKey& key) const;            // the oldest; 0: none

  std::optional<Time> due() const;  // the next expiry, or end of patience
  Result<void> check_invariants() const;

 private:
  using Place = std::pair<Mailbox, std::string>;  // and the event's name
  using Request = std::pair<std::uint32_t, std::string>;
  struct Use {
    std::size_t events = 0;
    std::uint64_t bytes = 0;
    bool operator==(const Use&) const = default;
  };
  struct Receipts {
    std::set<EventId> ids;
    std::uint64_t bytes = 0;
    bool operator==(const Receipts&) const = default;
  };
  static bool may_have(const Receiver& receiver, const EventRow& row);
  static std::uint64_t bytes_of(const EventRow& row);
  void count(const EventRow& row, bool more);
  void count_receipt(const EventRow& row, bool more);
  void unlist(const EventRow& row);

  std::map<EventId, EventRow> events_;
  std::map<Place, std::set<EventId>> waiting_;  // those that were not received
  std::map<Mailbox, std::size_t> counts_;       // likewise
  std::map<std::uint32_t, Use> uses_;           // of who sent them
  std::map<std::uint32_t, Receipts> receipts_;  // of who received them
  std::set<std::pair<Time, EventId>> by_expiry_;
  std::map<Request, EventId> sent_;
  std::map<Request, EventId> received_;

  std::map<ReceiverKey, Receiver> receivers_;
  std::map<Place, std::set<ReceiverKey>> listening_;
  std::map<AttemptId, ReceiverKey> by_attempt_;
  std::map<ReplyId, ReceiverKey> by_reply_;
  std::map<Request, ReceiverKey> by_request_;
  std::set<std::pair<Time, ReceiverKey>> by_patience_;
};

// Whether `flow`, a number or a name, means who sent this. What a user sends by hand counts as from
// any flow of his.
bool is_from(const EventRow& row, const std::string& flow, std::uint32_t uid);

// What who asks may see.
struct EventList {
  std::vector<EventRow> events;     // that wait, oldest first
  std::vector<Receiver> receivers;  // in the order of waiting
};

}  // namespace jobq::sched
