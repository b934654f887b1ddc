// SPDX-License-Identifier: Apache-2.0
// Word from the kernel (inotify) of what comes into the spool directory.
//
// libuv's own watcher does not tell the end of a writing from its beginning, nor that the kernel's
// queue ran over; so its handles watch our descriptor.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "controller/spool_file.h"

struct uv_loop_s;

namespace jobq::controller {

class SpoolWatch {
 public:
  struct Sighting {
    std::string name;
    SpoolSight sight;
  };
  struct Handlers {
    std::function<void(std::vector<Sighting>)> seen;
    std::function<void()> lost_some;  // look for yourself
  };

  static Result<SpoolWatch> start(uv_loop_s* loop, const std::string& path, Handlers handlers);
  SpoolWatch(SpoolWatch&& other) noexcept;
  SpoolWatch& operator=(SpoolWatch&&) = delete;
  ~SpoolWatch();

 private:
  struct Handle;
  explicit SpoolWatch(Handle* handle) : handle_(handle) {}
  Handle* handle_;  // outlives this until the loop has closed it
};

}  // namespace jobq::controller
