// SPDX-License-Identifier: Apache-2.0
// Many JSON tickets, one a line, as `jq submit -` takes them.
//
// Tickets whose specs are equal share one: the last few different specs are kept, and a spec that
// equals one of them is not checked again. So what differs from line to line belongs in [ticket]
// (name, params, key, ...), not in the steps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conf/read_job.h"
#include "conf/ticket_file.h"

namespace jobq::conf {

class TicketStream {
 public:
  // `file` is the name for messages, `here` as for parse_file().
  TicketStream(std::string file, std::string here)
      : file_(std::move(file)), here_(std::move(here)) {}

  // The next line, without its end; nothing where it is blank. A faulty line harms no other.
  std::optional<Parsed<sched::Ticket>> next(std::string_view line, Time now = wall_now());

  // The line that next() has seen last, from 1.
  std::uint32_t line() const { return line_; }

 private:
  std::string file_;
  std::string here_;
  std::uint32_t line_ = 0;
  SpecCache cache_;
};

}  // namespace jobq::conf
