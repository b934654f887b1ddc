// SPDX-License-Identifier: Apache-2.0
// Keeping the queue by shapes, and walking through it.
#include "resmgr/waiting.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace jobq::resmgr {

Waiting::Likeness Waiting::likeness(const Demand& demand) {
  Shared shared;
  for (const NamedNeed& need : demand.shared) shared.push_back(need.of->resource.name);
  return {demand.needs, demand.limit, std::move(shared)};
}

std::shared_ptr<const Demand> Waiting::demand_like(const Needs& needs, std::optional<Millis> limit,
                                                   const Shared& shared) const {
  const auto found = by_likeness_.find(Likeness{needs, limit, shared});
  return found == by_likeness_.end() ? nullptr : shapes_[found->second].demand;
}

Waiting::Shape& Waiting::shape_for(const std::shared_ptr<const Demand>& demand, ShapeId& id) {
  const auto [place, is_new] = by_likeness_.try_emplace(likeness(*demand), 0);
  if (is_new) {
    if (unused_.empty()) {
      unused_.push_back(static_cast<ShapeId>(shapes_.size()));
      shapes_.emplace_back();
    }
    place->second = unused_.back();
    unused_.pop_back();
    open(place->second, demand);
  }
  id = place->second;
  return shapes_[id];
}

void Waiting::open(ShapeId id, const std::shared_ptr<const Demand>& demand) {
  shapes_[id].demand = demand;
  shapes_[id].is_new = true;
  new_shapes_.push_back(id);
  lineup_.open(id, demand->node);
}

void Waiting::close(ShapeId id) {
  by_likeness_.erase(likeness(*shapes_[id].demand));
  lineup_.close(id);
  shapes_[id] = Shape{};
  unused_.push_back(id);
}

void Waiting::set_head(ShapeId id, QueueKey head) {
  heads_.insert(Head{head, id});
  lineup_.insert(id, head);
}

void Waiting::unset_head(ShapeId id, QueueKey head) {
  heads_.erase(Head{head, id});
  lineup_.erase(id, head);
}

void Waiting::add(QueueKey key, const std::shared_ptr<const Demand>& demand, bool of_party) {
  if (of_party) of_parties_.insert(key.id());
  ShapeId id = 0;
  Shape& shape = shape_for(demand, id);
  check(shape.demand == demand, "equal waiting requests share one demand");
  const bool is_new = index_.insert(Entry{key.id(), id, key.priority, key.place});
  check(is_new, "a request waits once");
  const QueueKey* head = shape.members.first();
  if (head == nullptr || key < *head) {
    if (head != nullptr) unset_head(id, *head);
    set_head(id, key);
  }
  shape.members.insert(key);
}

void Waiting::remove(RequestId id) {
  of_parties_.erase(id);
  const Entry known = entry(id);
  const QueueKey key = key_of(id);
  Shape& shape = shapes_[known.shape];
  const bool was_head = *shape.members.first() == key;
  shape.members.erase(key);
  index_.erase(known);
  if (!was_head) return;
  unset_head(known.shape, key);
  if (const QueueKey* head = shape.members.first()) {
    set_head(known.shape, *head);
  } else {
    close(known.shape);
  }
}

std::optional<Waiting::Found> Waiting::first() const {
  if (heads_.empty()) return std::nullopt;
  return Found{heads_.begin()->key, heads_.begin()->shape};
}

std::optional<Waiting::Found> Waiting::head_of(ShapeId shape) const {
  const QueueKey* head = shapes_[shape].members.first();
  return head == nullptr ? std::nullopt : std::optional(Found{*head, shape});
}

std::vector<Waiting::Found> Waiting::naming() const {
  std::vector<Found> found;
  for (const Head& head : heads_) {
    if (!shapes_[head.shape].demand->named.empty()) found.push_back({head.key, head.shape});
  }
  return found;
}

std::vector<Waiting::Found> Waiting::take_new_shapes() {
  std::vector<Found> found;
  for (const ShapeId id : std::exchange(new_shapes_, {})) {
    if (std::exchange(shapes_[id].is_new, false)) {
      found.push_back({*shapes_[id].members.first(), id});
    }
  }
  std::ranges::sort(found, {}, &Found::key);
  return found;
}

const Waiting::Entry& Waiting::entry(RequestId id) const {
  const Entry* found = index_.find(Entry{id, 0, 0, {}});
  check(found != nullptr, "the request is waiting");
  return *found;
}

bool Waiting::contains(RequestId id) const { return index_.find(Entry{id, 0, 0, {}}) != nullptr; }

QueueKey Waiting::key_of(RequestId id) const {
  const Entry& known = entry(id);
  return {id.job, id.part, known.priority, known.place};
}

const std::shared_ptr<const Demand>& Waiting::demand_of(RequestId id) const {
  return shapes_[entry(id).shape].demand;
}

std::vector<RequestId> Waiting::parts_of(JobNumber job) const {
  std::vector<RequestId> parts;
  const Entry* found = index_.at_or_after(Entry{{job, 0}, 0, 0, {}});
  for (; found != nullptr && found->id.job == job; found = index_.after(*found)) {
    parts.push_back(found->id);
  }
  return parts;
}

Result<void> Waiting::check_shape(ShapeId id) const {
  const Shape& shape = shapes_[id];
  std::size_t members = 0;
  for (const QueueKey* key = shape.members.first(); key; key = shape.members.after(*key)) {
    ++members;
    const Entry* found = index_.find(Entry{key->id(), 0, 0, {}});
    if (found == nullptr || found->shape != id || found->priority != key->priority ||
        found->place != key->place) {
      return fail(ErrorCode::kInternal, fmt::format("job {} part {} stands in a shape but not, or "
                                                    "elsewhere, in the index",
                                                    key->job.value, key->part));
    }
  }
  const bool headed = members != 0 && heads_.contains(Head{*shape.members.first(), id});
  const bool lined = members == 0 || lineup_.is_right(id, *shape.members.first());
  if (!lined || members != shape.members.size() || headed != (members != 0)) {
    return fail(ErrorCode::kInternal, fmt::format("shape {} miscounts its members", id));
  }
  return {};
}

Result<void> Waiting::check_invariants() const {
  std::size_t members = 0;
  std::size_t shapes = 0;
  for (ShapeId id = 0; id < shapes_.size(); ++id) {
    if (Result<void> good = check_shape(id); !good) return good;
    members += shapes_[id].members.size();
    if (!shapes_[id].members.empty()) ++shapes;
  }
  if (members != index_.size()) {
    return fail(ErrorCode::kInternal, fmt::format("{} requests stand in shapes, {} in the index",
                                                  members, index_.size()));
  }
  if (shapes != heads_.size() || shapes != by_likeness_.size()) {
    return fail(ErrorCode::kInternal, fmt::format("{} shapes, {} heads, {} likenesses", shapes,
                                                  heads_.size(), by_likeness_.size()));
  }
  return {};
}

// --- Walk

Walk::Walk(const Waiting& waiting)
    : waiting_(&waiting), fresh_(waiting.heads_.begin()), last_(waiting.heads_.end()) {}

std::optional<Walk::Stop> Walk::next() {
  const bool more = fresh_ != waiting_->heads_.end();
  if (!advanced_.empty() && (!more || advanced_.begin()->key < fresh_->key)) {
    const Stop stop = advanced_.extract(advanced_.begin()).value();
    starting_.erase(stop.shape);
    return stop;
  }
  if (!more) return std::nullopt;
  const Stop stop{fresh_->key, fresh_->shape, {}};
  if (last_ == fresh_) ++last_;
  ++fresh_;
  return stop;
}

const std::shared_ptr<const Demand>& Walk::demand(const Stop& stop) const {
  return waiting_->shapes_[stop.shape].demand;
}

void Walk::started(const Stop& stop) { advance(stop, std::nullopt); }

void Walk::went_before(const Stop& stop) { advance(stop, stop.generation_end); }

void Walk::reserved(const Stop& stop, Time at) {
  if (stop.generation_end && at >= *stop.generation_end) return;
  advance(stop, stop.generation_end ? stop.generation_end : end_of(at, demand(stop)->limit));
}

void Walk::advance(const Stop& stop, std::optional<Time> generation_end) {
  const QueueKey* key = waiting_->shapes_[stop.shape].members.after(stop.key);
  if (key == nullptr) return;
  advanced_.insert(Stop{*key, stop.shape, generation_end});
  if (!generation_end) starting_.insert(stop.shape);
}

}  // namespace jobq::resmgr
