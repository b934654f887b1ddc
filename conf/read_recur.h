// SPDX-License-Identifier: Apache-2.0
// The section [recur], which makes a ticket a recurring one.
#pragma once

#include "conf/draft.h"

namespace jobq::conf {

void read_recur(const Node& node, Draft& out, FaultSink& faults);

}  // namespace jobq::conf
