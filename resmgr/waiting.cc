// SPDX-License-Identifier: Apache-2.0
// Keeping the queue by shapes, and walking through it.
#include "resmgr/waiting.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace jobq::resmgr {

Likeness Waiting::likeness(const Demand& demand) {
  Likeness like;
  like.needs = demand.needs;
  like.limit = demand.limit;
  like.limit_class = demand.limit_class;
  like.avoid = demand.avoid;
  like.rather_not = demand.rather_not;
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
  shape.is_new = true;
  new_shapes_.push_back(id);
  lineup_.open(id, demand->node);
}

void Waiting::close(ShapeId id) {
  Shape& shape = shapes_[id];
  by_likeness_.erase(likeness(*shape.demand));
  lineup_.close(id);
  if (shape.is_new) std::erase(new_shapes_, id);
  shape = Shape{};
  unused_.push_back(id);
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
  shape.head = moved(*shape.members.first(), shape);
  heads_.insert(Head{shape.head, id});
  lineup_.insert(id, shape.head);
  if (shape.of != nullptr) shape.of->lines.insert(Head{*shape.members.first(), id});
  if (shape.open()) ++open_;
}

void Waiting::step_back(ShapeId id) {
  Shape& shape = shapes_[id];
  heads_.erase(Head{shape.head, id});
  lineup_.erase(id, shape.head);
  if (shape.of != nullptr) shape.of->lines.erase(Head{unmoved(shape.head, shape), id});
  if (shape.open()) --open_;
}

// --- caps and offsets

void Waiting::set_cap(CapId id, std::uint64_t most, std::string text) {
  Cap& cap = limits_.cap(id);
  cap.text = std::move(text);
  refill(cap, most, cap.taken);
}

// The lines of its classes close when it becomes full; who has no other full one is open again when
// it is full no longer.
void Waiting::refill(Cap& cap, std::uint64_t most, std::uint64_t taken) {
  const bool was_full = cap.full();
  cap.most = most;
  cap.taken = taken;
  if (cap.full() == was_full) return;
  for (LimitClass* of : cap.classes) {
    if (!was_full) {
      if (of->full++ == 0) open_ -= of->lines.size();
    } else if (--of->full == 0) {
      open_ += of->lines.size();
      if (!std::exchange(of->opened, true)) opened_.push_back(of);
    }
  }
}

void Waiting::set_limit_class(LimitClassId id, std::vector<CapId> caps) {
  limits_.add(id, std::move(caps));
}

// They move all at once: one by one, each would move what stands between.
void Waiting::set_offsets(const std::vector<std::pair<LimitClassId, std::int64_t>>& offsets) {
  std::vector<ShapeId> lines;
  for (const auto& [id, offset] : offsets) {
    LimitClass* of = limits_.find(id);
    check(of != nullptr, "an offset is for a limit class");
    if (of->offset == offset) continue;
    of->offset = offset;
    for (const Head& line : of->lines) lines.push_back(line.shape);
  }
  if (lines.empty()) return;
  for (const ShapeId line : lines) heads_.erase(Head{shapes_[line].head, line});
  for (const ShapeId line : lines) {
    Shape& shape = shapes_[line];
    shape.head = moved(*shape.members.first(), shape);
    heads_.insert(Head{shape.head, line});
  }
  lineup_.clear();
  for (const Head& head : heads_) lineup_.append(head.shape, head.key);
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
  if (shape.told == key.id()) shape.told = {};
  const QueueKey* head = shape.members.first();
  const bool leads = head == nullptr || key < *head;
  if (leads && head != nullptr) step_back(id);
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
  const QueueKey head = std::exchange(shape.head, moved(*shape.members.first(), shape));
  auto node = heads_.extract(Head{head, id});
  node.value().key = shape.head;
  heads_.insert(std::move(node));
  lineup_.replace(id, head, shape.head);
  if (shape.of == nullptr) return;
  auto line = shape.of->lines.extract(Head{first, id});
  line.value().key = *shape.members.first();
  shape.of->lines.insert(std::move(line));
}

std::optional<Head> Waiting::first() const {
  if (open_ == 0) return std::nullopt;
  return *std::ranges::find_if(heads_, [&](const Head& it) { return shapes_[it.shape].open(); });
}

std::optional<Head> Waiting::head_of(ShapeId id) const {
  const Shape& shape = shapes_[id];
  if (shape.members.empty() || !shape.open()) return std::nullopt;
  return Head{shape.head, id};
}

std::vector<Head> Waiting::naming() const {
  std::vector<Head> found;
  for (const Head& head : heads_) {
    const Shape& shape = shapes_[head.shape];
    if (shape.open() && !shape.demand->named.empty()) found.push_back(head);
  }
  return found;
}

std::vector<Head> Waiting::take_new_shapes() {
  std::vector<Head> found;
  for (const ShapeId id : std::exchange(new_shapes_, {})) {
    shapes_[id].is_new = false;
    if (const auto head = head_of(id)) found.push_back(*head);
  }
  return found;
}

std::vector<const LimitClass*> Waiting::take_opened() {
  std::vector<const LimitClass*> open;
  for (LimitClass* of : std::exchange(opened_, {})) {
    of->opened = false;
    if (of->open()) open.push_back(of);
  }
  return open;
}

std::optional<Head> Waiting::head_at(const LimitClass& of,
                                     std::set<Head>::const_iterator line) const {
  if (!of.open() || line == of.lines.end()) return std::nullopt;
  return Head{shapes_[line->shape].head, line->shape};
}

std::optional<Head> Waiting::first_of(const LimitClass& of) const {
  return head_at(of, of.lines.begin());
}

std::optional<Head> Waiting::next_of(const LimitClass& of, QueueKey key) const {
  key.rank -= of.offset;
  return head_at(of, of.lines.upper_bound(Head{key, 0}));
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

bool Waiting::is_open(RequestId id) const { return shapes_[entry(id).shape].open(); }

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

// A line stands by the offset of its class, and is known to it.
Result<void> Waiting::check_head(ShapeId id) const {
  const Shape& shape = shapes_[id];
  if (shape.members.empty()) return {};
  const QueueKey first = *shape.members.first();
  const QueueKey head = moved(first, shape);
  const bool stands =
      shape.head == head && heads_.contains(Head{head, id}) && lineup_.is_right(id, head);
  const LimitClass* of = limits_.find(shape.demand->limit_class);
  const bool known = of == nullptr || of->lines.contains(Head{first, id});
  if (stands && known && shape.of == of) return {};
  return fail(ErrorCode::kInternal, fmt::format("shape {} stands wrongly in line", id));
}

Result<void> Waiting::check_invariants() const {
  std::size_t members = 0;
  std::size_t shapes = 0;
  std::size_t open = 0;
  for (ShapeId id = 0; id < shapes_.size(); ++id) {
    if (Result<void> good = check_shape(id); !good) return good;
    members += shapes_[id].members.size();
    if (!shapes_[id].members.empty()) ++shapes;
    if (!shapes_[id].members.empty() && shapes_[id].open()) ++open;
  }
  if (members != index_.size()) {
    return fail(ErrorCode::kInternal, fmt::format("{} requests stand in shapes, {} in the index",
                                                  members, index_.size()));
  }
  if (shapes != heads_.size() || shapes != by_likeness_.size() || open != open_) {
    return fail(ErrorCode::kInternal,
                fmt::format("{} shapes, {} heads, {} likenesses, {} of {} open", shapes,
                            heads_.size(), by_likeness_.size(), open_, open));
  }
  return limits_.check_invariants();
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
