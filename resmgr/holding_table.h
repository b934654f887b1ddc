// SPDX-License-Identifier: Apache-2.0
// What is held, by the id of its request, for look-up only.
//
// Each start and each end looks here, and in a large cluster nothing of it is in a cache: so the
// ids stand in an open table (linear probing; Knuth, volume 3, algorithms 6.4 L and R), one of
// whose lines tells where the holding is, and the place of an ended holding is the next to be used.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace jobq::resmgr {

template <class Holding, class Id>
class HoldingTable {
 public:
  std::size_t size() const { return size_; }

  // Null where there is none. Pointers hold until the erasure of what they point to.
  Holding* find(const Id& id) {
    const std::uint32_t place = place_of(id);
    return place == kNone ? nullptr : &places_[place];
  }
  const Holding* find(const Id& id) const {
    const std::uint32_t place = place_of(id);
    return place == kNone ? nullptr : &places_[place];
  }

  // Null where the id of the holding is there already.
  Holding* insert(Holding holding) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    Slot& slot = slots_[slot_of(holding.id)];
    if (slot.place != kNone) return nullptr;
    if (unused_.empty()) {
      unused_.push_back(static_cast<std::uint32_t>(places_.size()));
      places_.emplace_back();
    }
    slot = {holding.id, unused_.back()};
    unused_.pop_back();
    ++size_;
    Holding& place = places_[slot.place];
    place = std::move(holding);
    return &place;
  }

  // The id must be there. What stands behind it moves up, so that no search ends too early.
  void erase(const Id& id) {
    std::size_t hole = slot_of(id);
    places_[slots_[hole].place] = Holding{};
    unused_.push_back(slots_[hole].place);
    --size_;
    for (std::size_t next = after(hole); slots_[next].place != kNone; next = after(next)) {
      const std::size_t way = (next - home_of(slots_[next].id)) & (slots_.size() - 1);
      if (way < ((next - hole) & (slots_.size() - 1))) continue;
      slots_[hole] = slots_[next];
      hole = next;
    }
    slots_[hole] = Slot{};
  }

  // In no particular order.
  template <class Each>
  void each(const Each& each) const {
    for (const Slot& slot : slots_) {
      if (slot.place != kNone) each(places_[slot.place]);
    }
  }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Slot {
    Id id;
    std::uint32_t place = kNone;
  };

  std::size_t after(std::size_t slot) const { return (slot + 1) & (slots_.size() - 1); }
  std::size_t home_of(const Id& id) const {
    const std::uint64_t mixed =
        (id.job.value + (std::uint64_t{id.part} << 40U) + (std::uint64_t{id.seat} << 20U)) *
        0x9e3779b97f4a7c15ULL;
    return (mixed >> 32U) & (slots_.size() - 1);
  }
  std::uint32_t place_of(const Id& id) const {
    return slots_.empty() ? kNone : slots_[slot_of(id)].place;
  }
  // Where the id stands, or would.
  std::size_t slot_of(const Id& id) const {
    std::size_t slot = home_of(id);
    while (slots_[slot].place != kNone && !(slots_[slot].id == id)) slot = after(slot);
    return slot;
  }
  void grow() {
    const std::vector<Slot> old = std::exchange(slots_, {});
    slots_.resize(old.empty() ? 16 : old.size() * 2);
    for (const Slot& slot : old) {
      if (slot.place != kNone) slots_[slot_of(slot.id)] = slot;
    }
  }

  std::vector<Slot> slots_;  // a power of two of them, at most half of them used
  std::deque<Holding> places_;
  std::vector<std::uint32_t> unused_;  // of places_
  std::size_t size_ = 0;
};

}  // namespace jobq::resmgr
