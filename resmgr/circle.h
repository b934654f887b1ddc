// SPDX-License-Identifier: Apache-2.0
// Circles of jobs that hold resources, named ones or of nodes, and wait for each other's (see
// parties.h for who is a party). A node that is known may come back: it counts as there.
//
// Detection stands in enqueue() alone. A grant to a step only removes a wait, because what the step
// takes comes back; a grant to part 0 adds a holder whose steps do not yet ask, since steps may ask
// only once part 0 is held. So only a new request can close a circle. Circles through reservations
// (a request that lacks one thing keeps from a step what the step needs to give that thing back)
// are not refused but avoided: see Precedence.
#pragma once

#include <optional>
#include <string>

#include "resmgr/job_name.h"
#include "resmgr/ledger.h"
#include "resmgr/waiting.h"

namespace jobq::resmgr {

// "job 1 waits for plan-db, which job 2 holds; job 2 waits for printer, which job 1 holds": the
// circle that the request would close if it were added to the queue; none if it closes none.
std::optional<std::string> circle_closed_by(const Ledger& ledger, const Waiting& waiting,
                                            RequestId id, const Demand& demand,
                                            const JobName& name);

}  // namespace jobq::resmgr
