// SPDX-License-Identifier: Apache-2.0
// A job array in memory: one job that stands for all of its elements.
//
// An element becomes a job of its own only when it is next to start: the front, which waits in the
// array's place in the queue. What has not started is a position in the set of indexes and a few
// sets of exceptions; what has ended is a count. So an array costs the same whatever its size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/ids.h"
#include "sched/index_set.h"
#include "sched/rows.h"
#include "sched/view.h"

namespace jobq::sched {

struct Job;

// The sets of exceptions are small: a command that would make one of more ranges is refused.
inline constexpr std::size_t kMaxExceptions = 1000;

struct ArrayRun {
  ArraySpec spec;
  // Of what has not started:
  std::uint64_t next = 0;  // below it, all have been made, or are among the exceptions
  IndexSet again;          // below `next`, and to be made all the same: released, or given back
  IndexSet held;           // by index; `next` passes them over
  IndexSet dropped;        // cancelled before they started; likewise
  IndexSet overdue;        // not started by the deadline; likewise
  Job* front = nullptr;    // made, and waits
  // Of what was made a job:
  std::map<Index, Job*> running;
  std::uint32_t made = 0;       // that started, or ended without a start
  std::uint32_t done = 0;       // ended
  std::uint32_t failed = 0;     // likewise
  std::uint32_t cancelled = 0;  // likewise, without those dropped
  std::string first_failure;
  bool due = false;      // listed to be looked at in this turn
  bool touched = false;  // its row waits to be taken

  // What could be made next, without held ones.
  IndexSet pending() const;
  std::optional<Index> first_pending() const;
  // pending(), what is held, and the front: all that has not started.
  IndexSet unstarted() const;
  bool is_unstarted(Index index) const;
  bool throttled() const { return spec.throttle != 0 && running.size() >= spec.throttle; }
  std::uint64_t total() const { return spec.elements.size(); }
  std::uint64_t unstarted_count() const { return total() - made - dropped.size() - overdue.size(); }

  // Takes an index out of what is pending; it is made, held or dropped next.
  void take(Index index);
};

ArrayView view_of(const ArrayRun& array);
ArrayRest rest_of(const Job& array);
ArrayRow to_row(const ArrayRun& array, JobNumber job);
// The other way; the set itself is in the array's JobRow. Without `running` and `front`.
void restore(const ArrayRow& row, ArrayRun& array);

}  // namespace jobq::sched
