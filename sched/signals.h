// SPDX-License-Identifier: Apache-2.0
// Signals by name and number. The numbers are Linux's on every machine: who reads a name need not
// be where the signal arrives.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace jobq::sched {

inline constexpr int kMostSignal = 64;

// "KILL", "SIGKILL", "kill" and "9" are one signal, and so are both names of one: "IO" and "POLL".
Result<int> parse_signal(std::string_view text);

std::string_view signal_name(int signal);  // "KILL"; empty where it has none
std::string name_or_number(int signal);    // "KILL", "40"
std::string number_and_name(int signal);   // "9 (KILL)", "40"

}  // namespace jobq::sched
