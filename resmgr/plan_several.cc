// SPDX-License-Identifier: Apache-2.0
// Placing requests that take several nodes together.
//
// No node is of use alone: such a request may start when enough of them might have room at one
// time, and not before. From then on it keeps its needs in reach on every node that might have room
// before it is sure to start; where all ends are known, on just so many as it takes.
#include <algorithm>
#include <utility>

#include "resmgr/ends.h"
#include "resmgr/plan.h"

namespace jobq::resmgr {
namespace {

// After so many times at which too few nodes had room together, for what others keep in reach
// later, only nodes count that have it for ever: of these there are never fewer again.
constexpr int kMostTimes = 64;

}  // namespace

// All nodes that it may be met on, whatever is free there.
std::vector<const Node*> Plan::able(const Demand& demand) const {
  std::vector<const Node*> nodes;
  ledger_->each_group(demand.element, [&](const Group& group) {
    group.rooms.each_from({-kMostAmount, -kMostAmount, -kMostAmount, {}}, [&](const Room& room) {
      const Node* node = ledger_->node(std::get<NodeId>(room));
      if (could_serve(*node, demand)) nodes.push_back(node);
      return true;
    });
  });
  return nodes;
}

// The first time at which the node has room until the limit. Where nothing is claimed and every end
// is known, what is free only grows.
std::optional<Time> Plan::room_on(const Node& node, const Demand& demand, Time from, bool sure,
                                  std::optional<Millis> limit) {
  ++work_->glances;
  if (!is_clear(node)) {
    ++work_->visits;
    return outlook(node).earliest(from, limit, demand.node, sure);
  }
  if (fits(demand.node, node.free)) return from;
  const auto at = sure_fit_on(node, demand, now_, kForever);
  return at ? std::optional(std::max(*at, from)) : std::nullopt;
}

// The first time at which enough of the nodes have room at once, and what it needs by name is
// there.
std::optional<Time> Plan::together(const std::vector<const Node*>& nodes, const Demand& demand,
                                   Time from, bool sure) {
  std::optional<Time> start = named_earliest(demand, from, false);
  for (int looked = 0; start; ++looked) {
    const std::optional<Millis> limit = looked < kMostTimes ? demand.limit : std::nullopt;
    std::vector<Time> times;
    for (const Node* node : nodes) {
      if (const auto at = room_on(*node, demand, *start, sure, limit)) times.push_back(*at);
    }
    if (times.size() < demand.needs.nodes) return std::nullopt;
    const auto enough = times.begin() + static_cast<std::ptrdiff_t>(demand.needs.nodes) - 1;
    std::ranges::nth_element(times, enough);
    if (*enough == *start) return start;
    start = named_earliest(demand, *enough, false);
  }
  return std::nullopt;
}

// Of those that have room at that time, as many as it takes, those that suit best first.
std::vector<const Node*> Plan::tightest(const std::vector<const Node*>& nodes, const Demand& demand,
                                        Time at, bool sure) {
  std::vector<const Node*> found;
  for (const Node* node : nodes) {
    const auto room = room_on(*node, demand, at, sure, demand.limit);
    if (room && *room == at) found.push_back(node);
  }
  const std::size_t enough = std::min<std::size_t>(found.size(), demand.needs.nodes);
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(enough);
  std::ranges::partial_sort(found, end, [&](const Node* a, const Node* b) {
    const bool same = (a->id == demand.rather_not) == (b->id == demand.rather_not);
    return same ? suits_better(demand, *a, *b) : b->id == demand.rather_not;
  });
  found.resize(enough);
  return found;
}

std::optional<Plan::Reservation> Plan::reserve_several(const Demand& demand, Time from) {
  const std::vector<const Node*> nodes = able(demand);
  if (nodes.size() < demand.needs.nodes) return std::nullopt;
  const std::optional<Time> might = together(nodes, demand, from, false);
  if (!might) return std::nullopt;
  const std::optional<Time> sure = together(nodes, demand, from, true);
  const Time last = sure.value_or(kForever);
  std::vector<const Node*> claimed;
  if (sure) claimed = tightest(nodes, demand, last, true);
  for (const Node* node : last > *might ? nodes : std::vector<const Node*>()) {
    const auto at = room_on(*node, demand, *might, false, demand.limit);
    const bool is_new = std::ranges::find(claimed, node) == claimed.end();
    if (at && *at < last && is_new) claimed.push_back(node);
  }
  for (const Node* node : claimed) {
    const auto at = room_on(*node, demand, *might, false, demand.limit);
    ++work_->visits;
    outlook(*node).claim(demand.node, at.value_or(*might), last, demand.limit);
  }
  claim_named(demand, *might);
  const bool known = last == *might && named_earliest(demand, *might, true) == might;
  return Reservation{*might, known, std::move(claimed)};
}

}  // namespace jobq::resmgr
