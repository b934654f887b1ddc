// SPDX-License-Identifier: Apache-2.0
// Random jobs, and what the simulated cluster has for them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "resmgr/needs.h"
#include "sched/policy.h"
#include "sched/spec.h"
#include "sim/chance.h"

namespace jobq::sim {

// Named resources that exist from the start.
std::vector<resmgr::NamedResource> named_resources();

// Of the cluster: the first node, and all.
std::vector<sched::ElementPolicy> elements();

// At least a part of what the largest job needs, and a node on which every job fits.
resmgr::Capacity random_capacity(Chance& chance);
resmgr::Capacity whole_capacity();
// Types of services, ascending.
std::vector<std::string> all_services();
std::vector<std::string> random_services(Chance& chance);
// What tickets may speak of: classes, and jobs by the names "j1" to "j<jobs>".
struct Known {
  std::vector<std::string> classes;
  std::size_t jobs = 0;
  std::size_t nodes = 1;
};
// A ticket with an inline spec and this name.
sched::Ticket random_ticket(Chance& chance, std::string name, const Known& known);
// One that fires every few seconds.
sched::Ticket random_recurring(Chance& chance, std::string name);
std::shared_ptr<const sched::JobSpec> random_class(Chance& chance, const std::string& name);

}  // namespace jobq::sim
