// SPDX-License-Identifier: Apache-2.0
// Chance from a seed; each thread of a test has its own, so that one does not shift another's.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace jobq::fault {

class Chance {
 public:
  Chance(std::uint64_t seed, std::uint64_t stream) {
    std::seed_seq mixed{seed, seed >> 32U, stream};
    engine_.seed(mixed);
  }

  // Both included.
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  bool one_in(std::int64_t times) { return between(1, times) == 1; }
  template <class T>
  const T& one_of(const std::vector<T>& things) {
    return things[static_cast<std::size_t>(
        between(0, static_cast<std::int64_t>(things.size()) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace jobq::fault
