// SPDX-License-Identifier: Apache-2.0
// Placing requests into profiles.
#include "resmgr/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"

namespace jobq::resmgr {

bool suits_better(const Demand& demand, const Node& a, const Node& b) {
  Amounts left_a(a.free);
  Amounts left_b(b.free);
  subtract(left_a, demand.node);
  subtract(left_b, demand.node);
  const auto compare = [&](std::size_t dimensions, auto part) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      const auto order = part(at(left_a, d)) <=> part(at(left_b, d));
      if (order != 0) return order;
    }
    return std::strong_ordering::equal;
  };
  const auto missing =
      compare(demand.node.size(), [](Amount left) { return std::max<Amount>(-left, 0); });
  if (missing != 0) return missing < 0;
  const auto over = compare(kFirstCount, [](Amount left) { return std::max<Amount>(left, 0); });
  return over != 0 ? over < 0 : a.id < b.id;
}

// Nodes on which the request might start, and when. `sure` is the node on which it will at the
// latest.
struct Plan::Choice {
  struct Spot {
    const Node* node = nullptr;
    Time might;  // with all unsure holders gone
    Time sure;   // with all of them still there; kForever for never
  };
  Time from;  // not before
  std::vector<Spot> spots;
  std::optional<Spot> sure;

  Time last() const { return sure ? sure->sure : kForever; }
  // Where it must keep its needs in reach: it may start there before it is sure to start elsewhere.
  bool counts(const Spot& spot) const {
    return spot.might < last() || (sure && spot.node == sure->node);
  }
};

Plan::Plan(const Ledger& ledger, Time now, Work& work)
    : ledger_(&ledger), now_(now), soon_(now + Millis{1}), work_(&work) {}

// --- outlooks

Outlook Plan::build(const Node& node) const {
  std::vector<Outlook::Holder> holders;
  holders.reserve(node.holdings.size());
  for (const Node::Held& held : node.holdings) {
    const bool sure = held.end > now_;
    holders.push_back({held.holding->demand->node, sure ? std::optional(held.end) : std::nullopt});
  }
  return {now_, node.free, ledger_->dimensions(), std::move(holders)};
}

// Parts of one job hold an exclusive resource together, so the job is the holder.
Outlook Plan::build(const Named& named) const {
  std::vector<Outlook::Holder> holders;
  for (const auto& [serial, share] : named.shares) {
    if (named.exclusive() && !holders.empty()) break;
    holders.push_back({{&share.amount, 1}, std::nullopt});
  }
  return {now_, {&named.free, 1}, 1, std::move(holders)};
}

Outlook& Plan::outlook(const Node& node) {
  if (built_at_.size() <= node.position) built_at_.resize(node.position + 1);
  std::uint32_t& place = built_at_[node.position];
  if (place == 0) {
    built_.push_back({&node, build(node)});
    place = static_cast<std::uint32_t>(built_.size());
  }
  return built_[place - 1].outlook;
}

Outlook& Plan::outlook(const Named& named) {
  const auto known = named_.find(named.position);
  if (known != named_.end()) return known->second;
  return named_.emplace(named.position, build(named)).first->second;
}

const Outlook* Plan::built(const Node& node) const {
  const bool known = node.position < built_at_.size();
  const std::uint32_t place = known ? built_at_[node.position] : 0;
  return place == 0 ? nullptr : &built_[place - 1].outlook;
}

const Outlook* Plan::built(const Named& named) const {
  const auto known = named_.find(named.position);
  return known == named_.end() ? nullptr : &known->second;
}

// --- starting now

bool Plan::may_start_on(const Demand& demand, const Node& node) const {
  const Outlook* on = built(node);
  return on == nullptr || on->may_take(demand.node, end_of(now_, demand.limit));
}

bool Plan::may_take_named(const Demand& demand) const {
  return std::ranges::all_of(demand.named, [&](const NamedNeed& need) {
    const Outlook* of = built(*need.of);
    if (of == nullptr) return need.amount <= need.of->free;
    return of->may_take({&need.amount, 1}, end_of(now_, demand.limit));
  });
}

std::optional<Place> Plan::start(const Demand& demand) {
  ++work_->placements;
  if (!may_take_named(demand)) return std::nullopt;
  if (!demand.takes_from_node()) return Place{};
  const Refused asked{&demand, end_of(now_, demand.limit)};
  if (was_refused(asked)) return std::nullopt;
  const auto accepts = [&](const Node& node) { return may_start_on(demand, node); };
  if (auto place = ledger_->place(demand, accepts)) return place;
  note_refused(asked);
  return std::nullopt;
}

bool Plan::Refused::covers(const Refused& other) const {
  const bool on_same = demand->element == 0 || demand->element == other.demand->element;
  const bool on_all_of = (!demand->avoid || demand->avoid == other.demand->avoid) &&
                         (demand->service == other.demand->service || !demand->service) &&
                         std::ranges::includes(other.demand->features, demand->features);
  const bool as_many = demand->needs.nodes <= other.demand->needs.nodes;
  if (!on_same || !on_all_of || !as_many || until > other.until) return false;
  for (std::size_t d = 0; d < demand->node.size(); ++d) {
    if (demand->node[d] > at(other.demand->node, d)) return false;
  }
  return true;
}

bool Plan::was_refused(const Refused& asked) const {
  return std::ranges::any_of(refused_, [&](const Refused& known) { return known.covers(asked); });
}

void Plan::note_refused(const Refused& asked) {
  std::erase_if(refused_, [&](const Refused& known) { return asked.covers(known); });
  refused_.push_back(asked);
}

void Plan::begin(const Demand& demand, const Place& place) {
  const Time until = end_of(now_, demand.limit);
  for (const NamedNeed& need : demand.named) {
    outlook(*need.of).take({{&need.amount, 1}, std::nullopt}, until);
  }
  const auto end = demand.limit ? std::optional(until) : std::nullopt;
  place.each([&](const Node& node) { outlook(node).take({demand.node, end}, until); });
}

// --- reserving

std::optional<Time> Plan::named_earliest(const Demand& demand, Time from, bool sure) {
  Time start = from;
  for (std::size_t i = 0; i < demand.named.size();) {
    const NamedNeed& need = demand.named[i];
    const auto found = outlook(*need.of).earliest(start, demand.limit, {&need.amount, 1}, sure);
    if (!found) return std::nullopt;
    // A later start sends the search back to the first name.
    i = *found == start ? i + 1 : 0;
    start = *found;
  }
  return start;
}

// On the node and of the named resources together. `sure` speaks of the node only: of named
// resources nothing is ever sure.
std::optional<Time> Plan::earliest(const Demand& demand, const Outlook& on, bool sure,
                                   const Choice& choice) {
  Time start = choice.from;
  while (true) {
    const auto found = on.earliest(start, demand.limit, demand.node, sure, choice.last());
    if (!found) return std::nullopt;
    const auto named = named_earliest(demand, *found, false);
    if (!named || *named == *found) return named;
    start = *named;
  }
}

// A glance that spares a look: without room now, nothing starts before the first end.
bool Plan::could_start_before(const Demand& demand, const Node& node, Time last) const {
  if (!node.usable() || !could_serve(node, demand)) return false;
  if (last == kForever || fits(demand.node, node.free)) return true;
  return std::max(node.first_end(), soon_) <= last;
}

void Plan::glance(const Demand& demand, const Node& node, Choice& choice) {
  ++work_->glances;
  if (could_start_before(demand, node, choice.last())) consider(demand, node, choice);
}

void Plan::consider(const Demand& demand, const Node& node, Choice& choice) {
  ++work_->visits;
  const Outlook& on = outlook(node);
  const std::optional<Time> might = earliest(demand, on, false, choice);
  if (!might || *might > choice.last()) return;
  const auto sure = on.all_sure() ? might : earliest(demand, on, true, choice);
  admit(demand, node, *might, sure.value_or(kForever), choice);
}

void Plan::admit(const Demand& demand, const Node& node, Time might, Time sure, Choice& choice) {
  const Choice::Spot spot{&node, might, sure};
  choice.spots.push_back(spot);
  if (sure == kForever) return;
  const bool better = sure < choice.last() ||
                      (sure == choice.last() && suits_better(demand, node, *choice.sure->node));
  if (better) choice.sure = spot;
}

// Is nothing claimed on the node, and every end there known?
bool Plan::is_clear(const Node& node) const {
  return built(node) == nullptr && node.first_end() > now_;
}

// Of the clear nodes the one where it starts first: with room now, the one that best_fit() says.
void Plan::consider_clear(const Demand& demand, Choice& choice) {
  const auto clear = [&](const Node& node) { return is_clear(node); };
  if (const Node* node = ledger_->best_fit(demand, clear)) {
    if (const auto at = named_earliest(demand, choice.from, false)) {
      admit(demand, *node, *at, *at, choice);
    }
    return;
  }
  const auto last = [&] { return choice.last(); };
  ledger_->each_group(demand.element, [&](const Group& group) {
    sweep(group).each_with_room(demand.node, work_->glances, last, [&](const Sweep::Step& step) {
      if (!suits(*step.node, demand) || !is_clear(*step.node)) return true;
      const auto at = named_earliest(demand, std::max(step.at, choice.from), false);
      if (at && *at <= choice.last()) admit(demand, *step.node, *at, *at, choice);
      return at.has_value();
    });
  });
  // Nothing is kept on the others, and each later end of the one named it again.
  if (choice.sure) choice.spots = {*choice.sure};
}

void Plan::consider_unclear(const Demand& demand, Choice& choice) {
  const std::size_t known = built_.size();
  for (const Node* node : unsure()) {
    if (built(*node) == nullptr) glance(demand, *node, choice);
  }
  for (std::size_t i = 0; i < known; ++i) glance(demand, *built_[i].node, choice);
}

// The nodes with ends that are not known, or are past; found when first asked for, because only
// nodes with an outlook join them during a pass.
const std::vector<const Node*>& Plan::unsure() {
  if (unsure_) return *unsure_;
  std::set<NodeId> ids;
  ledger_->each_group(0, [&](const Group& group) {
    group.endless.each_from({}, [&](NodeId id) { return ids.insert(id).second; });
    group.ends.each_from({Node::kUnsure, 0, nullptr}, [&](const NodeEnd& end) {
      if (end.at > now_) return false;
      ids.insert(end.holding->node->id);
      return true;
    });
  });
  unsure_.emplace();
  for (const NodeId id : ids) unsure_->push_back(ledger_->node(id));
  return *unsure_;
}

Sweep& Plan::sweep(const Group& group) {
  return sweeps_.try_emplace(&group, *ledger_, group, now_).first->second;
}

std::vector<const Node*> Plan::claim_nodes(const Demand& demand, const Choice& choice) {
  std::vector<const Node*> nodes;
  for (const Choice::Spot& spot : choice.spots) {
    if (!choice.counts(spot)) continue;
    ++work_->visits;
    outlook(*spot.node).claim(demand.node, spot.might, choice.last(), demand.limit);
    nodes.push_back(spot.node);
  }
  return nodes;
}

void Plan::claim_named(const Demand& demand, Time at) {
  for (const NamedNeed& need : demand.named) {
    outlook(*need.of).claim({&need.amount, 1}, at, kForever, demand.limit);
  }
}

std::optional<Plan::Reservation> Plan::reserve_named(const Demand& demand, Time from) {
  const std::optional<Time> at = named_earliest(demand, from, false);
  if (!at) return std::nullopt;
  const bool known = named_earliest(demand, from, true) == at;
  claim_named(demand, *at);
  return Reservation{*at, known, {}};
}

void Plan::keep(const Demand& demand, const std::vector<const Node*>& nodes,
                std::optional<Time> sure) {
  const Time at = sure.value_or(soon_);
  const Time from = demand.takes_several_nodes() ? at : soon_;  // no node is of use alone
  for (const Node* node : nodes) {
    ++work_->visits;
    const Time might = outlook(*node).earliest(from, demand.limit, demand.node, false).value_or(at);
    outlook(*node).claim(demand.node, might, sure.value_or(kForever), demand.limit);
  }
  claim_named(demand, at);
}

std::optional<Plan::Reservation> Plan::reserve(const Demand& demand, Time from) {
  ++work_->reservations;
  Choice choice{.from = std::max(from, soon_), .spots = {}, .sure = {}};
  if (!demand.takes_from_node()) return reserve_named(demand, choice.from);
  if (demand.takes_several_nodes()) return reserve_several(demand, choice.from);
  consider_clear(demand, choice);
  consider_unclear(demand, choice);
  if (choice.spots.empty()) return std::nullopt;
  const Time at = std::ranges::min(choice.spots, {}, &Choice::Spot::might).might;
  const bool known = choice.last() == at && named_earliest(demand, at, true) == std::optional(at);
  Reservation reservation{at, known, claim_nodes(demand, choice)};
  claim_named(demand, at);
  return reservation;
}

}  // namespace jobq::resmgr
