// SPDX-License-Identifier: Apache-2.0
// Why a request waits, and when it will start.
#pragma once

#include <optional>
#include <vector>

#include "resmgr/job_name.h"
#include "resmgr/pass.h"
#include "resmgr/plan.h"
#include "resmgr/waiting.h"

namespace jobq::resmgr {

// What a pass would come to for one request, found by making that pass without granting.
struct Forecast {
  bool starts = false;
  std::optional<Plan::Reservation> reservation;  // where it would be reserved
  // It would have room now, but for the reservation or the start of this request above it.
  std::optional<RequestId> stopped_by;
  bool passed_over = false;  // the pass ends, by its bounds, before it comes to the request
};
Forecast foresee(const Ledger& ledger, const Waiting& waiting, const Pass::Rules& rules,
                 RequestId target, Time now, const Work& before, Work& work);

// See ResourceManager::explain(). The request is waiting.
std::vector<Blocker> explain_waiting(const Ledger& ledger, const Waiting& waiting,
                                     const Scheduling& scheduling, const JobName& name,
                                     RequestId id, Time now);

}  // namespace jobq::resmgr
