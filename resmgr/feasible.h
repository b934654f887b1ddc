// SPDX-License-Identifier: Apache-2.0
// Could the cluster ever meet these needs, and if not, what comes nearest.
#pragma once

#include "resmgr/ledger.h"

namespace jobq::resmgr {

// See ResourceManager::feasible().
Result<void> check_feasible(const Ledger& ledger, const Needs& needs);
// Could this node, by what it offers now, serve them when it is empty?
bool is_node_feasible(const Ledger& ledger, const Node& node, const Needs& needs);
// As check_feasible(), for what comes from nodes alone.
Result<void> check_nodes_feasible(const Ledger& ledger, const Needs& needs);

}  // namespace jobq::resmgr
