// SPDX-License-Identifier: Apache-2.0
// The commands about services: `jq node services` and `jq node offer`.
#pragma once

#include "cmd/verbs.h"

namespace jobq::cmd {

Result<int> list_services(const Words& words);
Result<int> offer_service(const Words& words);

}  // namespace jobq::cmd
