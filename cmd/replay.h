// SPDX-License-Identifier: Apache-2.0
// `jq admin replay`.
#pragma once

#include "cmd/verbs.h"

namespace jobq::cmd {

Result<int> run_replay(const Words& words);

}  // namespace jobq::cmd
