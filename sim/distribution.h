// SPDX-License-Identifier: Apache-2.0
// Distributions as users write them.
//
//   constant:60  or 60      always the same
//   uniform:10,60           anything between
//   exponential:60          the mean
//   lognormal:60,1.5        the median, and the deviation of the logarithm
//   pareto:10,1.2           the least, and the shape: the lower, the heavier the tail
//
// Values are numbers, of times in seconds, or lengths of time such as 10m.
#pragma once

#include <string_view>

#include "base/result.h"
#include "sim/random.h"

namespace jobq::sim {

struct Distribution {
  enum class Kind { kConstant, kUniform, kExponential, kLognormal, kPareto };
  Kind kind = Kind::kConstant;
  double a = 0;
  double b = 0;

  double draw(Random& random) const;  // not negative
};

// An error says what was expected, without the option's name.
Result<Distribution> parse_distribution(std::string_view text);

// What is wrong with LOW,HIGH.
inline constexpr std::string_view kLowAboveHigh = "the first number is above the second";

// "2.5", "10m"; not negative.
Result<double> parse_quantity(std::string_view text);

// "a,b" -> two quantities; as many as are there, at most two.
Result<std::pair<double, double>> parse_two_quantities(std::string_view text);

}  // namespace jobq::sim
