// SPDX-License-Identifier: Apache-2.0
// The requests that wait, in queue order, grouped by shape.
//
// A shape is everything that decides where a request fits: its needs, its time limit, its limit
// class, and which of its exclusive resources its job holds already. The shape holds these once; a
// waiting request costs two small entries, one in its shape and one in the index by id. Walk merges
// the shapes into one queue and knows when a shape is passed over.
//
// A shape's members stand in the order of their own ranks; the offset of its limit class moves all
// of them, so it is added to the keys that leave here. While a cap of the class is full, the lines
// of its shapes are closed: they stay where they are, and nobody who asks sees them.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "resmgr/ledger.h"
#include "resmgr/limits.h"
#include "resmgr/lineup.h"
#include "resmgr/profile.h"
#include "resmgr/run_set.h"

namespace jobq::resmgr {

class Waiting {
 public:
  // See ResourceManager.
  void set_cap(CapId id, std::uint64_t most, std::string text);
  void set_limit_class(LimitClassId id, std::vector<CapId> caps);
  void set_offsets(const std::vector<std::pair<LimitClassId, std::int64_t>>& offsets);
  void enter(LimitClassId id);
  void leave(LimitClassId id);
  // Null for none; the class must be known.
  const LimitClass* limit_class(LimitClassId id) const { return limits_.find(id); }

  // The demand of the shape that such a request would stand in, or null where there is none yet.
  std::shared_ptr<const Demand> demand_like(const Likeness& like) const;
  // The request must not be waiting; the key is without the offset of its class. Is its job a party
  // (see parties.h)?
  void add(QueueKey key, const std::shared_ptr<const Demand>& demand, bool of_party);
  // The request must be waiting.
  void remove(RequestId id);

  bool contains(RequestId id) const;
  bool is_open(RequestId id) const;     // is the line of a waiting request open
  QueueKey key_of(RequestId id) const;  // of a waiting request
  const std::shared_ptr<const Demand>& demand_of(RequestId id) const;  // of a waiting request
  std::vector<RequestId> parts_of(JobNumber job) const;
  // Of open lines: the first of the queue, and the first of each shape whose needs on a node the
  // row fits and that `accepts` (its demand): the least key of these; none where there is none.
  std::optional<Head> first() const;
  template <class Accepts>
  std::optional<Head> first_to_fit(std::span<const Amount> free, const Accepts& accepts) const;
  // Of the first shapes of the queue, the reasons why their first members wait that are new.
  std::vector<Refusal> take_refusals(const Ledger& ledger);
  // The open shapes that name resources, in the order of their first members.
  std::vector<Head> naming() const;
  // The shapes that are new since this was last asked, and that are still there and open.
  std::vector<Head> take_new_shapes();
  // The limit classes that opened since this was last asked, and are still open.
  std::vector<const LimitClass*> take_opened();
  // The first line of the class, or the first one behind a key; none while they are closed.
  std::optional<Head> first_of(const LimitClass& of) const;
  std::optional<Head> next_of(const LimitClass& of, QueueKey key) const;
  std::optional<Head> head_of(ShapeId id) const;  // none while its line is closed
  const std::shared_ptr<const Demand>& demand_of(const Head& found) const {
    return shapes_[found.shape].demand;
  }
  const std::set<RequestId>& of_parties() const { return of_parties_; }
  std::size_t size() const { return index_.size(); }

  Result<void> check_invariants() const;

 private:
  friend class Walk;

  struct Entry {  // of the index
    JobNumber job;
    std::uint32_t part = 0;
    ShapeId shape = 0;
    std::int64_t rank = 0;
    JobNumber place;
    RequestId id() const { return {job, part}; }
    auto operator<=>(const Entry& other) const { return id() <=> other.id(); }
    bool operator==(const Entry& other) const { return id() == other.id(); }
  };
  struct Shape {
    std::shared_ptr<const Demand> demand;
    LimitClass* of = nullptr;  // null for none
    RunSet<QueueKey> members;
    bool is_new = false;
    QueueKey head;                   // its first member, moved by the offset
    RequestId told;                  // whose reason was told last; job 0: none's
    std::optional<BlockerKind> why;  // that
    const Named* lacks = nullptr;    // likewise

    bool open() const { return of == nullptr || of->open(); }
  };

  static Entry entry_to_find(RequestId id) { return {id.job, id.part, 0, 0, {}}; }
  static Likeness likeness(const Demand& demand);
  const Entry& entry(RequestId id) const;
  Shape& shape_for(const std::shared_ptr<const Demand>& demand, ShapeId& id);
  void open(ShapeId id, const std::shared_ptr<const Demand>& demand);
  void close(ShapeId id);
  static QueueKey moved(QueueKey key, const Shape& shape);  // by the offset of its class
  static QueueKey unmoved(QueueKey key, const Shape& shape);
  std::optional<QueueKey> after(ShapeId shape, QueueKey key) const;  // both moved
  void stand(ShapeId id);      // by its first member, of which it has one
  void step_back(ShapeId id);  // as long as it stands by that
  void pop(ShapeId id);        // takes its first member out, and the next is its head
  static Refusal refusal_of(Shape& shape, const Ledger& ledger);
  void refill(Cap& cap, std::uint64_t most, std::uint64_t taken);
  std::optional<Head> head_at(const LimitClass& of, std::set<Head>::const_iterator line) const;
  Result<void> check_shape(ShapeId id) const;
  Result<void> check_head(ShapeId id) const;

  Limits limits_;
  RunSet<Entry> index_;
  std::vector<Shape> shapes_;    // by ShapeId; empty ones are free
  std::vector<ShapeId> unused_;  // of shapes_
  std::map<Likeness, ShapeId> by_likeness_;
  std::set<Head> heads_;  // the first member of each shape
  Lineup lineup_;         // the same, to be searched for what fits
  std::size_t open_ = 0;  // how many of them have open lines
  std::vector<ShapeId> new_shapes_;
  std::vector<LimitClass*> opened_;
  std::set<RequestId> of_parties_;
};

template <class Accepts>
std::optional<Head> Waiting::first_to_fit(std::span<const Amount> free,
                                          const Accepts& accepts) const {
  if (open_ == 0) return std::nullopt;
  const auto shape = lineup_.first_to_fit(free, [&](ShapeId id) {
    const Demand& demand = *shapes_[id].demand;
    return shapes_[id].open() && fits(demand.node, free) && accepts(demand);
  });
  return shape ? head_of(*shape) : std::nullopt;
}

// One walk through the queue. The queue must not change meanwhile.
class Walk {
 public:
  struct Stop {
    QueueKey key;
    ShapeId shape = 0;
    // Where the shape's first reservation of this walk ends; none while its members start.
    std::optional<Time> generation_end;
  };

  explicit Walk(const Waiting& waiting);

  // The next request in queue order; none at the end.
  std::optional<Stop> next();
  const std::shared_ptr<const Demand>& demand(const Stop& stop) const;

  // What became of the request that next() gave. Without a word the rest of its shape is passed
  // over, as it is from the first member on that is reserved behind the shape's first reservation.
  void started(const Stop& stop);
  void reserved(const Stop& stop, Time at);
  void went_before(const Stop& stop);  // it was placed ahead of its turn

  // Is there a shape, none of whose members failed to start in this walk, that has room now? Asks
  // `has_room` as little as possible: what is free only shrinks during a walk.
  template <class HasRoom>
  bool another_could_start(const HasRoom& has_room);

 private:
  struct Later {
    bool operator()(const Stop& a, const Stop& b) const { return a.key < b.key; }
  };
  void advance(const Stop& stop, std::optional<Time> generation_end);

  const Waiting* waiting_;
  std::set<Head>::const_iterator fresh_;  // the first head not yet reached
  std::set<Head>::const_iterator last_;   // no head from here on has room
  std::set<Stop, Later> advanced_;        // next members of shapes that were reached
  std::set<ShapeId> starting_;            // shapes reached, all of whose members so far started
};

template <class HasRoom>
bool Walk::another_could_start(const HasRoom& has_room) {
  const auto fits = [&](ShapeId shape) { return has_room(*waiting_->shapes_[shape].demand); };
  while (!starting_.empty()) {
    if (fits(*starting_.begin())) return true;
    starting_.erase(starting_.begin());
  }
  while (last_ != fresh_) {
    if (fits(std::prev(last_)->shape)) return true;
    --last_;
  }
  return false;
}

}  // namespace jobq::resmgr
