// SPDX-License-Identifier: Apache-2.0
// The generator and the two functions. Fused operations are switched off for this folder.
#include "sim/random.h"

#include <cmath>

namespace jobq::sim {
namespace {

constexpr double kLn2 = 0.693147180559945309417;
constexpr double kRootHalf = 0.707106781186547524401;

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31U);
}

double Random::unit() { return static_cast<double>((next() >> 11U) + 1) * 0x1p-53; }

// The bias is limit / 2^64: nothing where limits are counts of things.
std::uint64_t Random::below(std::uint64_t limit) { return next() % limit; }

double Random::normal() {
  while (true) {
    const double x = 2 * unit() - 1;
    const double y = 2 * unit() - 1;
    const double square = x * x + y * y;
    if (square > 0 && square < 1) return x * std::sqrt(-2 * portable_log(square) / square);
  }
}

// x = m * 2^e with m near 1, and ln m = 2 atanh(z), z = (m-1)/(m+1).
double portable_log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < kRootHalf) {
    m *= 2;
    --exponent;
  }
  const double z = (m - 1) / (m + 1);
  const double square = z * z;
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
  return 2 * z * sum + exponent * kLn2;
}

// x = r + k ln 2 with r near 0, and the series of e^r.
double portable_exp(double x) {
  constexpr double kRange = 700;
  if (x > kRange) return HUGE_VAL;
  if (x < -kRange) return 0;
  const double k = std::floor(x / kLn2 + 0.5);
  const double r = x - k * kLn2;
  double sum = 1;
  for (int n = 20; n >= 1; --n) sum = 1 + sum * r / n;
  return std::ldexp(sum, static_cast<int>(k));
}

}  // namespace jobq::sim
