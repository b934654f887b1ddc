// SPDX-License-Identifier: Apache-2.0
// The policy of scheduling: how far lower requests may overtake higher ones that cannot start.
#pragma once

#include <cstdint>
#include <string_view>

namespace jobq::resmgr {

enum class Backfill {
  kNone,          // not at all: strictly in queue order
  kEasy,          // where the first that cannot start is not delayed (Lifka, 1995)
  kConservative,  // where none of the first `depth` that cannot start is delayed
};
std::string_view to_string(Backfill backfill);  // "none", "easy", "conservative"

struct Scheduling {
  Backfill backfill = Backfill::kEasy;
  std::uint32_t depth = 100;  // of conservative backfilling, at least 1
  bool operator==(const Scheduling&) const = default;
};

}  // namespace jobq::resmgr
