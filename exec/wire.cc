// SPDX-License-Identifier: Apache-2.0
// Translation between two protocols.
#include "exec/wire.h"

#include "exec/ledger.h"
#include "exec/text.h"

namespace jobq::exec {

AttemptId id_of(const wire::AttemptId& id) {
  return {JobNumber(id.job()), StepId(id.step()), Attempt(id.attempt())};
}

void to_wire(const pb::Id& id, wire::AttemptId& out) {
  out.set_job(id.job());
  out.set_step(id.step());
  out.set_attempt(id.attempt());
}

void to_wire(const pb::End& end, wire::TaskEnd& out) {
  out.set_how(static_cast<std::uint32_t>(end.how()));
  out.set_exit_code(end.exit_code());
  out.set_signal(end.signal());
  out.set_reason(as_utf8(end.reason()));
  out.set_reported(end.reported());
  if (end.has_event()) out.set_event(as_utf8(end.event()));
  out.set_wall(end.wall_ms());
  out.set_cpu(end.cpu_ms());
  out.set_max_rss(end.max_rss());
  out.set_read_bytes(end.read_bytes());
  out.set_written_bytes(end.written_bytes());
}

bool from_wire(const wire::AttemptOrder& order, pb::Order& out) {
  if (!pb::Order::What_IsValid(order.what())) return false;
  out.set_what(static_cast<pb::Order::What>(order.what()));
  *out.mutable_id() = to_pb(id_of(order.id()));
  out.set_signal(order.signal());
  return true;
}

}  // namespace jobq::exec
