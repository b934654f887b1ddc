// SPDX-License-Identifier: Apache-2.0
// The two clocks of a fault test: one for what is written down, one for waiting.
#pragma once

#include <cerrno>
#include <cstdint>
#include <ctime>

namespace jobq::fault {

inline std::int64_t clock_ms(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// Of the ledger and the timeline, which are compared with each other and with what jobq says.
inline std::int64_t wall_ms() { return clock_ms(CLOCK_REALTIME); }

// Nobody sets it: a wait is as long as it should be whatever becomes of the wall clock.
inline std::int64_t steady_ms() { return clock_ms(CLOCK_MONOTONIC); }

inline void wait_ms(std::int64_t ms) {
  timespec left{ms / 1000, (ms % 1000) * 1'000'000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

// Asks until it holds, for so long at most; false where it never did.
template <class Condition>
bool within(std::int64_t limit_ms, Condition holds) {
  constexpr std::int64_t kPauseMs = 30;
  const std::int64_t end_ms = steady_ms() + limit_ms;
  while (!holds()) {
    if (steady_ms() > end_ms) return false;
    wait_ms(kPauseMs);
  }
  return true;
}

}  // namespace jobq::fault
