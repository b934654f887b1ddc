// SPDX-License-Identifier: Apache-2.0
// The overview of all verbs.
#pragma once

#include <string>

namespace jobq::cmd {

std::string overview();

// What is said to someone who called us as jq, meant another jq, and has none.
std::string usage_as_jq();

}  // namespace jobq::cmd
