// SPDX-License-Identifier: Apache-2.0
// All chance of a simulated world, from one seed. SplitMix64 (Steele, Lea and Flood, 2014): a seed
// means the same on every machine, which the library's distributions do not promise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace jobq::sim {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31U);
  }
  // 0 to count-1; count is at least 1.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  // Both ends included.
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::size_t>(most - least) + 1));
  }
  Millis between(Millis least, Millis most) { return {between(least.count, most.count)}; }

 private:
  std::uint64_t state_;
};

}  // namespace jobq::sim
