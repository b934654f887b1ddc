// SPDX-License-Identifier: Apache-2.0
// Zones of the controller's time-zone database, for recurring tickets.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "controller/turns.h"
#include "sched/zone.h"

namespace jobq::controller {

Result<std::shared_ptr<const sched::Zone>> known_zone(const std::string& name);

// Tells the core what the rules of the zones of its recurring tickets are now; once, at the start.
void learn_zones(Turns& turns);

}  // namespace jobq::controller
