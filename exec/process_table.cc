// SPDX-License-Identifier: Apache-2.0
// Reading what /proc says about processes.
#include "exec/process_table.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>

#include "exec/files.h"

namespace jobq::exec {
namespace {

constexpr std::size_t kEnvironmentBytes = 4U << 20U;

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::string_view next_word(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

}  // namespace

std::optional<ProcessEntry> parse_stat(std::string_view text) {
  constexpr int kThreads = 20;  // counted from 1, as in proc(5)
  constexpr int kStartTime = 22;
  const std::size_t name_end = text.rfind(')');
  const std::size_t pid_end = text.find(' ');
  ProcessEntry entry;
  if (name_end == std::string_view::npos || !read_number(text.substr(0, pid_end), entry.pid)) {
    return std::nullopt;
  }
  text.remove_prefix(std::min(name_end + 2, text.size()));
  for (int field = 3; field <= kStartTime; ++field) {
    const std::string_view word = next_word(text);
    bool good = !word.empty();
    if (good && field == 3) entry.state = word[0];
    if (field == 4) good = read_number(word, entry.parent);
    if (field == 6) good = read_number(word, entry.session);
    if (field == kThreads) good = read_number(word, entry.threads);
    if (field == kStartTime) good = read_number(word, entry.start_time);
    if (!good) return std::nullopt;
  }
  return entry;
}

std::optional<ProcessEntry> look_at(pid_t pid) {
  return parse_stat(read_small_file(fmt::format("/proc/{}/stat", pid).c_str()));
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (!proc) return all;
  while (const dirent* const entry = readdir(proc.get())) {
    pid_t pid = 0;
    if (read_number(std::string_view(entry->d_name), pid)) all.push_back(pid);
  }
  return all;
}

std::vector<ProcessEntry> look_at_all() {
  std::vector<ProcessEntry> all;
  for (const pid_t pid : all_pids()) {
    if (const auto process = look_at(pid)) all.push_back(*process);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return all;
}

bool has_variable(pid_t pid, std::string_view assignment) {
  std::string environment =
      read_small_file(fmt::format("/proc/{}/environ", pid).c_str(), kEnvironmentBytes);
  environment.insert(environment.begin(), '\0');
  environment.push_back('\0');
  std::string wanted(1, '\0');
  wanted += assignment;
  wanted.push_back('\0');
  return environment.find(wanted) != std::string::npos;
}

}  // namespace jobq::exec
