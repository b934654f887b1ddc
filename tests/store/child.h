// SPDX-License-Identifier: Apache-2.0
// A child process that does something with a journal and tells its numbers through a pipe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>

namespace jobq::store {

class Child {
 public:
  // Sends a number to the parent; may be called from any thread.
  using Tell = std::function<void(std::uint64_t)>;

  // Runs `body` in a forked process that ends without unwinding, as a crash would: no destructor of
  // its caller runs, and none of its own that `body` has not run.
  explicit Child(const std::function<void(const Tell&)>& body);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The next number; none once the child has ended.
  std::optional<std::uint64_t> next();
  void kill_now();

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

}  // namespace jobq::store
