// SPDX-License-Identifier: Apache-2.0
// Whoever is left when a test is interrupted, killed or aborts: nobody.
//
// Daemons of a test live on without it, keepers in sessions of their own, and no handler and no
// destructor runs in a test that is killed. So another process holds the reading end of a pipe of
// which the test has the only writing end: at its end, however that comes, the kernel closes it,
// and all processes of the test's directory are killed.
#pragma once

#include <string>

namespace jobq::fault {

class Watcher {
 public:
  // Before any thread is there, since it forks; `directory` is in the command line or environment
  // of all that is to go.
  explicit Watcher(const std::string& directory);
  ~Watcher();  // what is left by then goes as well
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  int alive_ = -1;  // open as long as this process is
};

}  // namespace jobq::fault
