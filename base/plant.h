// SPDX-License-Identifier: Apache-2.0
// Planted bugs: wrong code that shows that the fault simulator finds wrong code.
//
// JOBQ_PLANT(name) is false, and what it guards is not compiled into the product. In the objects
// that are built with JOBQ_PLANTS, for fault_simulator_planted alone, it is true while that bug is
// chosen. docs/fault-simulator.md lists them.
#pragma once

#ifdef JOBQ_PLANTS
#include <string_view>

namespace jobq {
inline std::string_view planted;  // the bug that is chosen; empty: none
}  // namespace jobq

#define JOBQ_PLANT(name) (::jobq::planted == #name)
#else
namespace jobq {
inline constexpr bool kPlanted = false;
}  // namespace jobq

#define JOBQ_PLANT(name) ::jobq::kPlanted
#endif
