// SPDX-License-Identifier: Apache-2.0
// Choosing how steps are contained.
#include "exec/containment.h"

#include <fmt/format.h>

#include "exec/cgroups.h"
#include "exec/process_groups.h"

namespace jobq::exec {

std::string in_force(const Containment& containment) {
  const Enforced kernel = containment.enforced();
  return fmt::format("{}; memory: {}; cpus: {}; processes: {}", containment.way(),
                     kernel.memory ? "controller" : "accounting", kernel.cpus ? "quota" : "none",
                     kernel.processes ? "controller" : "counting");
}

std::unique_ptr<Containment> make_containment(bool cgroups, const std::string& place) {
  std::unique_ptr<Containment> best = cgroups ? make_cgroups(place) : nullptr;
  return best ? std::move(best) : make_process_groups();
}

std::unique_ptr<Containment> take_over_containment(const pb::Handover& handover) {
  if (handover.containment().cgroup().empty()) return make_process_groups();
  return take_over_cgroups(handover);
}

pb::HeldCell Cell::held() const {
  pb::HeldCell held;
  *held.mutable_place() = place();
  *held.mutable_running() = running();
  return held;
}

std::unique_ptr<Cell> adopt_cell(const pb::Place& place,
                                 const std::optional<pb::Running>& running) {
  if (!place.cgroup().empty()) return adopt_cgroup(place.cgroup());
  return adopt_marked(place, running);
}

bool remove_base(const pb::Opened& opened) {
  return opened.cgroup().empty() || remove_cgroup_tree(opened.cgroup());
}

}  // namespace jobq::exec
