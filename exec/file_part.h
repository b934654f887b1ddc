// SPDX-License-Identifier: Apache-2.0
// A file while it comes: `.NAME.jobq-part` beside where it will be, mode 0600.
//
// It has the file's whole size from the beginning, with holes, and behind that a note of what it is
// a copy of, who writes it, and a byte for each block that is there. So any block may come at any
// time, on any connection, and whoever begins again learns what is missing. The note may be on disk
// before a block is: who copies compares checksums before the part gets its name.
//
// Who begins has the part alone from then on: the token of whoever began before is worth nothing.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "exec/files.h"
#include "net/files.pb.h"

namespace jobq::exec {

inline constexpr std::uint64_t kFileBlock = 512U << 10U;
inline constexpr std::uint64_t blocks_of(std::uint64_t size) {
  return (size + kFileBlock - 1) / kFileBlock;
}

// `owner`: whose files these are; nobody else's part is touched.
Result<wire::FileReply> begin_part(const wire::FileOrder& order, uid_t owner);
Result<wire::FileReply> write_part(const wire::FileOrder& order, uid_t owner);
Result<wire::FileReply> finish_part(const wire::FileOrder& order, uid_t owner);
std::uint64_t part_size(const wire::FileOrder& order);  // on disk; 0: there is none
Result<Descriptor> open_part(const wire::FileOrder& order, uid_t owner);

}  // namespace jobq::exec
