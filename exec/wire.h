// SPDX-License-Identifier: Apache-2.0
// Between the keeper's messages and those of the controller.
#pragma once

#include "base/ids.h"
#include "exec/keeper.pb.h"
#include "net/jobq.pb.h"

namespace jobq::exec {

AttemptId id_of(const wire::AttemptId& id);
void to_wire(const pb::Id& id, wire::AttemptId& out);
void to_wire(const pb::End& end, wire::TaskEnd& out);

// False where the order is none that this version knows.
bool from_wire(const wire::AttemptOrder& order, pb::Order& out);

}  // namespace jobq::exec
