// SPDX-License-Identifier: Apache-2.0
// Asking for nodes and showing them.
#pragma once

#include <string>

#include "base/result.h"
#include "cmd/client.h"
#include "net/jobq.pb.h"

namespace jobq::cmd {

Result<wire::NodeView> ask_for_node(Client& client, const std::string& name);
Result<wire::NodeList> ask_for_nodes(Client& client);

void print_node_as_json(const wire::NodeView& node);
void print_node(const wire::NodeView& node);
void print_node_table(const wire::NodeList& list);

}  // namespace jobq::cmd
