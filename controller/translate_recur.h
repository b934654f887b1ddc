// SPDX-License-Identifier: Apache-2.0
// Recurring tickets and zones between the wire, the journal and the core. As elsewhere, what comes
// in is checked for its form alone; the core checks what it means.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "controller/translate.h"
#include "net/recur.pb.h"
#include "sched/recurring.h"

namespace jobq::controller {

void to_wire(const sched::Recurrence& recur, wire::Recurrence& out);
Result<sched::Recurrence> from_wire(const wire::Recurrence& in);
void to_wire(const sched::Zone& zone, wire::Zone& out);
Result<std::shared_ptr<const sched::Zone>> from_wire(const wire::Zone& in);
void to_wire(const sched::RecurView& view, wire::RecurView& out);
void to_wire(const sched::FiringRow& row, wire::FiringView& out);

// A ticket with its spec beside it: of a RecurRequest, or a RecurBody.
template <class In>
Result<std::shared_ptr<const sched::Ticket>> recur_ticket_from_wire(const In& in) {
  wire::SubmitRequest request;
  *request.add_tickets() = in.ticket();
  if (in.has_spec()) {
    *request.add_specs() = in.spec();
    request.mutable_tickets(0)->set_spec(0);
  }
  auto tickets = from_wire(request);
  if (!tickets) return tl::unexpected(tickets.error());
  return std::make_shared<const sched::Ticket>(std::move(tickets->front()));
}

// Of a row of the journal: its ticket and zone.
std::string encode_recur(const sched::RecurRow& row);
bool decode_recur(std::string_view bytes, sched::RecurRow& row);

}  // namespace jobq::controller
