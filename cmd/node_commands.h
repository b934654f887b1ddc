// SPDX-License-Identifier: Apache-2.0
// The commands about nodes, beside the node daemon itself (cmd/node.cc).
#pragma once

#include <span>

#include "cmd/subverbs.h"

namespace jobq::cmd {

std::span<const Subverb> node_commands();

}  // namespace jobq::cmd
