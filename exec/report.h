// SPDX-License-Identifier: Apache-2.0
// `jq report`, as a call: a step tells its node what it came to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "exec/ask_agent.h"

namespace jobq::exec {

inline constexpr std::size_t kMostEventBytes = 4096;

// outcome and event, as below. kUsage where a report cannot be that.
Result<void> check_report(std::uint32_t outcome, const std::optional<std::string>& event);

// socket and token: JOBQ_NODE_SOCKET and JOBQ_TOKEN. outcome: 1 success, 2 failure, 3 cancel;
// 0, with an event alone, leaves it to the exit code.
// Returns when the report is part of the attempt's record; a later one takes its place. While the
// node's agent is away (stopped, restarted) it tries again until patience is over (kUnreachable).
// kRefused where the node does not take it: it says why.
Result<void> send_report(const std::string& socket, const std::string& token, int outcome,
                         std::optional<std::string> event, Millis patience = kReportPatience);

}  // namespace jobq::exec
