// SPDX-License-Identifier: Apache-2.0
// Asking for named resources and showing them.
#pragma once

#include <string>

#include "base/result.h"
#include "cmd/client.h"
#include "net/jobq.pb.h"

namespace jobq::cmd {

Result<wire::ResourceList> ask_for_resources(Client& client);
Result<wire::ResourceView> ask_for_resource(Client& client, const std::string& name);

void print_resource_as_json(const wire::ResourceView& resource);
void print_resource_table(const wire::ResourceList& list);

}  // namespace jobq::cmd
