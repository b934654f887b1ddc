// SPDX-License-Identifier: Apache-2.0
// Where a job stands in the queue: one number that is settled at its submission.
//
// Priority that grows with age would have to be sorted again and again. But all waiting jobs grow
// older at the same rate, so what orders them is what each had at its submission, less what it
// missed of the time before: that never changes. What fair share adds changes for a user as a
// whole, and is not in here (see fair_share.h).
//
// The age of a job that is not to begin before some time counts from then: else tickets would be
// submitted far ahead to grow old, and who submits today for tomorrow would pass today's.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "sched/policy.h"
#include "sched/spec.h"
#include "sched/view.h"

namespace jobq::sched {

// One point of priority in the unit of ranks: a point for a day is then one for a millisecond.
inline constexpr std::int64_t kPoint = 86'400'000;

// Without fair share; higher goes first. `since`: its submission, or its begin where that is later.
std::int64_t rank_of(const Policy& policy, int priority, const JobSpec& spec, Time since);

// The same in parts, as of now; those that count for nothing are left out, but for the base. Points
// go by the millisecond, the age that is told beside them by the second.
std::vector<PriorityTerm> terms_of(const Policy& policy, int priority, const JobSpec& spec,
                                   Time since, Time now);

}  // namespace jobq::sched
