// SPDX-License-Identifier: Apache-2.0
// The policy at the start of a recording: what the event manager was made with.
#pragma once

#include "base/result.h"
#include "net/flight.pb.h"
#include "sched/policy.h"

namespace jobq::controller {

void to_wire(const sched::Policy& policy, wire::FlightStart& out);
// What a recording of an older version does not have is as by default; kRefused for a version that
// is not known.
Result<sched::Policy> from_wire(const wire::FlightStart& in);

}  // namespace jobq::controller
