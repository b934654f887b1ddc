// SPDX-License-Identifier: Apache-2.0
// Tickets from a stream, one JSON object a line, submitted while they are read.
#pragma once

#include <string>

#include "base/result.h"
#include "cmd/job_options.h"
#include "cmd/submission.h"

namespace jobq::cmd {

// How messages name it.
inline constexpr const char* kStreamName = "<stdin>";

// `begin` is what was read already. A stream that pauses does not hold back what it gave.
Result<void> submit_stream(int descriptor, std::string begin, const JobOptions& options,
                           Submission& submission);

}  // namespace jobq::cmd
