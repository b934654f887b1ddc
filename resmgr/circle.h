// SPDX-License-Identifier: Apache-2.0
// Circles of jobs that hold named resources and wait for each other's.
//
// What a step holds comes back when the step ends, which waits for nothing. What a job holds by its
// part 0 comes back only after all its steps, so a circle runs through jobs that hold named
// resources by part 0 and whose steps wait. Tokens make it more than a search for a cycle: a step
// may be served by any of several holders. So the jobs are reduced (Coffman, Elphick, Shoshani,
// 1971): a job whose waiting requests can each be met from what is free or will come back ends in
// time and gives its own back; jobs that are left when nothing more can be given back wait for each
// other for ever.
//
// Detection stands in enqueue() alone. A grant to a step only removes a wait, because what the step
// takes will come back; a grant to part 0 adds a holder whose steps do not yet ask, since steps may
// ask only once part 0 is held. So only a new request can close a circle.
#pragma once

#include <optional>
#include <string>

#include "resmgr/ledger.h"
#include "resmgr/waiting.h"

namespace jobq::resmgr {

// "job 1 waits for plan-db, which job 2 holds; job 2 waits for printer, which job 1 holds": the
// circle that the request would close if it were added to the queue; none if it closes none.
std::optional<std::string> circle_closed_by(const Ledger& ledger, const Waiting& waiting,
                                            RequestId id, const Demand& demand);

}  // namespace jobq::resmgr
