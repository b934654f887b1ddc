// SPDX-License-Identifier: Apache-2.0
// Events as the flight recorder keeps them.
#pragma once

#include "base/result.h"
#include "net/flight.pb.h"
#include "sched/event.h"

namespace jobq::controller {

// All but the time and the digest.
void to_wire(const sched::Event& event, wire::FlightEvent& out);
Result<sched::Event> from_wire(const wire::FlightEvent& in);

}  // namespace jobq::controller
