// SPDX-License-Identifier: Apache-2.0
// Reading /proc/PID/statm and /proc/PID/smaps_rollup.
#include "exec/memory_use.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "exec/files.h"

namespace jobq::exec {
namespace {

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return 0;
  std::from_chars(text.data() + begin, text.data() + text.size(), value);
  return value;
}

// "12345 678 90 ...": in pages, what is mapped, what is resident, ...
std::uint64_t resident_bytes(pid_t pid) {
  static const auto kPage = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::string text = read_small_file(fmt::format("/proc/{}/statm", pid).c_str());
  const std::size_t space = text.find(' ');
  return space == std::string::npos ? 0 : number(std::string_view(text).substr(space)) * kPage;
}

// "Pss:      123 kB", in KiB.
std::optional<std::uint64_t> proportional_bytes(pid_t pid) {
  const std::string text = read_small_file(fmt::format("/proc/{}/smaps_rollup", pid).c_str());
  constexpr std::string_view kKey = "\nPss:";
  const std::size_t at = text.find(kKey);
  if (at == std::string::npos) return std::nullopt;
  return number(std::string_view(text).substr(at + kKey.size())) * 1024;
}

}  // namespace

Bytes resident(const std::vector<pid_t>& processes) {
  Bytes sum;
  for (const pid_t pid : processes) sum.count += resident_bytes(pid);
  return sum;
}

Bytes proportional(const std::vector<pid_t>& processes) {
  Bytes sum;
  for (const pid_t pid : processes) {
    const auto share = proportional_bytes(pid);
    sum.count += share ? *share : resident_bytes(pid);
  }
  return sum;
}

}  // namespace jobq::exec
