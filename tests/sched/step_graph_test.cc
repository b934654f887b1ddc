// SPDX-License-Identifier: Apache-2.0
// Order, circles and ancestors of steps, on graphs that are drawn by hand and on many random ones.
#include "sched/step_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace jobq::sched {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(StepGraph, StepsComeAfterTheirConditions) {
  EXPECT_THAT(order_steps({{1, 2}, {2}, {}}).order, ElementsAre(2, 1, 0));
  EXPECT_THAT(order_steps({}).order, IsEmpty());
}

TEST(StepGraph, ACircleLeavesNoOrder) {
  const StepOrder found = order_steps({{1}, {2}, {0}, {}});
  EXPECT_THAT(found.order, IsEmpty());
  EXPECT_THAT(found.circles, ElementsAre(ElementsAre(0, 2, 1)));
}

TEST(StepGraph, AStepIsInOneCircleAtMost) {
  EXPECT_THAT(order_steps({{1, 2}, {0}, {0}}).circles, ElementsAre(ElementsAre(0, 1)));
}

TEST(StepGraph, DepthIsNoMatter) {
  StepGraph chain(1'000'000);
  for (std::uint32_t i = 0; i + 1 < chain.size(); ++i) chain[i] = {i + 1};
  EXPECT_EQ(order_steps(chain).order.size(), chain.size());
}

TEST(StepGraph, AncestorsAreFoundByAnyWay) {
  const StepGraph graph = {{}, {0}, {1}, {}, {2, 3}};
  const Ancestors ancestors(graph, order_steps(graph).order, {0, 3});
  EXPECT_TRUE(ancestors.comes_before(0, 1));
  EXPECT_TRUE(ancestors.comes_before(0, 4));
  EXPECT_TRUE(ancestors.comes_before(3, 4));
  EXPECT_FALSE(ancestors.comes_before(3, 2));
  EXPECT_FALSE(ancestors.comes_before(0, 0));
  EXPECT_FALSE(ancestors.comes_before(0, 3));
}

// The slow way, to compare with.
bool reaches(const StepGraph& graph, std::uint32_t from, std::uint32_t to) {
  return std::any_of(graph[from].begin(), graph[from].end(), [&](std::uint32_t before) {
    return before == to || reaches(graph, before, to);
  });
}

TEST(StepGraph, RandomOrdersAreRight) {
  std::uint32_t state = 1;
  const auto dice = [&](std::uint32_t limit) {
    state = state * 1664525U + 1013904223U;
    return (state >> 16U) % limit;
  };
  for (int round = 0; round < 200; ++round) {
    StepGraph graph(70);
    std::vector<std::uint32_t> all;
    for (std::uint32_t step = 0; step < graph.size(); ++step) {
      all.push_back(step);
      for (std::uint32_t i = dice(3); step > 0 && i > 0; --i) graph[step].push_back(dice(step));
    }
    const StepOrder found = order_steps(graph);
    ASSERT_EQ(found.order.size(), graph.size());
    const Ancestors ancestors(graph, found.order, all);
    for (int i = 0; i < 100; ++i) {
      const std::uint32_t a = dice(70);
      const std::uint32_t b = dice(70);
      ASSERT_EQ(ancestors.comes_before(a, b), reaches(graph, b, a));
    }
  }
}

}  // namespace
}  // namespace jobq::sched
