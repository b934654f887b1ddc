// SPDX-License-Identifier: Apache-2.0
// Chance that is the same on every machine: a generator of our own, and logarithm and exponential
// from nothing but the four operations, which IEEE 754 defines to the last bit. The library's
// distributions and functions may differ from one machine to the next.
#pragma once

#include <cstdint>

namespace jobq::sim {

// SplitMix64 (Steele, Lea and Flood, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  double unit();                             // above 0, at most 1
  std::uint64_t below(std::uint64_t limit);  // 0 to limit-1; limit is at least 1
  double normal();                           // mean 0, deviation 1 (Marsaglia's polar method)

 private:
  std::uint64_t state_;
};

double portable_log(double x);  // x is above 0
double portable_exp(double x);  // 0 or infinite where it leaves the range

}  // namespace jobq::sim
