// SPDX-License-Identifier: Apache-2.0
// fork(2), a pipe, and SIGKILL.
#include "tests/store/child.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace jobq::store {

Child::Child(const std::function<void(const Tell&)>& body) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return;
  pid_ = fork();
  if (pid_ == 0) {
    close(ends[0]);
    body([&ends](std::uint64_t number) {
      if (write(ends[1], &number, sizeof number) < 0) _exit(1);
    });
    _exit(0);
  }
  close(ends[1]);
  pipe_ = ends[0];
}

Child::~Child() {
  kill_now();
  waitpid(pid_, nullptr, 0);
  close(pipe_);
}

std::optional<std::uint64_t> Child::next() {
  std::uint64_t number = 0;
  if (read(pipe_, &number, sizeof number) != ssize_t{sizeof number}) return std::nullopt;
  return number;
}

void Child::kill_now() { kill(pid_, SIGKILL); }

}  // namespace jobq::store
