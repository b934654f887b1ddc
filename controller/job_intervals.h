// SPDX-License-Identifier: Apache-2.0
// A set of job numbers that costs no more than it has gaps: numbers are mostly asked for in ranges.
#pragma once

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/ids.h"
#include "sched/event.h"

namespace jobq::controller {

class JobIntervals {
 public:
  using Range = sched::Selector::Range;

  bool empty() const { return last_by_first_.empty(); }

  // A range that ends before it begins has no numbers.
  void add(Range range) {
    if (range.last < range.first) return;
    auto next = last_by_first_.upper_bound(range.first);
    if (next != last_by_first_.begin() && std::prev(next)->second >= range.first) --next;
    while (next != last_by_first_.end() && next->first <= range.last) {
      range = {std::min(range.first, next->first), std::max(range.last, next->second)};
      next = last_by_first_.erase(next);
    }
    last_by_first_.emplace(range.first, range.last);
  }

  bool contains(JobNumber job) const {
    const auto after = last_by_first_.upper_bound(job);
    return after != last_by_first_.begin() && std::prev(after)->second >= job;
  }

  // False where it is not there.
  bool remove(JobNumber job) {
    if (!contains(job)) return false;
    const auto at = std::prev(last_by_first_.upper_bound(job));
    const auto [first, last] = *at;
    last_by_first_.erase(at);
    if (first < job) last_by_first_.emplace(first, JobNumber{job.value - 1});
    if (job < last) last_by_first_.emplace(JobNumber{job.value + 1}, last);
    return true;
  }

  // Ascending, apart from each other.
  template <class Each>
  void for_each_range(const Each& each) const {
    for (const auto& [first, last] : last_by_first_) each(Range{first, last});
  }

  // No more than `most` numbers?
  bool at_most(std::uint64_t most) const {
    for (const auto& [first, last] : last_by_first_) {
      const std::uint64_t more = last.value - first.value;
      if (more >= most) return false;
      most -= more + 1;
    }
    return true;
  }

 private:
  std::map<JobNumber, JobNumber> last_by_first_;
};

}  // namespace jobq::controller
