// SPDX-License-Identifier: Apache-2.0
// What a command says: the answer to standard output, everything else to standard error.
//
// Commands are single-threaded; the state here (who speaks, whether errors are also wanted as JSON)
// belongs to the process.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace jobq::cmd {

// "jq submit": stands before each message.
void set_speaker(std::string speaker);

// With --json every error is also a document on standard output.
void set_json_errors(bool wanted);
bool json_errors();

void complain(const Error& error);
void note(std::string_view text);  // as it stands, with a line feed where it has none

// The answer, buffered; flush_output() says whether all of it could be written.
void print(std::string_view text);
Result<void> flush_output();

}  // namespace jobq::cmd
