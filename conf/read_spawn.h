// SPDX-License-Identifier: Apache-2.0
// The job that a spawn step submits: of a class, or with steps of its own, written in the section
// as they are at the top of a file.
#pragma once

#include "conf/node.h"
#include "sched/spec.h"

namespace jobq::conf {

void read_spawn(const Node& node, sched::StepSpec& out, FaultSink& faults);

}  // namespace jobq::conf
