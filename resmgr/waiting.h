// SPDX-License-Identifier: Apache-2.0
// The requests that wait, in queue order, grouped by shape.
//
// A shape is everything that decides where a request fits: its needs, its time limit, and which of
// its exclusive resources its job holds already. The shape holds these once; a waiting request
// costs two small entries, one in its shape and one in the index by id. Walk merges the shapes into
// one queue and knows when a shape is passed over.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "resmgr/ledger.h"
#include "resmgr/profile.h"
#include "resmgr/run_set.h"

namespace jobq::resmgr {

// A place in the queue; what is less goes first.
struct QueueKey {
  JobNumber job;
  std::uint32_t part = 0;
  std::int32_t priority = 0;

  RequestId id() const { return {job, part}; }
  std::strong_ordering operator<=>(const QueueKey& other) const {
    if (const auto c = other.priority <=> priority; c != 0) return c;
    if (const auto c = job <=> other.job; c != 0) return c;
    return part <=> other.part;
  }
  bool operator==(const QueueKey&) const = default;
};

using ShapeId = std::uint32_t;

class Waiting {
 public:
  using Shared = std::vector<std::string>;

  // The demand of the shape that such a request would stand in, or null where there is none yet.
  std::shared_ptr<const Demand> demand_like(const Needs& needs, std::optional<Millis> limit,
                                            const Shared& shared) const;
  // The request must not be waiting.
  void add(QueueKey key, const std::shared_ptr<const Demand>& demand);
  // The request must be waiting.
  void remove(RequestId id);

  bool contains(RequestId id) const;
  QueueKey key_of(RequestId id) const;                                 // of a waiting request
  const std::shared_ptr<const Demand>& demand_of(RequestId id) const;  // of a waiting request
  std::vector<RequestId> parts_of(JobNumber job) const;
  std::size_t size() const { return index_.size(); }
  std::size_t shape_count() const { return heads_.size(); }

  Result<void> check_invariants() const;

 private:
  friend class Walk;

  struct Entry {  // of the index
    RequestId id;
    ShapeId shape = 0;
    std::int32_t priority = 0;
    auto operator<=>(const Entry& other) const { return id <=> other.id; }
    bool operator==(const Entry& other) const { return id == other.id; }
  };
  struct Shape {
    std::shared_ptr<const Demand> demand;
    RunSet<QueueKey> members;
  };
  using Likeness = std::tuple<Needs, std::optional<Millis>, Shared>;
  struct Head {
    QueueKey key;
    ShapeId shape = 0;
    auto operator<=>(const Head& other) const { return key <=> other.key; }
    bool operator==(const Head& other) const { return key == other.key; }
  };

  static Likeness likeness(const Demand& demand);
  const Entry& entry(RequestId id) const;
  Shape& shape_for(const std::shared_ptr<const Demand>& demand, ShapeId& id);
  Result<void> check_shape(ShapeId id) const;

  RunSet<Entry> index_;
  std::vector<Shape> shapes_;    // by ShapeId; empty ones are free
  std::vector<ShapeId> unused_;  // of shapes_
  std::map<Likeness, ShapeId> by_likeness_;
  std::set<Head> heads_;  // the first member of each shape
};

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
  std::set<Waiting::Head>::const_iterator fresh_;  // the first head not yet reached
  std::set<Waiting::Head>::const_iterator last_;   // no head from here on has room
  std::set<Stop, Later> advanced_;                 // next members of shapes that were reached
  std::set<ShapeId> starting_;  // shapes reached, all of whose members so far started
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
