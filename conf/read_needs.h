// SPDX-License-Identifier: Apache-2.0
// The [needs] of a job and the needs of a step.
//
// A key that is not of the language is a count that the site defines, as long as its value is one
// and its name is not close to a key of the language: "memroy = 8" is a slip, not a resource.
#pragma once

#include "conf/node.h"
#include "resmgr/needs.h"

namespace jobq::conf {

void read_needs(const Node& node, resmgr::Needs& out, FaultSink& faults);

}  // namespace jobq::conf
