// SPDX-License-Identifier: Apache-2.0
// Textbook schedulers of one pool of processors, written as the textbooks tell them and nothing
// else: the reference for the real core.
//
// At each instant at which something happens, submissions come first, then ends, then starts.
// First come, first served: the head of the queue starts while it fits. EASY (Lifka, 1995): when
// the head does not fit, its shadow time is the first at which it will, by the limits of what runs;
// what is free then beyond the head's processors is extra. Another job may start if it fits now and
// either ends by the shadow time or takes extra processors only.
#pragma once

#include <vector>

#include "sim/simulation.h"
#include "sim/workload.h"

namespace jobq::sim {

enum class NaivePolicy { kFcfs, kEasy };

std::vector<Span> naive_schedule(const Workload& workload, NaivePolicy policy);

}  // namespace jobq::sim
