// SPDX-License-Identifier: Apache-2.0
// Living beside the JSON processor that is also called jq: finding it and becoming it.
#pragma once

#include <string>

namespace jobq::cmd {

// Executes the next jq on PATH that is not this executable, with the same arguments, environment,
// input and output. Returns when there is none.
void become_next_jq(char** argv);

// The path that would be executed; empty: none. `self` is the executable that asks; entries of the
// search path that stand behind it come first, so that two installations of ours never pass to and
// fro.
std::string find_next_jq(const std::string& search_path, const std::string& self);

}  // namespace jobq::cmd
