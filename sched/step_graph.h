// SPDX-License-Identifier: Apache-2.0
// The order that conditions put steps in, and what does not fit in an order: circles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace jobq::sched {

// graph[s]: the steps that s has conditions on. A step is its position; none is on itself.
using StepGraph = std::vector<std::vector<std::uint32_t>>;

struct StepOrder {
  // Every step after those that it has conditions on; only where there are no circles.
  std::vector<std::uint32_t> order;
  // Circles in the order in which the steps would run, each beginning with its first step by
  // position. A step is in one circle at most, so there may be more circles than these.
  std::vector<std::vector<std::uint32_t>> circles;
};

// Depth first, without recursion; linear in steps and conditions.
StepOrder order_steps(const StepGraph& graph);

// Answers, for some steps of interest, whether they come before other steps by any chain of
// conditions.
class Ancestors {
 public:
  // `order` is complete; `of_interest` is sorted, no step is in it twice.
  Ancestors(const StepGraph& graph, const std::vector<std::uint32_t>& order,
            std::vector<std::uint32_t> of_interest);

  // `before` must be of interest.
  bool comes_before(std::uint32_t before, std::uint32_t step) const;

 private:
  std::size_t column_of(std::uint32_t step) const;

  std::vector<std::uint32_t> of_interest_;
  std::size_t words_;                // of 64 bits in a row
  std::vector<std::uint64_t> rows_;  // a row a step, a bit for each step of interest
};

}  // namespace jobq::sched
