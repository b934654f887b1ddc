// SPDX-License-Identifier: Apache-2.0
// What simulated jobs are to the core: one step that takes processors. Equal jobs share a spec.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "sched/event.h"
#include "sched/spec.h"

namespace jobq::sim {

inline const sched::Actor kSimulatedUser{1000, 1000, "sim", false};

class Specs {
 public:
  const std::shared_ptr<const sched::JobSpec>& of(std::uint32_t processors);

 private:
  std::unordered_map<std::uint32_t, std::shared_ptr<const sched::JobSpec>> specs_;  // for look-up
};

}  // namespace jobq::sim
