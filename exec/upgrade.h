// SPDX-License-Identifier: Apache-2.0
// One program executes another one in its own place, and what it holds stays: docs/nodes.md,
// "Upgrading the keeper".
//
// The other program is asked first what handovers it understands, because there is no way back: a
// program that cannot start on this machine, or means something else by the same bytes, is never
// executed while steps run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "exec/handover.pb.h"

namespace jobq::exec {

// What pb::Handover means. It changes when a reader of the version before would lose something by
// not knowing a field.
inline constexpr std::uint32_t kHandoverVersion = 1;

enum class Heir {
  kFit,      // takes what we hand over
  kForeign,  // a keeper, but none that understands us: it can come when nothing runs
  kUnfit,    // cannot be executed, or is no keeper
};
Heir ask_heir(const std::string& executable);

// Executes `EXECUTABLE keeper WORDS --handover N` in this process. Signals that are blocked stay so
// (see signals.h). Returns only where that fails, with everything as it was.
Error execute_heir(const std::string& executable, std::vector<std::string> words,
                   const pb::Handover& handover);

// In the new program: what stands in that descriptor, which is closed. All descriptors that it
// names belong to the caller, and are closed on the next execution.
Result<pb::Handover> read_handover(int descriptor);

}  // namespace jobq::exec
