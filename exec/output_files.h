// SPDX-License-Identifier: Apache-2.0
// The node's own store of what steps write: names of its files, and what is removed when.
//
//   STATE/output/slot-N        of an attempt that runs; emptied, it is used again
//   STATE/output/packs/N       of attempts that ended, many small ones (see pack_format.h)
//   STATE/output/XX/J.S.A.out  of an attempt that ended (XX: the job's last byte, in hexadecimal)
//   STATE/output/J.S.A.out     the same, where no directory could be made
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"

namespace jobq::exec {

enum class Which { kOutput, kError };

inline constexpr std::string_view kSlotPrefix = "slot-";

std::string output_directory(const std::string& state);
std::string slot_file(const std::string& state, std::uint64_t slot);
std::string kept_directory(const std::string& state, const AttemptId& id);
std::string kept_file(const std::string& state, const AttemptId& id, Which which);
std::string kept_file_on_full_disk(const std::string& state, const AttemptId& id, Which which);

struct Retention {
  Millis age = seconds(30 * 24 * 3600L);
  Bytes total = {10ULL << 30U};  // on disk
};

// Removes files of ended attempts that are older than the age, and then the oldest until the rest
// is within the total. A pack is as old as the youngest output in it. `now` is the wall clock, as
// the files' times are.
void sweep_outputs(const std::string& state, const Retention& retention, Time now);

}  // namespace jobq::exec
