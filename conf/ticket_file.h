// SPDX-License-Identifier: Apache-2.0
// Class files, ticket files, JSON tickets and scripts with #JQ lines, read into the plain data of
// sched/spec.h.
//
// Every reader checks the whole text and reports all errors, each with file, line and column (both
// from 1), what was found and what was expected. Unknown keys are errors, with the nearest known
// key named. Nothing here touches the disk or the environment: text in, data out; but local times
// are those of the process's time zone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "conf/fault.h"
#include "sched/spec.h"

namespace jobq::conf {

// A longer class, ticket or script is refused.
inline constexpr std::size_t kMaxTextBytes = 8U << 20U;

using File = std::variant<sched::Ticket, sched::ClassDefinition>;

// A file as it stands: TOML, or JSON where the first character that is not blank is '{'. [class]
// makes a class, anything else a ticket.
//
// `here` is the directory that the ticket is submitted from: where the job works unless the ticket
// says otherwise, and what a relative workdir starts at. Without it, workdir stays as it is
// written. `now` is when it is read, for times like "03:00".
Parsed<File> parse_file(std::string_view text, const std::string& file, std::string_view here = {},
                        Time now = wall_now());
Parsed<sched::Ticket> parse_ticket(std::string_view text, const std::string& file,
                                   std::string_view here = {}, Time now = wall_now());
Parsed<sched::ClassDefinition> parse_class(std::string_view text, const std::string& file);

// One JSON ticket that stands at `line` of a stream. Where there are many, see
// conf/ticket_stream.h.
Parsed<sched::Ticket> parse_json_ticket(std::string_view text, const std::string& file,
                                        std::uint32_t line, std::string_view here = {},
                                        Time now = wall_now());

// The options of the #JQ lines before a script's first command, split into words as a shell would
// (quotes and backslashes, no expansion), each with its line. "#JQ" must be followed by blank or
// end.
struct Directive {
  std::string word;
  std::uint32_t line = 0;
};
Parsed<std::vector<Directive>> script_directives(std::string_view text, const std::string& file);

// Named counts as options write them: "solver=2,disk" -> {{"disk",1},{"solver",2}}; a bare name
// is 1.
Result<std::vector<resmgr::Count>> parse_counts(std::string_view text);

}  // namespace jobq::conf
