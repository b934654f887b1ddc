// SPDX-License-Identifier: Apache-2.0
// Looking at steps that have limits, as often as it is worth.
#include "exec/accounting.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "exec/memory_use.h"

namespace jobq::exec {
namespace {

constexpr std::int64_t kShortest = 10'000'000;
constexpr std::int64_t kLongest = 1'000'000'000;
constexpr std::int64_t kRestPerWork = 50;

// What one step can take in a second; with more threads it can be more, for a moment.
constexpr std::uint64_t kBytesPerSecond = std::uint64_t{4} << 30U;
constexpr std::uint64_t kProcessesPerSecond = 5000;

// Of this thread: while others had the processor nothing was spent.
std::int64_t spent_ns() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

std::int64_t time_to(std::uint64_t headroom, std::uint64_t per_second) {
  const double seconds = static_cast<double>(headroom) / static_cast<double>(per_second);
  return static_cast<std::int64_t>(std::min(seconds, 1.0) * static_cast<double>(kLongest));
}

}  // namespace

std::string memory_reason(Bytes used, Bytes granted) {
  constexpr std::uint64_t kMiB = 1U << 20U;
  const Bytes rounded{(used.count + kMiB - 1) / kMiB * kMiB};
  return fmt::format("memory: used {} of {} granted", format_bytes(rounded), format_bytes(granted));
}

void Accounting::watch(const AttemptId& id, Cell& cell, CellLimits limits, const Enforced& enforced,
                       std::int64_t now_ns) {
  if (enforced.memory) limits.memory = {};
  if (enforced.processes) limits.processes = 0;
  if (limits.memory.count > 0 || limits.processes > 0) {
    watched_[id] = {&cell, limits, {}, now_ns + kShortest};
  }
}

Bytes Accounting::peak(const AttemptId& id) const {
  const auto found = watched_.find(id);
  return found == watched_.end() ? Bytes() : found->second.peak;
}

void Accounting::forget(const AttemptId& id) { watched_.erase(id); }

std::optional<std::int64_t> Accounting::next() const {
  if (watched_.empty()) return std::nullopt;
  const auto first = std::min_element(
      watched_.begin(), watched_.end(),
      [](const auto& a, const auto& b) { return a.second.due_ns < b.second.due_ns; });
  return std::max(first->second.due_ns, rest_until_ns_);
}

std::vector<Accounting::Excess> Accounting::look(std::int64_t now_ns) {
  std::vector<Excess> all;
  if (now_ns < rest_until_ns_) return all;
  const std::int64_t before_ns = spent_ns();
  for (auto& [id, watched] : watched_) {
    if (watched.due_ns > now_ns) continue;
    watched.due_ns = now_ns + kLongest;
    if (auto excess = look_at(watched, now_ns)) {
      excess->id = id;
      all.push_back(std::move(*excess));
    }
  }
  rest_until_ns_ = now_ns + (spent_ns() - before_ns) * kRestPerWork;
  return all;
}

std::optional<Accounting::Excess> Accounting::look_at(Watched& watched, std::int64_t now_ns) {
  if (watched.limits.memory.count > 0) {
    if (auto excess = look_at_memory(watched, now_ns)) return excess;
  }
  return watched.limits.processes > 0 ? look_at_processes(watched, now_ns) : std::nullopt;
}

std::optional<Accounting::Excess> Accounting::look_at_memory(Watched& watched,
                                                             std::int64_t now_ns) {
  const Bytes granted = watched.limits.memory;
  const std::vector<pid_t> processes = watched.cell->processes();
  Bytes used = resident(processes);
  if (used > granted) used = proportional(processes);
  watched.peak = std::max(watched.peak, used);
  if (used > granted) return Excess{{}, pb::End::MEMORY, memory_reason(used, granted)};
  const std::int64_t wait = time_to(granted.count - used.count, kBytesPerSecond);
  watched.due_ns = std::min(watched.due_ns, now_ns + std::max(wait, kShortest));
  return std::nullopt;
}

std::optional<Accounting::Excess> Accounting::look_at_processes(Watched& watched,
                                                                std::int64_t now_ns) {
  const std::size_t granted = watched.limits.processes;
  const std::size_t there = watched.cell->tasks();
  if (there > granted) {
    return Excess{
        {}, pb::End::LIMIT, fmt::format("processes: {} with threads, {} granted", there, granted)};
  }
  const std::int64_t wait = time_to(granted - there, kProcessesPerSecond);
  watched.due_ns = std::min(watched.due_ns, now_ns + std::max(wait, kShortest));
  return std::nullopt;
}

}  // namespace jobq::exec
