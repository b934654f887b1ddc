// SPDX-License-Identifier: Apache-2.0
// Keeping the queue by shapes, and walking through it.
#include "resmgr/waiting.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace jobq::resmgr {

Likeness Waiting::likeness(const Demand& demand) {
  Likeness like{demand.needs, demand.limit, demand.limit_class, {}};
  for (const NamedNeed& need : demand.shared) like.shared.push_back(need.of->resource.name);
  return like;
}

std::shared_ptr<const Demand> Waiting::demand_like(const Likeness& like) const {
  const auto found = by_likeness_.find(like);
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
  Shape& shape = shapes_[id];
  shape.demand = demand;
  shape.of = limits_.find(demand->limit_class);
  if (shape.of != nullptr) {
    shape.of->lines.insert(id);
    for (Cap* cap : shape.of->caps) cap->lines.insert(id);
  }
  note_new(id);
  lineup_.open(id, demand->node);
}

void Waiting::close(ShapeId id) {
  Shape& shape = shapes_[id];
  if (shape.of != nullptr) {
    shape.of->lines.erase(id);
    for (Cap* cap : shape.of->caps) cap->lines.erase(id);
  }
  by_likeness_.erase(likeness(*shape.demand));
  lineup_.close(id);
  if (shape.is_new) std::erase(new_shapes_, id);
  shape = Shape{};
  unused_.push_back(id);
}

void Waiting::note_new(ShapeId id) {
  if (!std::exchange(shapes_[id].is_new, true)) new_shapes_.push_back(id);
}

QueueKey Waiting::moved(QueueKey key, const Shape& shape) {
  if (shape.of != nullptr) key.rank += shape.of->offset;
  return key;
}

QueueKey Waiting::unmoved(QueueKey key, const Shape& shape) {
  if (shape.of != nullptr) key.rank -= shape.of->offset;
  return key;
}

std::optional<QueueKey> Waiting::after(ShapeId shape, QueueKey key) const {
  const Shape& in = shapes_[shape];
  const QueueKey* next = in.members.after(unmoved(key, in));
  return next == nullptr ? std::nullopt : std::optional(moved(*next, in));
}

void Waiting::stand(ShapeId id) {
  Shape& shape = shapes_[id];
  const bool open = shape.of == nullptr || shape.of->open();
  if (shape.stands || !open || shape.members.empty()) return;
  shape.head = moved(*shape.members.first(), shape);
  heads_.insert(Head{shape.head, id});
  lineup_.insert(id, shape.head);
  shape.stands = true;
}

void Waiting::step_back(ShapeId id) {
  Shape& shape = shapes_[id];
  if (!shape.stands) return;
  heads_.erase(Head{shape.head, id});
  lineup_.erase(id, shape.head);
  shape.stands = false;
}

// --- caps and offsets

void Waiting::set_cap(CapId id, std::uint64_t most, std::string text) {
  Cap& cap = limits_.cap(id);
  cap.text = std::move(text);
  refill(cap, most, cap.taken);
}

// Its lines close when it becomes full, and come back when it is full no longer.
void Waiting::refill(Cap& cap, std::uint64_t most, std::uint64_t taken) {
  const bool was_full = cap.full();
  cap.most = most;
  cap.taken = taken;
  if (cap.full() == was_full) return;
  for (const ShapeId line : cap.lines) {
    if (cap.full()) {
      step_back(line);
    } else {
      stand(line);
      if (shapes_[line].stands) note_new(line);
    }
  }
}

void Waiting::set_limit_class(LimitClassId id, std::vector<CapId> caps) {
  limits_.add(id, std::move(caps));
}

void Waiting::set_offset(LimitClassId id, std::int64_t offset) {
  LimitClass* of = limits_.find(id);
  check(of != nullptr, "an offset is for a limit class");
  if (of->offset == offset) return;
  for (const ShapeId line : of->lines) step_back(line);
  of->offset = offset;
  for (const ShapeId line : of->lines) stand(line);
}

void Waiting::enter(LimitClassId id) {
  LimitClass* of = limits_.find(id);
  if (of == nullptr) return;
  for (Cap* cap : of->caps) refill(*cap, cap->most, cap->taken + 1);
}

void Waiting::leave(LimitClassId id) {
  LimitClass* of = limits_.find(id);
  if (of == nullptr) return;
  for (Cap* cap : of->caps) {
    check(cap->taken > 0, "who leaves has entered");
    refill(*cap, cap->most, cap->taken - 1);
  }
}

// --- the queue

void Waiting::add(QueueKey key, const std::shared_ptr<const Demand>& demand, bool of_party) {
  if (of_party) of_parties_.insert(key.id());
  ShapeId id = 0;
  Shape& shape = shape_for(demand, id);
  check(shape.demand == demand, "equal waiting requests share one demand");
  const bool is_new = index_.insert(Entry{key.job, key.part, id, key.rank, key.place});
  check(is_new, "a request waits once");
  const QueueKey* head = shape.members.first();
  const bool leads = head == nullptr || key < *head;
  if (leads) step_back(id);
  shape.members.insert(key);
  if (leads) stand(id);
}

void Waiting::remove(RequestId id) {
  of_parties_.erase(id);
  const std::optional<Entry> known = index_.take(entry_to_find(id));
  check(known.has_value(), "the request is waiting");
  const QueueKey key{id.job, id.part, known->rank, known->place};
  Shape& shape = shapes_[known->shape];
  if (*shape.members.first() == key) {
    pop(known->shape);
  } else {
    shape.members.erase(key);
  }
}

void Waiting::pop(ShapeId id) {
  Shape& shape = shapes_[id];
  const QueueKey first = *shape.members.first();
  if (shape.members.size() == 1) {
    step_back(id);
    shape.members.erase(first);
    return close(id);
  }
  shape.members.erase(first);
  if (!shape.stands) return;
  const QueueKey head = std::exchange(shape.head, moved(*shape.members.first(), shape));
  auto node = heads_.extract(Head{head, id});
  node.value().key = shape.head;
  heads_.insert(std::move(node));
  lineup_.replace(id, head, shape.head);
}

std::optional<Waiting::Found> Waiting::first() const {
  if (heads_.empty()) return std::nullopt;
  return Found{heads_.begin()->key, heads_.begin()->shape};
}

std::optional<Waiting::Found> Waiting::head_of(ShapeId id) const {
  const Shape& shape = shapes_[id];
  if (!shape.stands) return std::nullopt;
  return Found{shape.head, id};
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
    const bool is_new = std::exchange(shapes_[id].is_new, false);
    if (!is_new) continue;
    if (const auto head = head_of(id)) found.push_back(*head);
  }
  std::ranges::sort(found, {}, &Found::key);
  return found;
}

const Waiting::Entry& Waiting::entry(RequestId id) const {
  const Entry* found = index_.find(entry_to_find(id));
  check(found != nullptr, "the request is waiting");
  return *found;
}

bool Waiting::contains(RequestId id) const { return index_.find(entry_to_find(id)) != nullptr; }

QueueKey Waiting::key_of(RequestId id) const {
  const Entry& known = entry(id);
  return moved({id.job, id.part, known.rank, known.place}, shapes_[known.shape]);
}

const std::shared_ptr<const Demand>& Waiting::demand_of(RequestId id) const {
  return shapes_[entry(id).shape].demand;
}

bool Waiting::is_open(RequestId id) const { return shapes_[entry(id).shape].stands; }

std::vector<RequestId> Waiting::parts_of(JobNumber job) const {
  std::vector<RequestId> parts;
  const Entry* found = index_.at_or_after(entry_to_find({job, 0}));
  for (; found != nullptr && found->job == job; found = index_.after(*found)) {
    parts.push_back(found->id());
  }
  return parts;
}

Result<void> Waiting::check_shape(ShapeId id) const {
  const Shape& shape = shapes_[id];
  std::size_t members = 0;
  for (const QueueKey* key = shape.members.first(); key; key = shape.members.after(*key)) {
    ++members;
    const Entry* found = index_.find(entry_to_find(key->id()));
    if (found == nullptr || found->shape != id || found->rank != key->rank ||
        found->place != key->place) {
      return fail(ErrorCode::kInternal, fmt::format("job {} part {} stands in a shape but not, or "
                                                    "elsewhere, in the index",
                                                    key->job.value, key->part));
    }
  }
  if (members != shape.members.size()) {
    return fail(ErrorCode::kInternal, fmt::format("shape {} miscounts its members", id));
  }
  return check_head(id);
}

// A line that is open has its head by the offset of its class, and one behind a full cap has none.
Result<void> Waiting::check_head(ShapeId id) const {
  const Shape& shape = shapes_[id];
  if (shape.members.empty()) return {};
  const bool open = shape.of == nullptr || shape.of->open();
  const QueueKey head = moved(*shape.members.first(), shape);
  const bool stands =
      shape.head == head && heads_.contains(Head{head, id}) && lineup_.is_right(id, head);
  bool listed = shape.of == limits_.find(shape.demand->limit_class);
  for (const Cap* cap : shape.of == nullptr ? std::vector<Cap*>{} : shape.of->caps) {
    listed = listed && cap->lines.contains(id);
  }
  if (shape.of != nullptr) listed = listed && shape.of->lines.contains(id);
  if (shape.stands == open && stands == open && listed) return {};
  return fail(ErrorCode::kInternal, fmt::format("shape {} stands wrongly in line", id));
}

Result<void> Waiting::check_invariants() const {
  std::size_t members = 0;
  std::size_t shapes = 0;
  std::size_t heads = 0;
  for (ShapeId id = 0; id < shapes_.size(); ++id) {
    if (Result<void> good = check_shape(id); !good) return good;
    members += shapes_[id].members.size();
    if (!shapes_[id].members.empty()) ++shapes;
    if (shapes_[id].stands) ++heads;
  }
  if (members != index_.size()) {
    return fail(ErrorCode::kInternal, fmt::format("{} requests stand in shapes, {} in the index",
                                                  members, index_.size()));
  }
  if (heads != heads_.size() || shapes != by_likeness_.size()) {
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
  const auto key = waiting_->after(stop.shape, stop.key);
  if (!key) return;
  advanced_.insert(Stop{*key, stop.shape, generation_end});
  if (!generation_end) starting_.insert(stop.shape);
}

}  // namespace jobq::resmgr
