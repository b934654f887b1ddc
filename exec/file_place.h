// SPDX-License-Identifier: Apache-2.0
// Opening what a file order names, with the rights that the thread has.
//
// A path on a node is any that the user may go. A path in an area stays below the area's directory,
// whatever links lie there: the kernel sees to it (openat2 with RESOLVE_BENEATH).
#pragma once

#include <string>

#include "base/result.h"
#include "exec/files.h"
#include "net/files.pb.h"

namespace jobq::exec {

// The error of a system call on the order's path.
tl::unexpected<Error> path_error(const wire::FileOrder& order, int error);

Result<Descriptor> open_path(const wire::FileOrder& order, int flags);

// The directory of the path's last name, and that name.
struct NamedIn {
  Descriptor directory;
  std::string name;
};
Result<NamedIn> open_parent(const wire::FileOrder& order);

// Each directory of the path that is missing; the last one with the order's mode, where it has one.
Result<void> make_path(const wire::FileOrder& order);

}  // namespace jobq::exec
