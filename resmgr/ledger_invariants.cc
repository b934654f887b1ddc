// SPDX-License-Identifier: Apache-2.0
// Recounting the ledger from its grants alone.
#include <fmt/format.h>

#include <algorithm>

#include "resmgr/ledger.h"

namespace jobq::resmgr {
namespace {

Result<void> broken(std::string what) { return fail(ErrorCode::kInternal, std::move(what)); }

// Rows of unequal length are equal where the rest is zero.
bool equal(const Amounts& a, const Amounts& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (at(a, i) != at(b, i)) return false;
  }
  return true;
}

Result<void> check_node(const Node& node, const std::vector<const Holding*>& holdings) {
  Amounts free = node.total;
  std::multiset<std::uint32_t> gpus;
  std::size_t endless = 0;
  std::size_t count = 0;
  for (const Holding* one : holdings) {
    const Holding& holding = *one;
    if (holding.node != &node) continue;
    ++count;
    subtract(free, holding.demand->node);
    gpus.insert(holding.gpus.begin(), holding.gpus.end());
    if (!holding.end) ++endless;
    const auto held = std::ranges::lower_bound(node.holdings, holding.id, {}, &Node::Held::id);
    const bool known = held != node.holdings.end() && held->holding == &holding;
    if (!known || held->end != holding.end.value_or(Node::kUnsure))
      return broken(fmt::format("{} forgot job {}", node.name, holding.id.job.value));
  }
  if (!equal(free, node.free)) return broken(fmt::format("{} miscounts what is free", node.name));
  if (endless != node.endless) return broken(fmt::format("{} miscounts its ends", node.name));
  if (count != node.holdings.size()) return broken(fmt::format("{} miscounts its jobs", node.name));
  if (!std::ranges::equal(gpus, node.gpus_held)) {
    return broken(fmt::format("{} miscounts its gpus, or gave one twice", node.name));
  }
  return {};
}

Result<void> check_named(const Named& named, const std::vector<const Holding*>& holdings) {
  Amount held = 0;
  std::set<JobNumber> jobs;
  std::size_t count = 0;
  for (const Holding* holding : holdings) {
    if (holding->id.seat != 0) continue;
    for (const auto* list : {&holding->demand->named, &holding->demand->shared}) {
      for (const NamedNeed& need : *list) {
        if (need.of != &named) continue;
        ++count;
        held += need.amount;
        jobs.insert(holding->id.job);
      }
    }
  }
  const std::string& name = named.resource.name;
  if (named.exclusive() && jobs.size() > 1) return broken(fmt::format("{} has two holders", name));
  if (named.exclusive()) held = jobs.empty() ? 0 : 1;
  if (count != named.shares.size()) return broken(fmt::format("{} miscounts its holders", name));
  if (named.exists && named.free != named.total() - held) {
    return broken(fmt::format("{} miscounts what is free", name));
  }
  return {};
}

// Of what holds several nodes each seat is on another one, and they end together.
Result<void> check_seats(const Ledger& ledger, const Holding& whole) {
  std::set<const Node*> nodes;
  for (RequestId id = whole.id; id.seat < whole.demand->needs.nodes; ++id.seat) {
    const Holding* seat = ledger.holding(id);
    if (seat == nullptr) return broken(fmt::format("job {} lacks a node", id.job.value));
    nodes.insert(seat->node);
    if (seat->end != whole.end) return broken(fmt::format("job {} ends twice", id.job.value));
  }
  if (nodes.size() == whole.demand->needs.nodes) return {};
  return broken(fmt::format("job {} has a node twice", whole.id.job.value));
}

}  // namespace

Result<void> Ledger::check_invariants() const {
  std::vector<const Holding*> held;
  holdings_.each([&](const Holding& holding) { held.push_back(&holding); });
  if (held.size() != holdings_.size()) return broken("what is held is miscounted");
  for (const Holding* one : held) {
    if (one->id.seat != 0) continue;
    if (Result<void> good = check_seats(*this, *one); !good) return good;
  }
  std::size_t usable = 0;
  for (const auto& [id, node] : nodes_) {
    if (Result<void> good = check_node(node, held); !good) return good;
    if (!node.usable()) continue;
    ++usable;
    if (node.group->rooms.find(room_of(node)) == nullptr)
      return broken(fmt::format("{} has no room", node.name));
  }
  std::size_t rooms = 0;
  std::size_t ends = 0;
  std::size_t endless = 0;
  for (const auto& [elements, group] : groups_) {
    rooms += group.rooms.size();
    ends += group.ends.size();
    endless += group.endless.size();
  }
  if (usable != rooms) return broken("a node that gives nothing has room");
  const auto has_end = [](const Holding* one) { return one->end && one->node; };
  if (ends != static_cast<std::size_t>(std::ranges::count_if(held, has_end))) {
    return broken("the known ends are miscounted");
  }
  const auto has_endless = [](const auto& entry) { return entry.second.endless != 0; };
  if (endless != static_cast<std::size_t>(std::ranges::count_if(nodes_, has_endless))) {
    return broken("the nodes with unknown ends are miscounted");
  }
  for (const auto& [key, named] : named_) {
    if (Result<void> good = check_named(named, held); !good) return good;
  }
  return {};
}

}  // namespace jobq::resmgr
