// SPDX-License-Identifier: Apache-2.0
// How much of the machine's memory processes hold, from /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace jobq::exec {

// Everything resident, shared pages counted for each process: never less than what the processes
// hold together, and cheap. Of a process that is gone: nothing.
Bytes resident(const std::vector<pid_t>& processes);

// Each page once, divided among those who share it (PSS); where that may not be read, what is
// resident. It walks page tables: about a millisecond for a gigabyte.
Bytes proportional(const std::vector<pid_t>& processes);

}  // namespace jobq::exec
