// SPDX-License-Identifier: Apache-2.0
// Collecting the parties and reducing them.
#include "resmgr/parties.h"

#include <algorithm>
#include <iterator>
#include <span>

namespace jobq::resmgr {
namespace {

Ledger::NamedKey key_of(const NamedNeed& need) {
  return {need.of->resource.name, need.of->resource.kind};
}

// A circle is for ever, and a service may be offered anywhere at any time: of known nodes it is not
// asked for.
bool counts_for(const Demand& demand, const Node& node, Parties::Of of) {
  if (of == Parties::Of::kUsableNodes) return node.usable() && suits(node, demand);
  return node.is_of(demand.element) && node.has(demand.features);
}

}  // namespace

// A node that the party holds something of and that could serve the demand; null for none.
const Node* Parties::stands_in_way(const Demand& demand, const Party& party) const {
  const Node* found = nullptr;
  ledger_->each_seat(*party.whole, [&](const Holding& seat) {
    const Node* node = seat.node;
    const bool could =
        node != nullptr && counts_for(demand, *node, of_) && fits(demand.node, node->total);
    if (could && found == nullptr) found = node;
  });
  return found;
}

Parties::Parties(const Ledger& ledger, const Waiting& waiting, Of of,
                 const std::set<RequestId>& started,
                 std::optional<std::pair<RequestId, const Demand*>> asking)
    : ledger_(&ledger), of_(of) {
  for (const RequestId id : waiting.of_parties()) {
    if (!started.contains(id)) parties_[id.job].waits.emplace_back(id, waiting.demand_of(id).get());
  }
  if (asking && ledger.holding(RequestId{asking->first.job, 0}) != nullptr) {
    parties_[asking->first.job].waits.push_back(*asking);
  }
  for (auto& [job, party] : parties_) {
    party.whole = ledger.holding(RequestId{job, 0});
    hold(*party.whole, 1);
  }
}

void Parties::hold(const Holding& whole, Amount sign) {
  for (const NamedNeed& need : whole.demand->named) {
    named_held_[key_of(need)] += sign * need.amount;
  }
  ledger_->each_seat(whole, [&](const Holding& seat) {
    if (seat.node == nullptr) return;
    Amounts& held = nodes_held_[seat.node->id];
    if (sign > 0) add(held, whole.demand->node);
    if (sign < 0) subtract(held, whole.demand->node);
  });
}

bool Parties::lacks(const NamedNeed& need) const {
  const auto held = named_held_.find(key_of(need));
  return held != named_held_.end() && held->second > 0 &&
         need.amount > need.of->total() - held->second;
}

// Only where a party holds something on a node that could serve it.
bool Parties::lacks_node(const Demand& demand) const {
  if (!demand.takes_from_node() || nodes_held_.empty()) return false;
  const bool helps = std::ranges::any_of(
      parties_, [&](const auto& entry) { return stands_in_way(demand, entry.second) != nullptr; });
  if (!helps) return false;
  std::uint32_t left = demand.needs.nodes;
  return std::ranges::none_of(ledger_->nodes(), [&](const auto& entry) {
    const auto& [id, node] = entry;
    if (!counts_for(demand, node, of_)) return false;
    const auto held = nodes_held_.find(id);
    const bool serves = fits(demand.node, node.total,
                             held == nodes_held_.end() ? std::span<const Amount>() : held->second);
    return serves && --left == 0;
  });
}

// Each request by itself: steps of one job can run one after the other.
bool Parties::can_end(const Party& party) const {
  return std::ranges::none_of(party.waits, [&](const auto& wait) {
    const auto lacking = [&](const NamedNeed& need) { return lacks(need); };
    return std::ranges::any_of(wait.second->named, lacking) || lacks_node(*wait.second);
  });
}

std::vector<Parties::Wait> Parties::waits_of(const Demand& demand) const {
  std::vector<Wait> waits;
  for (const NamedNeed& need : demand.named) {
    if (!lacks(need)) continue;
    for (const auto& [serial, share] : need.of->shares) {
      const bool party = share.holder.part == 0 && contains(share.holder.job);
      if (party) waits.push_back({need.of->resource.name, share.holder.job});
    }
  }
  if (!lacks_node(demand)) return waits;
  for (const auto& [job, party] : parties_) {
    if (const Node* node = stands_in_way(demand, party)) waits.push_back({node->name, job});
  }
  return waits;
}

std::vector<JobNumber> Parties::reduce() {
  std::vector<JobNumber> ended;
  for (std::size_t before = parties_.size() + 1; before != parties_.size();) {
    before = parties_.size();
    std::erase_if(parties_, [&](const auto& entry) {
      if (!can_end(entry.second)) return false;
      hold(*entry.second.whole, -1);
      ended.push_back(entry.first);
      return true;
    });
  }
  return ended;
}

std::vector<JobNumber> Parties::jobs() const {
  std::vector<JobNumber> jobs;
  for (const auto& [job, party] : parties_) jobs.push_back(job);
  return jobs;
}

// --- Precedence

Precedence::Precedence(const Ledger& ledger, const Waiting& waiting,
                       const std::set<RequestId>& started)
    : parties_(ledger, waiting, Parties::Of::kUsableNodes, started) {
  if (parties_.empty()) return;
  Parties rest = parties_;
  order_ = rest.reduce();
  std::ranges::copy(rest.jobs(), std::back_inserter(order_));
}

std::vector<RequestId> Precedence::before(const Demand& demand) const {
  if (parties_.empty()) return {};
  std::set<JobNumber> reached;
  std::vector<const Demand*> open{&demand};
  while (!open.empty()) {
    const Demand* next = open.back();
    open.pop_back();
    for (const Parties::Wait& wait : parties_.waits_of(*next)) {
      if (!reached.insert(wait.on).second) continue;
      for (const auto& [id, asked] : parties_.at(wait.on).waits) open.push_back(asked);
    }
  }
  std::vector<RequestId> requests;
  for (const JobNumber job : order_) {
    if (!reached.contains(job)) continue;
    for (const auto& [id, asked] : parties_.at(job).waits) requests.push_back(id);
  }
  return requests;
}

}  // namespace jobq::resmgr
