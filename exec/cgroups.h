// SPDX-License-Identifier: Apache-2.0
// Containment by cgroup v2, which needs no controllers: membership, cgroup.freeze, cgroup.kill and
// cgroup.events are enough. It works on the unified part of a hybrid hierarchy as well. Where there
// are controllers they hold steps to their limits (controllers.h).
//
// All cells lie in one directory below this process's own cgroup. An empty cell is used again:
// making and removing a directory costs more than starting a process.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "exec/containment.h"

namespace jobq::exec {

// Null where this process may not make cgroups, or cannot start processes inside them.
// place: a cgroup made for steps, as /proc/PID/cgroup would call it; empty, or where it is of no
// use: below this process's own.
std::unique_ptr<Containment> make_cgroups(const std::string& place);

// With the base that the handover names.
std::unique_ptr<Containment> take_over_cgroups(const pb::Handover& handover);

std::unique_ptr<Cell> adopt_cgroup(const std::string& directory);
bool remove_cgroup_tree(const std::string& directory);

// The directory of this process's own cgroup, from the texts of /proc/self/mountinfo and
// /proc/self/cgroup; empty where there is none.
std::string own_cgroup(std::string_view mountinfo, std::string_view memberships);

}  // namespace jobq::exec
