// SPDX-License-Identifier: Apache-2.0
// Depth-first search for order and circles; bit sets for who comes before whom.
#include "sched/step_graph.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace jobq::sched {
namespace {

class Search {
 public:
  explicit Search(const StepGraph& graph) : graph_(graph), place_(graph.size(), kNew) {}

  StepOrder run() {
    for (std::uint32_t step = 0; step < graph_.size(); ++step) {
      if (place_[step] == kNew) visit(step);
    }
    if (!found_.circles.empty()) found_.order.clear();
    return std::move(found_);
  }

 private:
  static constexpr std::uint32_t kNew = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t kDone = kNew - 1;

  struct Entry {
    std::uint32_t step = 0;
    std::size_t next = 0;     // the condition to look at
    std::size_t circled = 0;  // 1 + the highest place at or below this one that is in a circle
  };

  void enter(std::uint32_t step) {
    place_[step] = static_cast<std::uint32_t>(path_.size());
    path_.push_back({step, 0, path_.empty() ? 0 : path_.back().circled});
  }

  void leave() {
    place_[path_.back().step] = kDone;
    found_.order.push_back(path_.back().step);
    path_.pop_back();
  }

  void visit(std::uint32_t root) {
    enter(root);
    while (!path_.empty()) {
      Entry& top = path_.back();
      if (top.next == graph_[top.step].size()) {
        leave();
        continue;
      }
      const std::uint32_t before = graph_[top.step][top.next++];
      if (place_[before] == kNew) {
        enter(before);
      } else if (place_[before] != kDone) {
        close_circle(place_[before]);
      }
    }
  }

  // The path from `place` to its end is a circle, each step having a condition on the next.
  void close_circle(std::size_t place) {
    if (path_.back().circled > place) return;
    std::vector<std::uint32_t> circle;
    for (std::size_t i = place; i < path_.size(); ++i) {
      circle.push_back(path_[i].step);
      path_[i].circled = i + 1;
    }
    std::reverse(circle.begin(), circle.end());
    std::rotate(circle.begin(), std::min_element(circle.begin(), circle.end()), circle.end());
    found_.circles.push_back(std::move(circle));
  }

  const StepGraph& graph_;
  std::vector<std::uint32_t> place_;  // on the path, or kNew or kDone
  std::vector<Entry> path_;
  StepOrder found_;
};

}  // namespace

StepOrder order_steps(const StepGraph& graph) { return Search(graph).run(); }

Ancestors::Ancestors(const StepGraph& graph, const std::vector<std::uint32_t>& order,
                     std::vector<std::uint32_t> of_interest)
    : of_interest_(std::move(of_interest)),
      words_((of_interest_.size() + 63) / 64),
      rows_(graph.size() * words_) {
  for (const std::uint32_t step : order) {
    for (const std::uint32_t before : graph[step]) {
      for (std::size_t w = 0; w < words_; ++w) {
        rows_[step * words_ + w] |= rows_[before * words_ + w];
      }
      const std::size_t column = column_of(before);
      if (column == of_interest_.size()) continue;
      rows_[step * words_ + column / 64] |= std::uint64_t{1} << (column % 64);
    }
  }
}

bool Ancestors::comes_before(std::uint32_t before, std::uint32_t step) const {
  const std::size_t column = column_of(before);
  check(column < of_interest_.size(), "a step that nobody was interested in");
  return ((rows_[step * words_ + column / 64] >> (column % 64)) & 1U) != 0;
}

std::size_t Ancestors::column_of(std::uint32_t step) const {
  const auto at = std::lower_bound(of_interest_.begin(), of_interest_.end(), step);
  const bool found = at != of_interest_.end() && *at == step;
  return found ? static_cast<std::size_t>(at - of_interest_.begin()) : of_interest_.size();
}

}  // namespace jobq::sched
