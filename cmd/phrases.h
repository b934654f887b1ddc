// SPDX-License-Identifier: Apache-2.0
// How values are shown to people: states with their colours, lengths of time, times.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "cmd/terminal.h"
#include "sched/event.h"
#include "sched/state.h"

namespace jobq::cmd {

Colour colour_of(sched::JobState state);
Colour colour_of(sched::StepState state);

// At a glance, two units at most: "0s", "12s", "3m05s", "2h07m", "4d03h".
std::string elapsed(Millis length);

// Three digits at a glance: "512B", "6.2M", "23.5G".
std::string about(Bytes size);

// Local time, "-" for "not yet".
std::string at_local(Time time, Time now);

// "exit code 3", "signal 9 (KILL)", "not started: no such file", "lost: ...".
std::string phrase_of(const sched::TaskEnd& end);

// Of priority, to a tenth: "50", "3.2", "-0.5".
std::string points(double number);

// "1 job", "3 jobs".
std::string counted(std::size_t number, const std::string& noun);

}  // namespace jobq::cmd
