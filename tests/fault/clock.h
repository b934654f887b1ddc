// SPDX-License-Identifier: Apache-2.0
// The time of a fault test, as its ledger and its timeline have it.
#pragma once

#include <cerrno>
#include <cstdint>
#include <ctime>

namespace jobq::fault {

// The wall clock. All processes of a run are on one machine, and nothing sets its clock.
inline std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

inline void wait_ms(std::int64_t ms) {
  timespec left{ms / 1000, (ms % 1000) * 1'000'000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

// Asks until it holds, for so long at most; false where it never did.
template <class Condition>
bool within(std::int64_t limit_ms, Condition holds) {
  constexpr std::int64_t kPauseMs = 30;
  const std::int64_t end_ms = now_ms() + limit_ms;
  while (!holds()) {
    if (now_ms() > end_ms) return false;
    wait_ms(kPauseMs);
  }
  return true;
}

}  // namespace jobq::fault
