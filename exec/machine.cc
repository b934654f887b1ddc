// SPDX-License-Identifier: Apache-2.0
// What this machine has.
#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>

#include "exec/agent.h"

namespace jobq::exec {
namespace {

// cpuset and taskset count: these are the processors that steps will run on.
std::uint32_t usable_cpus() {
  constexpr int kMostCpus = 8192;
  cpu_set_t* const set = CPU_ALLOC(kMostCpus);
  const std::size_t size = CPU_ALLOC_SIZE(kMostCpus);
  CPU_ZERO_S(size, set);
  const bool known = sched_getaffinity(0, size, set) == 0;
  const long count = known ? CPU_COUNT_S(size, set) : sysconf(_SC_NPROCESSORS_ONLN);
  CPU_FREE(set);
  return static_cast<std::uint32_t>(std::max(count, 1L));
}

Bytes memory() {
  struct sysinfo info = {};
  if (sysinfo(&info) != 0) return {};
  return {static_cast<std::uint64_t>(info.totalram) * info.mem_unit};
}

// "nvidia0", but not "nvidiactl".
bool is_gpu(const std::string& name) {
  const std::string prefix = "nvidia";
  return name.size() > prefix.size() && name.starts_with(prefix) &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), name.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::uint32_t gpus() {
  std::uint32_t count = 0;
  std::error_code ignored;
  for (const auto& device : std::filesystem::directory_iterator("/dev", ignored)) {
    if (is_gpu(device.path().filename().string())) ++count;
  }
  return count;
}

}  // namespace

Capacity machine_capacity() { return {usable_cpus(), memory(), gpus(), {}}; }

}  // namespace jobq::exec
