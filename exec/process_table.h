// SPDX-License-Identifier: Apache-2.0
// One look at the processes of this machine, from /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace jobq::exec {

struct ProcessEntry {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  std::uint32_t threads = 0;
  char state = '?';
  std::uint64_t start_time = 0;  // clock ticks since boot: with the pid, one process for ever
  bool living() const { return state != 'Z' && state != 'X'; }
};

// The text of /proc/PID/stat. A program's name may hold anything, also ") R 1".
std::optional<ProcessEntry> parse_stat(std::string_view text);

std::optional<ProcessEntry> look_at(pid_t pid);
std::vector<pid_t> all_pids();
std::vector<ProcessEntry> look_at_all();  // sorted by pid

// Does the process carry NAME=VALUE in the environment that it was executed with? False where that
// may not be read.
bool has_variable(pid_t pid, std::string_view assignment);

}  // namespace jobq::exec
