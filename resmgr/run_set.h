// SPDX-License-Identifier: Apache-2.0
// An ordered set of small entries in runs: what millions of waiting requests stand in.
//
// A std::set spends 48 bytes and an allocation on each entry beside the entry itself. Here entries
// stand in sorted runs of up to kRun, and the runs in a map by a lower bound of their entries, so
// that an entry costs little more than its own size and every operation O(log n) plus a move within
// one run. Entries that come in ascending order, as job numbers do, fill their runs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
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
    auto run = run_to_insert(entry);
    auto place = std::ranges::lower_bound(run->second, entry);
    if (place != run->second.end() && *place == entry) return false;
    if (run->second.size() == kRun) {
      run = split(run, place == run->second.end());
      return insert(entry);
    }
    run->second.insert(place, entry);
    ++size_;
    return true;
  }

  bool erase(const Entry& entry) {
    const auto run = run_holding(entry);
    if (run == runs_.end()) return false;
    run->second.erase(std::ranges::lower_bound(run->second, entry));
    if (run->second.empty()) runs_.erase(run);
    --size_;
    return true;
  }

  // The stored entry that is equal, or null. Pointers hold until the next change.
  const Entry* find(const Entry& entry) const {
    const auto run = run_holding(entry);
    return run == runs_.end() ? nullptr : &*std::ranges::lower_bound(run->second, entry);
  }

  const Entry* first() const { return empty() ? nullptr : &runs_.begin()->second.front(); }

  // The first entry that is not less, or null.
  const Entry* at_or_after(const Entry& entry) const {
    if (empty()) return nullptr;
    auto run = run_for(entry);
    const auto place = std::ranges::lower_bound(run->second, entry);
    if (place != run->second.end()) return &*place;
    return ++run == runs_.end() ? nullptr : &run->second.front();
  }

  const Entry* after(const Entry& entry) const {
    const Entry* next = at_or_after(entry);
    if (next == nullptr || *next != entry) return next;
    auto run = run_for(entry);
    const auto place = std::ranges::upper_bound(run->second, entry);
    if (place != run->second.end()) return &*place;
    return ++run == runs_.end() ? nullptr : &run->second.front();
  }

  // The last entry that is less, or null.
  const Entry* before(const Entry& entry) const {
    if (empty()) return nullptr;
    auto run = run_for(entry);
    const auto place = std::ranges::lower_bound(run->second, entry);
    if (place != run->second.begin()) return &*std::prev(place);
    return run == runs_.begin() ? nullptr : &std::prev(run)->second.back();
  }

  // Calls `each` with all entries from this one on, in order, until it returns false.
  template <class Each>
  void each_from(const Entry& entry, const Each& each) const {
    if (empty()) return;
    auto run = run_for(entry);
    auto place = std::ranges::lower_bound(run->second, entry);
    while (true) {
      for (; place != run->second.end(); ++place) {
        if (!each(*place)) return;
      }
      if (++run == runs_.end()) return;
      place = run->second.begin();
    }
  }

 private:
  static constexpr std::size_t kRun = 128;
  using Run = std::vector<Entry>;
  using Runs = std::map<Entry, Run>;

  // The last run whose bound is not above the entry; the first run for an entry below all bounds.
  template <class Map>
  static auto find_run(Map& runs, const Entry& entry) {
    auto run = runs.upper_bound(entry);
    if (run != runs.begin()) --run;
    return run;
  }
  auto run_for(const Entry& entry) { return find_run(runs_, entry); }
  auto run_for(const Entry& entry) const { return find_run(runs_, entry); }

  template <class Map>
  static auto find_holding(Map& runs, const Entry& entry) {
    if (runs.empty()) return runs.end();
    auto run = find_run(runs, entry);
    return std::ranges::binary_search(run->second, entry) ? run : runs.end();
  }
  auto run_holding(const Entry& entry) { return find_holding(runs_, entry); }
  auto run_holding(const Entry& entry) const { return find_holding(runs_, entry); }

  // Lowers the first bound, where the entry is below it.
  auto run_to_insert(const Entry& entry) {
    if (runs_.empty()) return runs_.emplace(entry, Run{}).first;
    if (entry < runs_.begin()->first) {
      auto first = runs_.extract(runs_.begin());
      first.key() = entry;
      return runs_.insert(std::move(first)).position;
    }
    return run_for(entry);
  }

  // A full run gives its upper half to a new one; only its last entry where entries come in order.
  auto split(typename Runs::iterator run, bool ascending) {
    Run& full = run->second;
    const auto from = ascending ? full.end() - 1 : full.begin() + kRun / 2;
    Run upper(from, full.end());
    full.erase(from, full.end());
    const Entry bound = upper.front();
    return runs_.emplace(bound, std::move(upper)).first;
  }

  Runs runs_;
  std::size_t size_ = 0;
};

}  // namespace jobq::resmgr
