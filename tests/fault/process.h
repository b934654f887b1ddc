// SPDX-License-Identifier: Apache-2.0
// Processes of a fault test: daemons, which are killed and stopped, and commands, which answer.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/fault/net_namespace.h"

namespace jobq::fault {

using Words = std::vector<std::string>;

// A daemon with its log; whoever owns it gives the orders, from one thread.
class Process {
 public:
  // Everything that it and its predecessors write is appended to the file. Without a namespace it
  // has the network of the thread that starts it.
  Process(Words command, std::string log, const NetNamespace* space = nullptr);
  ~Process();  // KILL
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void start();
  // False where it was not there any more: it had ended by itself.
  bool signal(int number);
  // Waits until it is gone, whatever it was told before. False where it is not in time; how it
  // ended stands in status() as waitpid(2) says it.
  bool reap(std::int64_t limit_ms);
  bool runs();
  int status() const { return status_; }
  pid_t pid() const { return pid_; }

 private:
  Words command_;
  std::string log_;
  const NetNamespace* space_;
  pid_t pid_ = 0;
  int status_ = 0;
};

struct Answer {
  int code = -1;  // -1: it was killed, or did not end in time
  std::string out;
  std::string err;
};
Answer run_command(const Words& command, const std::string& input, std::int64_t limit_ms);

// All processes that have the text in their command line or environment, but for this one.
std::set<pid_t> processes_with(const std::string& text);
std::string command_line(pid_t pid);

}  // namespace jobq::fault
