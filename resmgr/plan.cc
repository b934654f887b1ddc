// SPDX-License-Identifier: Apache-2.0
// Placing requests into profiles.
#include "resmgr/plan.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace jobq::resmgr {
namespace {

// How well a node suits: the least still missing first, then the least left over.
bool suits_better(const Demand& demand, const Node& a, const Node& b) {
  std::vector<Amount> left_a(a.free);
  std::vector<Amount> left_b(b.free);
  subtract(left_a, demand.node);
  subtract(left_b, demand.node);
  const auto compare = [&](auto part) {
    for (std::size_t i = 0; i < demand.node.size(); ++i) {
      const auto order = part(at(left_a, i)) <=> part(at(left_b, i));
      if (order != 0) return order;
    }
    return std::strong_ordering::equal;
  };
  const auto missing = compare([](Amount left) { return std::max<Amount>(-left, 0); });
  if (missing != 0) return missing < 0;
  const auto over = compare([](Amount left) { return std::max<Amount>(left, 0); });
  return over != 0 ? over < 0 : a.id < b.id;
}

}  // namespace

// What a search over the nodes has found so far.
struct Plan::Choice {
  std::optional<Spot> sure;  // the first node on which the demand fits by limits alone
  std::vector<Spot> might;  // nodes on which it might start, by the end of a holder without a limit
};

Plan::Plan(const Ledger& ledger, Time now, Work& work)
    : ledger_(&ledger), now_(now), soon_(now + Millis{1}), work_(&work) {}

// --- outlooks

Plan::Outlook Plan::build(const Node& node) const {
  Outlook outlook{Profile(now_, node.free, ledger_->dimensions()), {}};
  std::vector<std::pair<Time, const Amounts*>> ends;
  ends.reserve(node.holdings.size());
  for (const auto& [id, holding] : node.holdings) {
    const bool sure = holding->end && *holding->end > now_;
    if (!sure) add(outlook.unsure, holding->demand->node);
    ends.emplace_back(sure ? *holding->end : soon_, &holding->demand->node);
  }
  std::ranges::sort(ends, {}, &std::pair<Time, const Amounts*>::first);
  for (const auto& [end, amounts] : ends) outlook.profile.gain(end, *amounts);
  return outlook;
}

Plan::Outlook Plan::build(const Named& named) const {
  const Amount held = named.total() - named.free;
  Outlook outlook{Profile(now_, {{named.free}}, 1), {held}};
  outlook.profile.gain(soon_, {{held}});
  return outlook;
}

Plan::Outlook& Plan::outlook(const Node& node) {
  nodes_.resize(ledger_->nodes().size());
  auto& place = nodes_[node.position];
  if (!place) place = std::make_unique<Outlook>(build(node));
  return *place;
}

Plan::Outlook& Plan::outlook(const Named& named) {
  named_.resize(ledger_->named_positions());
  auto& place = named_[named.position];
  if (!place) place = std::make_unique<Outlook>(build(named));
  return *place;
}

const Plan::Outlook* Plan::built(const Node& node) const {
  return node.position < nodes_.size() ? nodes_[node.position].get() : nullptr;
}

const Plan::Outlook* Plan::built(const Named& named) const {
  return named.position < named_.size() ? named_[named.position].get() : nullptr;
}

// --- starting now

bool Plan::may_start_on(const Demand& demand, const Node& node) const {
  const Outlook* reserved = built(node);
  return reserved == nullptr ||
         reserved->profile.fits(now_, end_of(now_, demand.limit), demand.node);
}

bool Plan::may_take_named(const Demand& demand) const {
  return std::ranges::all_of(demand.named, [&](const NamedNeed& need) {
    const Outlook* reserved = built(*need.of);
    if (reserved == nullptr) return need.amount <= need.of->free;
    return reserved->profile.fits(now_, end_of(now_, demand.limit), {{need.amount}});
  });
}

std::optional<Plan::Start> Plan::start(const Demand& demand) {
  ++work_->placements;
  if (!may_take_named(demand)) return std::nullopt;
  if (!demand.takes_from_node()) return Start{};
  const auto accepts = [&](const Node& node) { return may_start_on(demand, node); };
  const Node* node = ledger_->best_fit(demand, accepts);
  return node == nullptr ? std::nullopt : std::optional(Start{node});
}

void Plan::begin(const Demand& demand, const Start& start) {
  for (const NamedNeed& need : demand.named) {
    Outlook& of = outlook(*need.of);
    of.profile.take(now_, soon_, {{need.amount}});
    add(of.unsure, {{need.amount}});
  }
  if (start.node == nullptr) return;
  Outlook& on = outlook(*start.node);
  on.profile.take(now_, demand.limit ? end_of(now_, demand.limit) : soon_, demand.node);
  if (!demand.limit) add(on.unsure, demand.node);
}

// --- reserving

std::optional<Time> Plan::named_earliest(const Demand& demand, Time from, bool sure) {
  Time start = from;
  for (std::size_t i = 0; i < demand.named.size();) {
    const NamedNeed& need = demand.named[i];
    const Outlook& of = outlook(*need.of);
    const auto found =
        of.profile.earliest(start, demand.limit, {{need.amount}},
                            sure ? std::span<const Amount>(of.unsure) : std::span<const Amount>());
    if (!found) return std::nullopt;
    // A later start sends the search back to the first name.
    i = *found == start ? i + 1 : 0;
    start = *found;
  }
  return start;
}

// On the node and of the named resources together. `sure` speaks of the node only: of named
// resources nothing is ever sure.
std::optional<Time> Plan::earliest(const Demand& demand, const Node& node, bool sure) {
  const Outlook& on = outlook(node);
  const std::span<const Amount> beside =
      sure ? std::span<const Amount>(on.unsure) : std::span<const Amount>();
  Time start = soon_;
  while (true) {
    const auto found = on.profile.earliest(start, demand.limit, demand.node, beside);
    if (!found) return std::nullopt;
    const auto named = named_earliest(demand, *found, false);
    if (!named || *named == *found) return named;
    start = *named;
  }
}

void Plan::consider(const Demand& demand, const Node& node, Choice& choice) {
  ++work_->visits;
  const std::optional<Time> might = earliest(demand, node, false);
  if (!might || (choice.sure && *might > choice.sure->at)) return;
  const std::optional<Time> sure = earliest(demand, node, true);
  if (sure != might) choice.might.push_back({&node, *might});
  if (!sure) return;
  if (!choice.sure || *sure < choice.sure->at ||
      (*sure == choice.sure->at && suits_better(demand, node, *choice.sure->node))) {
    choice.sure = Spot{&node, *sure};
  }
}

void Plan::claim_named(const Demand& demand, Time at) {
  for (const NamedNeed& need : demand.named) {
    outlook(*need.of).profile.take(at, end_of(at, demand.limit), {{need.amount}});
  }
}

std::optional<Plan::Reservation> Plan::reserve_named(const Demand& demand) {
  const std::optional<Time> at = named_earliest(demand, soon_, false);
  if (!at) return std::nullopt;
  const bool known = named_earliest(demand, soon_, true) == at;
  claim_named(demand, *at);
  return Reservation{*at, known, {}};
}

std::optional<Plan::Reservation> Plan::reserve(const Demand& demand) {
  ++work_->reservations;
  if (!demand.takes_from_node()) return reserve_named(demand);
  Choice choice;
  for (const auto& [id, node] : ledger_->nodes()) {
    if (node.usable() && fits(demand.node, node.total)) consider(demand, node, choice);
  }
  std::vector<Spot> spots;
  for (const Spot& spot : choice.might) {
    if (!choice.sure || spot.at < choice.sure->at) spots.push_back(spot);
  }
  const bool sure = choice.sure && spots.empty();
  if (choice.sure) spots.push_back(*choice.sure);
  if (spots.empty()) return std::nullopt;

  Reservation reservation{std::ranges::min(spots, {}, &Spot::at).at, false, {}};
  reservation.known =
      sure && named_earliest(demand, reservation.at, true) == std::optional(reservation.at);
  for (const Spot& spot : spots) {
    outlook(*spot.node).profile.take(spot.at, end_of(spot.at, demand.limit), demand.node);
    reservation.nodes.push_back(spot.node);
  }
  claim_named(demand, reservation.at);
  return reservation;
}

}  // namespace jobq::resmgr
