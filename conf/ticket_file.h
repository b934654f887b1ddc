// SPDX-License-Identifier: Apache-2.0
// Class files, ticket files, JSON tickets and scripts with #JQ lines, read into the plain data of sched/spec.h.
//
// Every reader checks the whole text and reports all errors, each with file, line and column (both from 1),
// what was found and what was expected. Unknown keys are errors, with the nearest known key named. Nothing
// here touches the disk or the environment: text in, data out.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sched/spec.h"

namespace jobq::conf {

struct Fault {
  std::string file;
  std::uint32_t line = 0;    // 0: the file as a whole
  std::uint32_t column = 0;
  std::string text;
  bool operator==(const Fault&) const = default;
};

// "daily.toml:12:9: unknown key 'aftr' in [[step]]; did you mean 'after'?"
std::string to_string(const Fault& fault);

template <class T>
struct Parsed {
  T value{};
  std::vector<Fault> faults;  // sorted by place; the value is usable only when there are none
  bool ok() const { return faults.empty(); }
};

inline constexpr std::size_t kMaxTextBytes = 8U << 20U;  // a longer class, ticket or script is refused

using File = std::variant<sched::Ticket, sched::ClassDefinition>;

// A file as it stands: TOML, or JSON where the first character that is not blank is '{'. [class] makes a
// class, anything else a ticket.
Parsed<File> parse_file(std::string_view text, const std::string& file);
Parsed<sched::Ticket> parse_ticket(std::string_view text, const std::string& file);
Parsed<sched::ClassDefinition> parse_class(std::string_view text, const std::string& file);

// One line of a stream of JSON tickets; the fault's line is `line`.
Parsed<sched::Ticket> parse_json_ticket(std::string_view text, const std::string& file,
                                        std::uint32_t line);

// The options of the #JQ lines before a script's first command, split into words as a shell would
// (quotes and backslashes, no expansion), each with its line. "#JQ" must be followed by blank or end.
struct Directive {
  std::string word;
  std::uint32_t line = 0;
};
Parsed<std::vector<Directive>> script_directives(std::string_view text, const std::string& file);

// Named counts as options write them: "solver=2,disk" -> {{"disk",1},{"solver",2}}; a bare name is 1.
Result<std::vector<resmgr::Count>> parse_counts(std::string_view text);

}  // namespace jobq::conf
