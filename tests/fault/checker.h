// SPDX-License-Identifier: Apache-2.0
// What must be true when all is healed: the promises of docs/architecture.md, seen from outside.
#pragma once

#include "tests/fault/chronicle.h"
#include "tests/fault/cluster.h"
#include "tests/fault/load.h"

namespace jobq::fault {

// Waits until every job is final, then compares what was acknowledged, what the ledger has and what
// jobq says. All that is wrong is written into the chronicle.
void check_jobs(const Cluster& cluster, const Load& load, Chronicle& chronicle);

// Nothing is held when nothing runs.
void check_all_is_free(const Cluster& cluster, Chronicle& chronicle);

// No process of a step is left while the daemons still run.
void check_no_step_is_left(const Setup& setup, Chronicle& chronicle);

// After the end of the daemons: no process at all, and decisions that can be made again.
void check_nothing_is_left(const Setup& setup, Chronicle& chronicle);
void check_recordings(const Cluster& cluster, Chronicle& chronicle);

}  // namespace jobq::fault
