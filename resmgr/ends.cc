// SPDX-License-Identifier: Apache-2.0
// Walking through the known ends.
#include "resmgr/ends.h"

#include <algorithm>
#include <utility>

namespace jobq::resmgr {

std::optional<Time> sure_fit_on(const Node& node, const Demand& demand, Time now, Time last) {
  if (!node.usable() || !could_serve(node, demand)) return std::nullopt;
  std::vector<const Node::Held*> ends;
  for (const Node::Held& held : node.holdings) {
    if (held.end > now && held.end <= last) ends.push_back(&held);
  }
  if (ends.empty()) return std::nullopt;
  std::ranges::sort(ends, {}, &Node::Held::end);
  Amounts free = node.free;
  for (const Node::Held* held : ends) {
    add(free, held->holding->demand->node);
    if (fits(demand.node, free)) return held->end;
  }
  return std::nullopt;
}

std::optional<Time> first_end_after(const Node& node, Time now) {
  std::optional<Time> first;
  for (const Node::Held& held : node.holdings) {
    if (held.end > now && (!first || held.end < *first)) first = held.end;
  }
  return first;
}

const Amounts& Ends::gather(const Holding& ended) {
  const std::size_t position = ended.node->position;
  if (gathered_.size() <= position) gathered_.resize(position + 1);
  Gathered& gathered = gathered_[position];
  if (gathered.search != search_) {
    gathered.search = search_;
    gathered.free.assign(ended.node->free.begin(), ended.node->free.end());
  }
  add(gathered.free, ended.demand->node);
  return gathered.free;
}

std::optional<SureFit> Ends::first_fit(const Ledger& ledger, const Demand& demand, Time now,
                                       Work& work) {
  ++search_;
  std::optional<SureFit> found;
  const auto at_end = [&](const NodeEnd& end) {
    if (found && end.at > found->at) return false;
    ++work.glances;
    const Node& node = *end.holding->node;
    if (!node.usable() || !could_serve(node, demand)) return true;
    if (!fits(demand.node, gather(*end.holding))) return true;
    const bool better =
        !found || std::pair(end.at, node.id) < std::pair(found->at, found->node->id);
    if (better) found = SureFit{&node, end.at};
    return true;
  };
  ledger.each_group(demand.element, [&](const Group& group) {
    group.ends.each_from({now + Millis{1}, 0, nullptr}, at_end);
  });
  return found;
}

}  // namespace jobq::resmgr
