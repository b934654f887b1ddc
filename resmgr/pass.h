// SPDX-License-Identifier: Apache-2.0
// One pass through the queue: who starts now.
//
// The pass walks the queue in order. What may start is granted; what may not is reserved, and what
// comes later starts around the reservations. It ends when nothing further down has room, so that
// in a busy cluster a pass costs what was freed and not what waits, and when its bounds are
// reached: then nothing lower may start, because its effect on those above was not looked at.
#pragma once

#include <vector>

#include "resmgr/ledger.h"
#include "resmgr/plan.h"
#include "resmgr/waiting.h"

namespace jobq::resmgr {

inline constexpr std::uint64_t kMostReservations = 1000;
// Looking at a node takes about 50 ns: this keeps the worst pass of a large cluster near 20 ms.
inline constexpr std::uint64_t kMostVisits = 400'000;

// Have the passes that began with `before` reached their bounds?
bool exhausted(const Work& before, const Work& now);

// Grants all that may start now, in queue order, and takes them out of the queue. What starts
// around reservations can change where these would be made, and so let others start: passes are
// repeated until nobody starts, within the bounds of one.
std::vector<Grant> run_passes(Ledger& ledger, Waiting& waiting, Time now, Work& work);

}  // namespace jobq::resmgr
