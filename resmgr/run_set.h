// SPDX-License-Identifier: Apache-2.0
// An ordered set of small entries in runs: what millions of waiting requests stand in.
//
// A std::set spends 48 bytes and an allocation on each entry beside the entry itself, and a cache
// miss on each step of a search. Here entries stand in sorted runs of up to kRun, and beside the
// runs, in one row, a lower bound of each one's entries: so an entry costs little more than its own
// size, and every operation O(log n) plus a move within one run and, once for many entries, within
// the row. Entries that come in ascending order, as job numbers do, fill their runs; those that go
// in that order, as the heads of a queue do, move nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace jobq::resmgr {

template <class Entry>
class RunSet {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // False when an equal entry is there.
  bool insert(const Entry& entry) {
    std::size_t at = run_to_insert(entry);
    auto place = std::ranges::lower_bound(runs_[at], entry);
    if (place != runs_[at].end() && *place == entry) return false;
    if (runs_[at].size() == kRun) {
      split(at, place == runs_[at].end());
      at = run_for(entry);
      place = std::ranges::lower_bound(runs_[at], entry);
    }
    runs_[at].insert(place, entry);
    ++size_;
    return true;
  }

  bool erase(const Entry& entry) { return take(entry).has_value(); }

  // The stored entry that is equal, which is erased; none where there is none.
  std::optional<Entry> take(const Entry& entry) {
    if (empty()) return std::nullopt;
    const std::size_t at = run_for(entry);
    const auto place = std::ranges::lower_bound(runs_[at], entry);
    if (place == runs_[at].end() || *place != entry) return std::nullopt;
    const Entry taken = *place;
    runs_[at].erase(place);
    if (runs_[at].empty()) drop(at);
    --size_;
    return taken;
  }

  // The stored entry that is equal, or null. Pointers hold until the next change.
  const Entry* find(const Entry& entry) const {
    const Entry* found = at_or_after(entry);
    return found == nullptr || *found != entry ? nullptr : found;
  }

  bool contains(const Entry& entry) const { return find(entry) != nullptr; }

  const Entry* first() const { return empty() ? nullptr : &runs_.front().front(); }

  // The first entry that is not less, or null.
  const Entry* at_or_after(const Entry& entry) const {
    if (empty()) return nullptr;
    const std::size_t at = run_for(entry);
    const auto place = std::ranges::lower_bound(runs_[at], entry);
    return place != runs_[at].end() ? &*place : first_of(at + 1);
  }

  const Entry* after(const Entry& entry) const {
    if (empty()) return nullptr;
    const std::size_t at = run_for(entry);
    const auto place = std::ranges::upper_bound(runs_[at], entry);
    return place != runs_[at].end() ? &*place : first_of(at + 1);
  }

  // The last entry that is less, or null.
  const Entry* before(const Entry& entry) const {
    if (empty()) return nullptr;
    const std::size_t at = run_for(entry);
    const auto place = std::ranges::lower_bound(runs_[at], entry);
    if (place != runs_[at].begin()) return &*(place - 1);
    return at == 0 ? nullptr : &runs_[at - 1].back();
  }

  // Calls `each` with all entries from this one on, in order, until it returns false.
  template <class Each>
  void each_from(const Entry& entry, const Each& each) const {
    if (empty()) return;
    std::size_t at = run_for(entry);
    auto place = std::ranges::lower_bound(runs_[at], entry);
    while (true) {
      for (; place != runs_[at].end(); ++place) {
        if (!each(*place)) return;
      }
      if (++at == runs_.size()) return;
      place = runs_[at].begin();
    }
  }

 private:
  static constexpr std::size_t kRun = 128;

  // A row whose front can be taken off in its place.
  class Run {
   public:
    Run() = default;
    template <class Iterator>
    Run(Iterator from, Iterator to) : entries_(from, to) {}

    auto begin() const { return entries_.begin() + gone_; }
    auto end() const { return entries_.end(); }
    std::size_t size() const { return entries_.size() - static_cast<std::size_t>(gone_); }
    bool empty() const { return size() == 0; }
    const Entry& front() const { return *begin(); }
    const Entry& back() const { return entries_.back(); }

    void insert(typename std::vector<Entry>::const_iterator place, const Entry& entry) {
      if (gone_ > 0) {
        --gone_;
        const auto hole = entries_.begin() + gone_;
        const auto last = entries_.begin() + (place - entries_.begin());
        *std::move(hole + 1, last, hole) = entry;
      } else {
        entries_.insert(place, entry);
      }
    }
    void erase(typename std::vector<Entry>::const_iterator place) {
      if (place == begin()) {
        ++gone_;
      } else {
        entries_.erase(place);
      }
    }
    void cut(typename std::vector<Entry>::const_iterator from) {
      entries_.erase(from, entries_.end());
    }

   private:
    std::vector<Entry> entries_;
    std::ptrdiff_t gone_ = 0;  // of the front
  };

  // The last run whose bound is not above the entry; the first run for an entry below all bounds.
  std::size_t run_for(const Entry& entry) const {
    const auto above = std::ranges::upper_bound(bounds_, entry);
    return above == bounds_.begin() ? 0 : static_cast<std::size_t>(above - bounds_.begin()) - 1;
  }

  const Entry* first_of(std::size_t at) const {
    return at == runs_.size() ? nullptr : &runs_[at].front();
  }

  // Lowers the first bound, where the entry is below it.
  std::size_t run_to_insert(const Entry& entry) {
    if (runs_.empty()) {
      bounds_.push_back(entry);
      runs_.emplace_back();
    }
    if (entry < bounds_.front()) bounds_.front() = entry;
    return run_for(entry);
  }

  // A full run gives its upper half to a new one; only its last entry where entries come in order.
  void split(std::size_t at, bool ascending) {
    Run& full = runs_[at];
    const auto from = ascending ? full.end() - 1 : full.begin() + kRun / 2;
    Run upper(from, full.end());
    full.cut(from);
    const auto next = static_cast<std::ptrdiff_t>(at) + 1;
    bounds_.insert(bounds_.begin() + next, upper.front());
    runs_.insert(runs_.begin() + next, std::move(upper));
  }

  void drop(std::size_t at) {
    bounds_.erase(bounds_.begin() + static_cast<std::ptrdiff_t>(at));
    runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  std::vector<Entry> bounds_;  // of runs_
  std::vector<Run> runs_;      // none is empty
  std::size_t size_ = 0;
};

}  // namespace jobq::resmgr
