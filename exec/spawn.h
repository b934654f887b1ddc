// SPDX-License-Identifier: Apache-2.0
// Starting our own program anew, as a daemon that outlives us or to ask it something. Steps are not
// started this way: see launcher.h.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace jobq::exec {

// In a session of its own with signals as a program expects them; standard input is empty, output
// goes to the descriptor (-1: nowhere), errors where ours go. -errno where there is no process.
pid_t spawn_program(const std::string& executable, const std::vector<std::string>& words,
                    int output = -1);

// What the program writes to its standard output (its beginning) when it ends well within the
// limit; else it is ended.
std::optional<std::string> ask_program(const std::string& executable,
                                       const std::vector<std::string>& words, Millis limit);

}  // namespace jobq::exec
