// SPDX-License-Identifier: Apache-2.0
// A job's steps as a graph: which comes after which, and how far each is.
#pragma once

#include <string>

#include "base/time.h"
#include "cmd/terminal.h"
#include "sched/view.h"

namespace jobq::cmd {

// A line for each step in an order in which they could run, with lines between them on the left.
// Where these would take more than half of the terminal, the conditions are said in words alone.
std::string graph_text(const sched::JobDetail& job, const Terminal& terminal, Time now);

// The same in the language of Graphviz, for dot(1).
std::string graph_dot(const sched::JobDetail& job);

}  // namespace jobq::cmd
