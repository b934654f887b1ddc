// SPDX-License-Identifier: Apache-2.0
// Amounts of everything that a node has, as one row of numbers.
//
// Dimension 0 is gpus, then cpus, then memory in bytes, then the site-defined counts in the order
// in which their names were first met. A row may be shorter than another: what is missing is zero.
// Free amounts are negative where a node shrank below what it had granted. gpus stand first because
// rows are compared from the left when nodes are ranked: work that needs no gpu is kept off the
// nodes that have them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace jobq::resmgr {

using Amount = std::int64_t;
using Amounts = std::vector<Amount>;

inline constexpr std::size_t kGpus = 0;
inline constexpr std::size_t kCpus = 1;
inline constexpr std::size_t kMemory = 2;
inline constexpr std::size_t kFirstCount = 3;

// Larger amounts are cut to this, so that sums of a few of them cannot overflow.
inline constexpr Amount kMostAmount = Amount{1} << 60;

constexpr Amount to_amount(std::uint64_t n) {
  return n > static_cast<std::uint64_t>(kMostAmount) ? kMostAmount : static_cast<Amount>(n);
}

inline Amount at(std::span<const Amount> row, std::size_t i) { return i < row.size() ? row[i] : 0; }

// Do the needs, with `beside` taken as well, fit into what is free? A need of zero always fits.
bool fits(std::span<const Amount> needs, std::span<const Amount> free,
          std::span<const Amount> beside = {});

void add(Amounts& to, std::span<const Amount> what);
void subtract(Amounts& from, std::span<const Amount> what);

}  // namespace jobq::resmgr
