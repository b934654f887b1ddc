// SPDX-License-Identifier: Apache-2.0
// What a job is called in messages. The resource manager knows jobs by their numbers alone; to
// users an element of an array goes by another name, which its owner hands in.
#pragma once

#include <functional>
#include <string>

#include "base/ids.h"

namespace jobq::resmgr {

using JobName = std::function<std::string(JobNumber)>;  // "17", "17[3]"

}  // namespace jobq::resmgr
