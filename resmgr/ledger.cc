// SPDX-License-Identifier: Apache-2.0
// Bookkeeping of nodes, named resources and grants.
#include "resmgr/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace jobq::resmgr {

NodeState Node::state() const {
  if (!connected) return NodeState::kLost;
  if (!draining) return NodeState::kUp;
  return holdings.empty() ? NodeState::kDrained : NodeState::kDraining;
}

bool Node::offers(ServiceId service) const {
  return service == 0 || std::ranges::binary_search(service_ids, service);
}

bool Node::has(const std::vector<FeatureId>& wanted) const {
  return wanted.empty() || std::ranges::includes(features, wanted);
}

Time Node::first_end() const {
  if (first_end_known) return *first_end_known;
  Time first{std::numeric_limits<std::int64_t>::max()};
  for (const Held& held : holdings) first = std::min(first, held.end);
  first_end_known = first;
  return first;
}

// --- what there is

Room Ledger::room_of(const Node& node) {
  return {at(node.free, kGpus), at(node.free, kCpus), at(node.free, kMemory), node.id};
}

Amounts Ledger::amounts(std::uint32_t cpus, Bytes memory, std::uint32_t gpus,
                        const std::vector<Count>& counts) {
  Amounts row{to_amount(gpus), to_amount(cpus), to_amount(memory.count)};
  for (const Count& count : counts) {
    const auto dimension = counts_.try_emplace(count.name, dimensions()).first->second;
    if (row.size() <= dimension) row.resize(dimension + 1);
    row[dimension] += to_amount(count.amount);
  }
  return row;
}

// Every change of what a node has free or of its state goes through here, so that its room is
// always right.
template <class Change>
void Ledger::change_node(Node& node, const Change& change) {
  if (node.usable()) node.group->rooms.erase(room_of(node));
  change(node);
  node.first_end_known.reset();
  if (node.usable()) node.group->rooms.insert(room_of(node));
}

void Ledger::note_change(Node& node) {
  if (!std::exchange(node.changed, true)) changed_.push_back(&node);
}

Ledger::Changes Ledger::take_changes() {
  Changes changes;
  changes.named = std::exchange(named_gained_, false);
  for (Node* node : std::exchange(changed_, {})) {
    node->changed = false;
    changes.nodes.push_back(node);
  }
  return changes;
}

void Ledger::list_end(const Holding& holding) {
  if (holding.node == nullptr) return;
  Node& node = *holding.node;
  if (holding.end) {
    node.group->ends.insert({*holding.end, holding.serial, &holding});
  } else if (++node.endless == 1) {
    node.group->endless.insert(node.id);
  }
}

void Ledger::unlist_end(const Holding& holding) {
  if (holding.node == nullptr) return;
  Node& node = *holding.node;
  if (holding.end) {
    node.group->ends.erase({*holding.end, holding.serial, &holding});
  } else if (--node.endless == 0) {
    node.group->endless.erase(node.id);
  }
}

ElementId Ledger::element(std::string name) {
  if (name.empty()) return 0;
  const auto next = static_cast<ElementId>(element_ids_.size() + 1);
  return element_ids_.try_emplace(std::move(name), next).first->second;
}

ServiceId Ledger::service(std::string type) {
  if (type.empty()) return 0;
  const auto next = static_cast<ServiceId>(service_ids_.size() + 1);
  return service_ids_.try_emplace(std::move(type), next).first->second;
}

std::vector<FeatureId> Ledger::features(const std::vector<std::string>& names) {
  std::vector<FeatureId> ids;
  for (const std::string& name : names) {
    const auto next = static_cast<FeatureId>(feature_ids_.size() + 1);
    ids.push_back(feature_ids_.try_emplace(name, next).first->second);
  }
  std::ranges::sort(ids);
  return ids;
}

Group& Ledger::group_of(std::vector<std::string> elements) {
  std::set<ElementId> ids;
  for (std::string& name : elements) ids.insert(element(std::move(name)));
  std::vector<ElementId> key(ids.begin(), ids.end());
  Group& group = groups_[key];
  group.elements = std::move(key);
  return group;
}

bool Ledger::is_of(const Node& node, const std::string& element) const {
  if (element.empty()) return true;
  const auto known = element_ids_.find(element);
  return known != element_ids_.end() && node.is_of(known->second);
}

bool Ledger::offers(const Node& node, const std::string& service) const {
  return service.empty() || std::ranges::binary_search(node.services, service);
}

bool Group::is_of(ElementId element) const {
  return element == 0 || std::ranges::binary_search(elements, element);
}

Node& Ledger::known_node(NodeId id) const {
  const bool known = id.value < by_id_.size() && by_id_[id.value] != nullptr;
  check(known, "the node is known");
  return *by_id_[id.value];
}

void Ledger::set_elements(std::vector<std::string> names) {
  elements_ = std::set<std::string>(names.begin(), names.end());
}

void Ledger::set_node(NodeId id, const std::string& name, const Capacity& capacity,
                      std::vector<std::string> elements) {
  const auto [place, is_new] = nodes_.try_emplace(id);
  if (is_new) {
    place->second.id = id;
    place->second.position = nodes_.size() - 1;
    if (by_id_.size() <= id.value) by_id_.resize(id.value + 1);
    by_id_[id.value] = &place->second;
  }
  const Amounts total = amounts(capacity.cpus, capacity.memory, capacity.gpus, capacity.counts);
  for (const Node::Held& held : place->second.holdings) unlist_end(*held.holding);
  change_node(place->second, [&](Node& node) {
    node.gone = false;
    node.name = name;
    node.group = &group_of(std::move(elements));
    node.capacity = capacity;
    node.features = features(capacity.features);
    subtract(node.free, node.total);
    node.total = total;
    add(node.free, node.total);
  });
  for (const Node::Held& held : place->second.holdings) list_end(*held.holding);
  note_change(place->second);
}

void Ledger::forget_node(NodeId id) {
  Node& known = known_node(id);
  change_node(known, [](Node& node) {
    node.gone = true;
    node.capacity = {};
    node.features.clear();
    subtract(node.free, node.total);
    node.total = {};
  });
  note_change(known);
}

void Ledger::set_connected(NodeId id, bool connected) {
  Node& known = known_node(id);
  change_node(known, [&](Node& node) { node.connected = connected; });
  note_change(known);
}

void Ledger::set_draining(NodeId id, bool draining) {
  Node& known = known_node(id);
  change_node(known, [&](Node& node) { node.draining = draining; });
  note_change(known);
}

void Ledger::set_clearing(NodeId id, bool clearing) {
  Node& known = known_node(id);
  if (known.clearing == clearing) return;
  change_node(known, [&](Node& node) { node.clearing = clearing; });
  note_change(known);
}

void Ledger::set_services(NodeId id, std::vector<std::string> types) {
  Node& node = known_node(id);
  std::ranges::sort(types);
  types.erase(std::unique(types.begin(), types.end()), types.end());
  node.service_ids.clear();
  for (const std::string& type : types) node.service_ids.push_back(service(type));
  std::ranges::sort(node.service_ids);
  node.services = std::move(types);
  note_change(node);
}

const Node* Ledger::node(NodeId id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

const Named* Ledger::named(std::string_view name) const {
  auto found = named_.lower_bound(NamedKey{name, NamedKind::kExclusive});
  for (; found != named_.end() && found->first.first == name; ++found) {
    if (found->second.exists) return &found->second;
  }
  return nullptr;
}

namespace {

std::string described(const NamedResource& resource) {
  if (!resource.command.empty()) return fmt::format("a device with `{}`", resource.command);
  if (resource.kind == NamedKind::kExclusive) return "an exclusive resource";
  return fmt::format("a count of {} tokens", resource.total);
}

}  // namespace

Result<void> Ledger::create(const NamedResource& resource) {
  NamedResource wanted = resource;
  if (wanted.kind == NamedKind::kExclusive) wanted.total = 1;
  if (const Named* known = named(wanted.name)) {
    if (known->resource == wanted) return {};
    return fail(ErrorCode::kRefused,
                fmt::format("{} exists as {}, not as {}; remove it first", wanted.name,
                            described(known->resource), described(wanted)));
  }
  Named& entry = mention(wanted.name, wanted.kind);
  entry.resource = wanted;
  entry.exists = true;
  // Grants may have been restored before it.
  if (!entry.exclusive()) entry.free += entry.total();
  if (entry.exclusive() && entry.shares.empty()) entry.free = 1;
  named_gained_ = true;
  return {};
}

Result<void> Ledger::remove(const std::string& name, const JobName& job_name) {
  const Named* known = named(name);
  if (known == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no resource {}", name));
  }
  if (!known->shares.empty()) {
    const JobNumber holder = known->shares.begin()->second.holder.job;
    return fail(ErrorCode::kRefused,
                fmt::format("{} is held by job {}; wait for its end", name, job_name(holder)));
  }
  if (known->waiting != 0) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} is waited for by {} request{}; cancel their jobs first", name,
                            known->waiting, known->waiting == 1 ? "" : "s"));
  }
  named_.erase(NamedKey{name, known->resource.kind});
  return {};
}

Named& Ledger::mention(const std::string& name, NamedKind kind) {
  const auto [place, is_new] = named_.try_emplace(NamedKey{name, kind});
  if (is_new) {
    place->second.resource = NamedResource{name, kind, kind == NamedKind::kExclusive ? 1U : 0U, {}};
    place->second.position = named_positions_++;
  }
  return place->second;
}

void Ledger::forget_unused(const Named& named) {
  if (named.exists || named.waiting != 0 || !named.shares.empty()) return;
  named_.erase(NamedKey{named.resource.name, named.resource.kind});
}

// --- demands

std::shared_ptr<const Demand> Ledger::demand(const Likeness& like) {
  const Needs& needs = like.needs;
  auto demand = std::make_shared<Demand>();
  demand->needs = needs;
  demand->limit = like.limit;
  demand->limit_class = like.limit_class;
  demand->avoid = like.avoid;
  demand->rather_not = like.rather_not;
  demand->element = element(needs.element);
  demand->service = service(needs.service);
  demand->features = features(needs.features);
  if (needs.takes_from_node()) {
    demand->node = amounts(needs.cpus, needs.memory, needs.gpus, needs.counts);
  }
  for (const std::string& name : needs.exclusive) {
    auto& list = std::ranges::binary_search(like.shared, name) ? demand->shared : demand->named;
    list.push_back({&mention(name, NamedKind::kExclusive), 1});
  }
  for (const Count& count : needs.tokens) {
    demand->named.push_back({&mention(count.name, NamedKind::kTokens), to_amount(count.amount)});
  }
  return demand;
}

std::vector<std::string> Ledger::exclusives_of_part_0(JobNumber job, const Needs& needs) const {
  const Holding* whole = holding(RequestId{job, 0});
  std::vector<std::string> shared;
  if (whole == nullptr || needs.exclusive.empty()) return shared;
  std::ranges::set_intersection(needs.exclusive, whole->demand->needs.exclusive,
                                std::back_inserter(shared));
  return shared;
}

void Ledger::count_waiting(const Demand& demand) {
  for (const NamedNeed& need : demand.named) ++need.of->waiting;
  for (const NamedNeed& need : demand.shared) ++need.of->waiting;
}

void Ledger::uncount_waiting(const Demand& demand) {
  for (const auto* list : {&demand.named, &demand.shared}) {
    for (const NamedNeed& need : *list) {
      --need.of->waiting;
      forget_unused(*need.of);
    }
  }
}

// --- what is free now

bool Ledger::named_free(const Demand& demand) const {
  return std::ranges::all_of(demand.named,
                             [](const NamedNeed& need) { return need.amount <= need.of->free; });
}

const Node* Ledger::roomiest(const Demand& demand) const {
  const auto could = [&](const Room& room) {
    return could_serve(known_node(std::get<NodeId>(room)), demand);
  };
  const Room more_gpus{at(demand.node, kGpus) + 1, -kMostAmount, 0, {}};
  const Room* most = nullptr;
  const Room* least = nullptr;  // of those with idle gpus
  each_group(demand.element, [&](const Group& group) {
    const Room* room = group.rooms.before(more_gpus);
    while (room != nullptr && !could(*room)) room = group.rooms.before(*room);
    if (room != nullptr && (most == nullptr || *most < *room)) most = room;
  });
  if (most != nullptr) return &known_node(std::get<NodeId>(*most));
  each_group(demand.element, [&](const Group& group) {
    group.rooms.each_from(more_gpus, [&](const Room& room) {
      if (least != nullptr && *least < room) return false;
      if (could(room)) least = &room;
      return least != &room;
    });
  });
  return least == nullptr ? nullptr : &known_node(std::get<NodeId>(*least));
}

bool Ledger::has_room(const Demand& demand) const {
  if (!named_free(demand)) return false;
  return place(demand, [](const Node&) { return true; }).has_value();
}

// --- grants

namespace {

std::vector<std::uint32_t> lowest_free_gpus(const Node& node, std::uint32_t wanted) {
  std::vector<std::uint32_t> gpus;
  for (std::uint32_t index = 0; gpus.size() < wanted; ++index) {
    check(index < node.capacity.gpus, "free gpus are as many as counted");
    if (!node.gpus_held.contains(index)) gpus.push_back(index);
  }
  return gpus;
}

void take_share(const NamedNeed& need, const Holding& holding) {
  Named& named = *need.of;
  if (named.exclusive()) {
    for (const auto& [serial, share] : named.shares) {
      check(share.holder.job == holding.id.job, "an exclusive resource has one job as its holder");
    }
    named.free = 0;
  } else {
    named.free -= need.amount;
  }
  named.shares.emplace(holding.serial, Named::Share{holding.id, need.amount});
}

void return_share(const NamedNeed& need, const Holding& holding) {
  Named& named = *need.of;
  named.shares.erase(holding.serial);
  if (!named.exclusive()) {
    named.free += need.amount;
  } else if (named.shares.empty()) {
    named.free = named.total();
  }
}

}  // namespace

const Holding& Ledger::enter(Holding holding) {
  holding.serial = ++serial_;
  const Holding* place = holdings_.insert(std::move(holding));
  check(place != nullptr, "a request is granted once");
  const Holding& entered = *place;
  if (entered.node != nullptr) {
    change_node(*entered.node, [&](Node& node) {
      subtract(node.free, entered.demand->node);
      const auto before = std::ranges::lower_bound(node.holdings, entered.id, {}, &Node::Held::id);
      node.holdings.insert(before, {entered.id, entered.end.value_or(Node::kUnsure), &entered});
      node.gpus_held.insert(entered.gpus.begin(), entered.gpus.end());
    });
  }
  list_end(entered);
  if (entered.id.seat != 0) return entered;
  for (const NamedNeed& need : entered.demand->named) take_share(need, entered);
  for (const NamedNeed& need : entered.demand->shared) take_share(need, entered);
  return entered;
}

Grant Ledger::take(RequestId id, const std::shared_ptr<const Demand>& demand, const Place& place,
                   std::optional<Time> end) {
  const auto sit = [&](const Node* node) {
    Holding holding;
    holding.id = id;
    holding.demand = demand;
    holding.end = end;
    if (node != nullptr) {
      holding.node = &known_node(node->id);
      holding.gpus = lowest_free_gpus(*node, demand->needs.gpus);
    }
    return enter(std::move(holding)).gpus;
  };
  Grant grant{id, place.node == nullptr ? NodeId{} : place.node->id, sit(place.node)};
  for (const Node* other : place.others) {
    ++id.seat;
    grant.others.push_back({other->id, sit(other)});
  }
  return grant;
}

void Ledger::take_again(const Grant& grant, const std::shared_ptr<const Demand>& demand) {
  check(bool{grant.node} == demand->takes_from_node(), "a grant has the node that it needs");
  check(grant.others.size() + 1 == demand->needs.nodes, "a grant has the nodes that it needs");
  RequestId id = grant.id;
  const auto sit = [&](NodeId node, const std::vector<std::uint32_t>& gpus) {
    check(gpus.size() == demand->needs.gpus, "a grant has the gpus that it needs");
    Holding holding;
    holding.id = id;
    holding.demand = demand;
    holding.gpus = gpus;
    if (node) holding.node = &known_node(node);
    enter(std::move(holding));
  };
  sit(grant.node, grant.gpus);
  for (const NodeShare& other : grant.others) {
    ++id.seat;
    sit(other.node, other.gpus);
  }
}

bool Ledger::give_back(RequestId id) {
  const Holding* found = holdings_.find(id);
  if (found == nullptr) return false;
  const std::uint32_t seats = found->demand->needs.nodes;
  for (id.seat = 0; id.seat < seats; ++id.seat) leave(id);
  return true;
}

void Ledger::leave(RequestId id) {
  Holding* found = holdings_.find(id);
  unlist_end(*found);
  const Holding holding = std::move(*found);
  if (holding.node != nullptr) {
    change_node(*holding.node, [&](Node& node) {
      add(node.free, holding.demand->node);
      node.holdings.erase(std::ranges::lower_bound(node.holdings, id, {}, &Node::Held::id));
      for (const std::uint32_t index : holding.gpus) node.gpus_held.erase(index);
    });
    note_change(*holding.node);
  }
  holdings_.erase(id);
  if (id.seat != 0) return;
  for (const auto* list : {&holding.demand->named, &holding.demand->shared}) {
    named_gained_ = named_gained_ || !list->empty();
    for (const NamedNeed& need : *list) return_share(need, holding);
    for (const NamedNeed& need : *list) forget_unused(*need.of);
  }
}

const Holding* Ledger::holding(RequestId id) const { return holdings_.find(id); }

bool Ledger::set_end(RequestId id, std::optional<Time> end) {
  const Holding* found = holdings_.find(id);
  check(found != nullptr, "only what is held has an end");
  const std::uint32_t seats = found->demand->needs.nodes;
  bool changed = false;
  for (id.seat = 0; id.seat < seats; ++id.seat) changed = set_end_of_seat(id, end) || changed;
  return changed;
}

bool Ledger::set_end_of_seat(RequestId id, std::optional<Time> end) {
  Holding& holding = *holdings_.find(id);
  if (holding.end == end) return false;
  unlist_end(holding);
  holding.end = end;
  list_end(holding);
  if (holding.node == nullptr) return true;
  Node& node = *holding.node;
  const auto held = std::ranges::lower_bound(node.holdings, id, {}, &Node::Held::id);
  held->end = end.value_or(Node::kUnsure);
  node.first_end_known.reset();
  note_change(node);
  return true;
}

}  // namespace jobq::resmgr
