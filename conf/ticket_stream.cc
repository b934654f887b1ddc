// SPDX-License-Identifier: Apache-2.0
// Line by line.
#include "conf/ticket_stream.h"

#include "conf/document.h"

namespace jobq::conf {

std::optional<Parsed<sched::Ticket>> TicketStream::next(std::string_view line, Time now) {
  ++line_;
  if (line_ == 1) line = without_mark(line);
  if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return std::nullopt;
  FaultSink faults(file_);
  Parsed<sched::Ticket> parsed;
  Node root;
  if (parse_json(line, line_, root, faults)) {
    parsed.value = read_ticket(root, here_, now, &cache_, faults);
  }
  parsed.faults = faults.take();
  return parsed;
}

}  // namespace jobq::conf
