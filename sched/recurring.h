// SPDX-License-Identifier: Apache-2.0
// A recurring ticket in memory.
//
// Its nominal times are walked through in order, each once. `scan` is the next one to be looked at.
// Those that come too late are kept in `late`, at most as many as may be caught up with, until it
// is known that they are the newest; then they are fired. On disk, what stands in `late` is as if
// it had not been looked at. So what a crash leaves is walked through again, and nothing is fired
// twice: the row of the job, that of the firing and the moved next time are one batch.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sched/calendar.h"
#include "sched/rows.h"

namespace jobq::sched {

struct Recurring {
  RecurRow row;
  Calendar calendar;  // as row.ticket says
  Time scan;          // 0: none comes
  std::deque<Time> late;
  std::map<Time, FiringRow> firings;  // by the nominal time, the newest kMostFirings
  std::set<JobNumber> running;        // its jobs that are not final
  Time due;                           // as it stands among those that are due; 0: it does not

  const Recurrence& recur() const { return *row.ticket->recur; }
};

// What is shown of one.
struct RecurView {
  RecurRow row;
  std::vector<JobNumber> running;
};

}  // namespace jobq::sched
