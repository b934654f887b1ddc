// SPDX-License-Identifier: Apache-2.0
// Names of policies.
#include "resmgr/scheduling.h"

#include "base/check.h"

namespace jobq::resmgr {

std::string_view to_string(Backfill backfill) {
  switch (backfill) {
    case Backfill::kNone: return "none";
    case Backfill::kEasy: return "easy";
    case Backfill::kConservative: return "conservative";
  }
  unreachable("backfill out of range");
}

}  // namespace jobq::resmgr
