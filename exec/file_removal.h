// SPDX-License-Identifier: Apache-2.0
// Removing what lies in a storage area, with the rights that the thread has. Nothing else than an
// area's files is removed, and no link is followed: not on the way (exec/file_place.h), and not
// below.
#pragma once

#include "base/result.h"
#include "net/files.pb.h"

namespace jobq::exec {

// A file, a link, or a directory with all that is in it. What is not there is removed already.
Result<void> remove_path(const wire::FileOrder& order);

}  // namespace jobq::exec
