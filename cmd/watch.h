// SPDX-License-Identifier: Apache-2.0
// Showing something again and again: on the terminal's other screen, or as one text after the other
// where there is no terminal.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/time.h"
#include "cmd/client.h"
#include "cmd/terminal.h"

namespace jobq::cmd {

// Draws with print(). Ends with exit code 0 on q or Ctrl-C, and with the first error that is not
// kUnreachable: a controller that is away is waited for.
using Draw = std::function<Result<void>(Client& client, const Terminal& terminal)>;
Result<int> watch(const ControllerOptions& where, Millis interval, const Draw& draw);

}  // namespace jobq::cmd
