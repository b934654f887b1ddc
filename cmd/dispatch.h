// SPDX-License-Identifier: Apache-2.0
// From argv to a verb: the two names of the executable, and errors into exit codes.
#pragma once

namespace jobq::cmd {

// As jobq: the first argument is a verb, or --help or --version. As jq: ours only when the first
// argument is exactly a verb; anything else becomes the next jq on PATH (see cmd/passthrough.h).
int dispatch(int argc, char** argv);

}  // namespace jobq::cmd
