// SPDX-License-Identifier: Apache-2.0
// Calls when a file that stands at a path is removed, moved away, or otherwise not what it was,
// also when its directory is moved.
#pragma once

#include <functional>
#include <string>

#include "exec/readable.h"

namespace jobq::exec {

class FileWatch {
 public:
  FileWatch(uv_loop_s* loop, const std::string& path, std::function<void()> call);

 private:
  Readable notes_;
};

}  // namespace jobq::exec
