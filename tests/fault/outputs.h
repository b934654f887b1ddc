// SPDX-License-Identifier: Apache-2.0
// What steps of the fault test write to their standard output, and the check that it can be read.
#pragma once

#include <string>

#include "tests/fault/attempts.h"
#include "tests/fault/chronicle.h"
#include "tests/fault/cluster.h"

namespace jobq::fault {

// Of an attempt that came to its end. It begins with a line that is written before "start" stands
// in the ledger; a `loud` step writes much between that and its last line, a `silent` one nothing.
std::string first_line(const std::string& job, const std::string& step, std::uint32_t attempt);
std::string loud_part(int number);
inline constexpr int kLoudParts = 40;
std::string last_line(int code);

// Asks for the output of every attempt that was lost and of some of the others.
void check_outputs(const Cluster& cluster, const Evidence& evidence, Chronicle& chronicle);

}  // namespace jobq::fault
