// SPDX-License-Identifier: Apache-2.0
// Calls when a file that stands at a path is removed, moved away, or otherwise not what it was,
// also when its directory is moved.
#pragma once

#include <functional>
#include <string>

struct uv_loop_s;

namespace jobq::exec {

class FileWatch {
 public:
  FileWatch(uv_loop_s* loop, const std::string& path, std::function<void()> call);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  struct Watch;
  Watch* watch_;  // libuv's until it has closed it
};

}  // namespace jobq::exec
