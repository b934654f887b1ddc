// SPDX-License-Identifier: Apache-2.0
// Parsing and drawing.
#include "sim/distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/time.h"

namespace jobq::sim {
namespace {

using Kind = Distribution::Kind;

struct Form {
  std::string_view name;
  Kind kind;
  bool has_two;
};
constexpr std::array kForms = {
    Form{"constant", Kind::kConstant, false}, Form{"uniform", Kind::kUniform, true},
    Form{"exponential", Kind::kExponential, false}, Form{"lognormal", Kind::kLognormal, true},
    Form{"pareto", Kind::kPareto, true}};

tl::unexpected<Error> expected(std::string_view text) {
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is not a distribution; expected constant:X, uniform:LOW,HIGH, "
                          "exponential:MEAN, lognormal:MEDIAN,SIGMA or pareto:LEAST,SHAPE",
                          text));
}

// What is wrong with the numbers of a form that is right; empty: nothing.
std::string_view fault_of(const Distribution& distribution) {
  if (distribution.kind == Kind::kUniform && distribution.a > distribution.b) return kLowAboveHigh;
  if (distribution.kind == Kind::kPareto && distribution.b == 0) return "the shape is 0";
  return {};
}

}  // namespace

double Distribution::draw(Random& random) const {
  switch (kind) {
    case Kind::kConstant: return a;
    case Kind::kUniform: return a + (b - a) * random.unit();
    case Kind::kExponential: return -a * portable_log(random.unit());
    case Kind::kLognormal: return a * portable_exp(b * random.normal());
    case Kind::kPareto: return a * portable_exp(-portable_log(random.unit()) / b);
  }
  unreachable("distribution out of range");
}

Result<double> parse_quantity(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end && number >= 0 && std::isfinite(number)) return number;
  if (const Result<Millis> length = parse_duration(text)) {
    return static_cast<double>(length->count) / 1000;
  }
  return fail(
      ErrorCode::kUsage,
      fmt::format("'{}' is not a number; expected one such as 2.5, or 10m for a time", text));
}

Result<std::pair<double, double>> parse_two_quantities(std::string_view text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) {
    return fail(ErrorCode::kUsage, fmt::format("'{}' is one number; expected two, as 10,60", text));
  }
  const Result<double> first = parse_quantity(text.substr(0, comma));
  if (!first) return tl::unexpected(first.error());
  const Result<double> second = parse_quantity(text.substr(comma + 1));
  if (!second) return tl::unexpected(second.error());
  return std::pair(*first, *second);
}

Result<Distribution> parse_distribution(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name =
      colon == std::string_view::npos ? "constant" : text.substr(0, colon);
  const std::string_view values = text.substr(colon == std::string_view::npos ? 0 : colon + 1);
  const auto* form = std::ranges::find(kForms, name, &Form::name);
  if (form == kForms.end()) return expected(text);
  Distribution distribution{form->kind, 0, 0};
  if (form->has_two) {
    const auto both = parse_two_quantities(values);
    if (!both) return expected(text);
    std::tie(distribution.a, distribution.b) = *both;
  } else {
    const Result<double> one = parse_quantity(values);
    if (!one) return expected(text);
    distribution.a = *one;
  }
  const std::string_view fault = fault_of(distribution);
  if (fault.empty()) return distribution;
  return fail(ErrorCode::kUsage, fmt::format("'{}': {}", text, fault));
}

}  // namespace jobq::sim
