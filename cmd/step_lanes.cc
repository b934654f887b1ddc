// SPDX-License-Identifier: Apache-2.0
// Lanes from left to right, rows from top to bottom.
#include "cmd/step_lanes.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace jobq::cmd {
namespace {

// Where a line goes from the middle of a column.
constexpr unsigned kUp = 1;
constexpr unsigned kDown = 2;
constexpr unsigned kLeft = 4;
constexpr unsigned kRight = 8;

constexpr std::array<std::string_view, 16> kLines = {" ", "╵", "╷", "│", "╴", "╯", "╮", "┤",
                                                     "╶", "╰", "╭", "├", "─", "┴", "┬", "┼"};

std::string_view character(unsigned ways, bool unicode) {
  if (unicode) return kLines.at(ways);
  if (ways == 0) return " ";
  if (ways == (kUp | kDown)) return "|";
  return ways == (kLeft | kRight) ? "-" : "+";
}

struct Graph {
  std::vector<std::vector<std::size_t>> sources;     // each once
  std::vector<std::vector<std::size_t>> dependents;  // ascending
};

Graph graph_of(const std::vector<std::vector<std::size_t>>& sources) {
  Graph graph{sources, std::vector<std::vector<std::size_t>>(sources.size())};
  for (std::size_t step = 0; step < sources.size(); ++step) {
    std::vector<std::size_t>& own = graph.sources[step];
    std::sort(own.begin(), own.end());
    own.erase(std::unique(own.begin(), own.end()), own.end());
    for (const std::size_t source : own) graph.dependents[source].push_back(step);
  }
  return graph;
}

// Of what is free to come, the one that became so last: it stands near to what it comes after.
std::vector<std::size_t> order_of(const Graph& graph) {
  std::vector<std::size_t> open(graph.sources.size());
  std::vector<std::size_t> free;
  for (std::size_t step = graph.sources.size(); step-- > 0;) {
    open[step] = graph.sources[step].size();
    if (open[step] == 0) free.push_back(step);
  }
  std::vector<std::size_t> order;
  while (!free.empty()) {
    const std::size_t step = free.back();
    free.pop_back();
    order.push_back(step);
    const std::vector<std::size_t>& dependents = graph.dependents[step];
    for (std::size_t i = dependents.size(); i-- > 0;) {
      if (--open[dependents[i]] == 0) free.push_back(dependents[i]);
    }
  }
  return order;
}

class Drawing {
 public:
  Drawing(const Graph& graph, std::size_t most_lanes, bool unicode)
      : graph_(graph), most_lanes_(most_lanes), unicode_(unicode) {}

  // False where there is no room.
  bool add(std::size_t step);
  std::vector<DrawnRow> take() { return std::move(rows_); }

 private:
  struct Lane {
    std::size_t step = 0;
    std::size_t left = 0;  // steps after it that are not drawn; 0: the lane is free
    bool is_taken() const { return left > 0; }
  };
  using Ways = std::vector<unsigned>;  // two columns a lane

  std::vector<std::size_t> lanes_of(const std::vector<std::size_t>& steps) const;
  std::size_t choose(const std::vector<std::size_t>& from);
  void add_lines(const std::vector<std::size_t>& from, std::size_t own);
  void add_row(const Ways& ways, std::optional<std::size_t> step, std::size_t own);

  const Graph& graph_;
  std::size_t most_lanes_;
  bool unicode_;
  std::vector<Lane> lanes_;
  std::vector<DrawnRow> rows_;
};

std::vector<std::size_t> Drawing::lanes_of(const std::vector<std::size_t>& steps) const {
  std::vector<std::size_t> found;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    const bool is_one = lanes_[lane].is_taken() &&
                        std::binary_search(steps.begin(), steps.end(), lanes_[lane].step);
    if (is_one) found.push_back(lane);
  }
  return found;
}

// The first lane that ends here goes on as the step's own; else one that is free.
std::size_t Drawing::choose(const std::vector<std::size_t>& from) {
  const auto ends = std::find_if(from.begin(), from.end(),
                                 [&](std::size_t lane) { return lanes_[lane].left == 1; });
  if (ends != from.end()) return *ends;
  const auto free =
      std::find_if(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return !lane.is_taken(); });
  const auto place = static_cast<std::size_t>(free - lanes_.begin());
  if (place == lanes_.size()) lanes_.emplace_back();
  return place;
}

void Drawing::add_lines(const std::vector<std::size_t>& from, std::size_t own) {
  Ways ways(2 * lanes_.size());
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (lanes_[lane].is_taken()) ways[2 * lane] = kUp | kDown;
  }
  ways[2 * own] |= kDown;
  for (const std::size_t lane : from) {
    if (lane == own) continue;
    if (lanes_[lane].left == 1) ways[2 * lane] &= ~kDown;
    const auto [left, right] = std::minmax(lane, own);
    ways[2 * left] |= kRight;
    ways[2 * right] |= kLeft;
    for (std::size_t column = 2 * left + 1; column < 2 * right; ++column) {
      // The line passes behind lanes that have nothing to do with the step.
      const bool is_lane = column % 2 == 0 && lanes_[column / 2].is_taken();
      const bool is_source = std::binary_search(from.begin(), from.end(), column / 2);
      if (!is_lane || is_source) ways[column] |= kLeft | kRight;
    }
  }
  add_row(ways, std::nullopt, own);
}

void Drawing::add_row(const Ways& ways, std::optional<std::size_t> step, std::size_t own) {
  DrawnRow row;
  row.step = step;
  std::size_t end = ways.size();
  while (end > 0 && ways[end - 1] == 0 && !(step && end - 1 == 2 * own)) --end;
  row.columns = end;
  for (std::size_t column = 0; column < end; ++column) {
    const bool is_mark = step && column == 2 * own;
    if (is_mark) continue;
    std::string& side = step && column > 2 * own ? row.after : row.before;
    side += character(ways[column], unicode_);
  }
  rows_.push_back(std::move(row));
}

bool Drawing::add(std::size_t step) {
  const std::vector<std::size_t> from = lanes_of(graph_.sources[step]);
  const std::size_t own = choose(from);
  if (lanes_.size() > most_lanes_) return false;
  if (!from.empty()) add_lines(from, own);
  for (const std::size_t lane : from) --lanes_[lane].left;
  lanes_[own] = {step, graph_.dependents[step].size()};
  Ways ways(2 * lanes_.size());
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (lane != own && lanes_[lane].is_taken()) ways[2 * lane] = kUp | kDown;
  }
  add_row(ways, step, own);
  while (!lanes_.empty() && !lanes_.back().is_taken()) lanes_.pop_back();
  return true;
}

}  // namespace

std::vector<std::size_t> running_order(const std::vector<std::vector<std::size_t>>& sources) {
  return order_of(graph_of(sources));
}

std::optional<std::vector<DrawnRow>> draw(const std::vector<std::vector<std::size_t>>& sources,
                                          std::size_t most_lanes, bool unicode) {
  const Graph graph = graph_of(sources);
  Drawing drawing(graph, most_lanes, unicode);
  for (const std::size_t step : order_of(graph)) {
    if (!drawing.add(step)) return std::nullopt;
  }
  return drawing.take();
}

}  // namespace jobq::cmd
