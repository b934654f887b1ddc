// SPDX-License-Identifier: Apache-2.0
// The words for a start that failed: what was asked, and what stood in its way.
#pragma once

#include <string>
#include <vector>

#include "exec/child.h"
#include "exec/keeper.pb.h"

namespace jobq::exec {

// programs: the candidates that the child tried.
std::string why_not_started(const Verdict& verdict, const pb::Start& start,
                            const std::vector<std::string>& programs);

// There was not even a child.
std::string why_no_process(int error);

}  // namespace jobq::exec
