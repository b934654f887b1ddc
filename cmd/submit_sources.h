// SPDX-License-Identifier: Apache-2.0
// What the words of `jq submit` mean: a command, a script, a ticket file, standard input, or a
// class.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cmd/job_build.h"
#include "cmd/job_options.h"
#include "cmd/paths.h"
#include "sched/spec.h"

namespace jobq::cmd {

// After "--" always a command. Else FILE.toml and FILE.json are tickets; a file that begins with
// "#!", has a "#JQ" line or is called *.sh is a script, whose text is sent; anything else is a
// command.
enum class Source { kCommand, kScript, kTicketFile };
Source source_of(const std::string& word, bool had_separator);
// A command that is a file of that name, such as plan.tml, and nobody could execute it.
bool is_mistaken_file(const std::string& word);

// Whether a text is a script, as it begins with "#!" or has a "#JQ" line.
bool is_script(std::string_view text);

Result<sched::Ticket> ticket_from_command(const JobOptions& options, std::vector<std::string> argv);
Result<sched::Ticket> ticket_from_script(const JobOptions& options, std::string text,
                                         const std::string& file,
                                         std::vector<std::string> arguments,
                                         const Surroundings& from = own_surroundings());
// A class file is refused, with what to do.
Result<sched::Ticket> ticket_from_text(const JobOptions& options, const std::string& text,
                                       const std::string& file,
                                       const std::string& here = current_directory());

// All of standard input is one JSON document: its first line opens more than it closes.
bool opens_document(std::string_view first_line);

}  // namespace jobq::cmd
