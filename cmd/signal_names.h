// SPDX-License-Identifier: Apache-2.0
// Names of signals: "KILL", "SIGKILL", "kill" and "9" are one signal.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace jobq::cmd {

Result<int> parse_signal(std::string_view text);
std::string signal_name(int number);  // "KILL"; the number where it has no name

}  // namespace jobq::cmd
