// SPDX-License-Identifier: Apache-2.0
// The side of local commands on the step socket.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "exec/report.pb.h"

namespace jobq::exec {

inline constexpr Millis kReportPatience = seconds(60);

// One question, one answer. While the node's agent is away (stopped, restarted) it tries again
// until patience is over (kUnreachable), with one try at least. An agent that is there has some
// seconds to answer, however little patience is left. Where the node does not take it, it says why
// and of which kind the error is: kRefused, kNotFound, ...
Result<pb::StepAnswer> ask_agent(const std::string& socket, const pb::StepReport& asked,
                                 Millis patience);

// `jq node offer` and `jq node services`. kUsage where the offer is not as check_offer() wants it.
Result<void> offer_service(const std::string& socket, const wire::Service& offer, Millis patience);
Result<void> withdraw_service(const std::string& socket, const std::string& type, Millis patience);
Result<std::vector<wire::NodeServices>> find_services(const std::string& socket,
                                                      const std::string& type, Millis patience);

}  // namespace jobq::exec
