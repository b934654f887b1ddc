// SPDX-License-Identifier: Apache-2.0
// A listing of the queue in slices, between which the queue may change.
//
// Each job that is in the queue from the first slice to the last is given once, in queue order as
// it was at the start: first those that had started, then the others by priority and number. One
// that comes or ends meanwhile is given once or not at all.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sched/job_table.h"
#include "sched/view.h"

namespace jobq::sched {

struct QueueWalk {
  QueueFilter filter;
  std::size_t limit = 0;    // give at most so many; 0: all
  std::uint64_t found = 0;  // let through by the filter, also past the limit; at the end: of all
  QueuePlace place;
};

}  // namespace jobq::sched
