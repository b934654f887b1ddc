// SPDX-License-Identifier: Apache-2.0
// What there is, what is held of it, and by whom: nodes, named resources and grants.
//
// What is free changes only in take() and give_back(), and when capacities change. Nothing here
// knows of queues or time; the end of a grant is carried for those who plan.
//
// Exclusive resources have one holder, a job; several parts of that job may hold it side by side,
// and it is free again when the last of them gives it back.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "resmgr/amounts.h"
#include "resmgr/holding_table.h"
#include "resmgr/resource_manager.h"
#include "resmgr/run_set.h"

namespace jobq::resmgr {

struct Holding;
struct Group;

// A name of an element as a number; 0 is for any node.
using ElementId = std::uint32_t;
// A type of services likewise; 0 is for none.
using ServiceId = std::uint32_t;
// A feature likewise.
using FeatureId = std::uint32_t;

struct Node {
  NodeId id;
  std::size_t position = 0;  // among all nodes, in the order in which they were first set
  std::string name;
  Capacity capacity;
  Group* group = nullptr;
  Amounts total;
  Amounts free;
  bool connected = false;
  bool draining = false;
  bool clearing = false;  // something runs there that holds nothing any more
  bool gone = false;      // known for the sake of what is held there alone; it has nothing
  std::vector<std::string> services;   // that it offers now, by type, sorted
  std::vector<ServiceId> service_ids;  // the same, ascending
  std::vector<FeatureId> features;     // of its capacity, ascending
  // What is held here, by id, with what is often looked at beside it.
  struct Held {
    RequestId id;
    Time end;  // kUnsure where it is not known
    const Holding* holding = nullptr;
  };
  static constexpr Time kUnsure{std::numeric_limits<std::int64_t>::min()};
  std::vector<Held> holdings;
  std::set<std::uint32_t> gpus_held;
  std::size_t endless = 0;  // of the holdings: those whose end is not known

  // The first known end of what is held here; kUnsure where some end is not known. Found when asked
  // for.
  Time first_end() const;
  mutable std::optional<Time> first_end_known;  // forgotten when holdings change
  bool changed = false;                         // listed in Ledger::changes()

  bool usable() const { return connected && !draining && !clearing; }
  bool is_of(ElementId element) const;
  bool offers(ServiceId service) const;                  // any node offers 0
  bool has(const std::vector<FeatureId>& wanted) const;  // which ascend
  NodeState state() const;
};

// Known because it was created, or only because a waiting request names it; then nothing is free of
// it.
struct Named {
  struct Share {
    RequestId holder;
    Amount amount = 0;
  };

  NamedResource resource;
  std::size_t position = 0;  // a number of its own
  bool exists = false;
  Amount free = 0;
  std::size_t waiting = 0;                // requests that wait and name it
  std::map<std::uint64_t, Share> shares;  // by the serial number of the grant

  bool exclusive() const { return resource.kind == NamedKind::kExclusive; }
  Amount total() const { return exists ? to_amount(resource.total) : 0; }
};

struct NamedNeed {
  Named* of = nullptr;
  Amount amount = 0;
};

// Everything that decides when and where a request fits, so that alike ones wait in one line.
struct Likeness {
  Needs needs;  // in normal form
  std::optional<Millis> limit;
  LimitClassId limit_class;
  std::vector<std::string> shared;  // the needs' exclusive resources that its job holds by part 0
  NodeId avoid;
  NodeId rather_not;

  auto operator<=>(const Likeness&) const = default;  // an order for sorted tables
};

// What a request asks for, in the ledger's own terms. Equal waiting requests share one.
struct Demand {
  Needs needs;
  std::optional<Millis> limit;
  LimitClassId limit_class;
  NodeId avoid;       // 0: none
  NodeId rather_not;  // 0: none
  ElementId element = 0;
  ServiceId service = 0;
  std::vector<FeatureId> features;  // ascending
  Amounts node;
  std::vector<NamedNeed> named;   // without what is shared
  std::vector<NamedNeed> shared;  // exclusive resources that the job's own part 0 holds already

  bool takes_from_node() const { return needs.takes_from_node(); }
  bool takes_several_nodes() const { return needs.takes_several_nodes(); }
};

// Where a demand starts: nowhere in particular, on a node, or on several.
struct Place {
  const Node* node = nullptr;         // null where it takes nothing from nodes
  std::vector<const Node*> others{};  // beside the first

  template <class Each>
  void each(const Each& each) const {
    if (node != nullptr) each(*node);
    for (const Node* other : others) each(*other);
  }
};

// What a request holds; of several nodes that, as one of its seats, it holds of each. The first
// seat has the named resources.
struct Holding {
  RequestId id;
  std::shared_ptr<const Demand> demand;
  Node* node = nullptr;
  std::vector<std::uint32_t> gpus;
  std::optional<Time> end;   // by its time limit, where known
  std::uint64_t serial = 0;  // grants count up
};

// A known end of something that is held on a node.
struct NodeEnd {
  Time at;
  std::uint64_t serial = 0;
  const Holding* holding = nullptr;
  auto operator<=>(const NodeEnd& other) const {
    return std::tie(at, serial) <=> std::tie(other.at, other.serial);
  }
  bool operator==(const NodeEnd& other) const { return serial == other.serial; }
};

// A usable node's place among the others: free gpus, cpus, memory.
using Room = std::tuple<Amount, Amount, Amount, NodeId>;

// The nodes that belong to the same elements. There are few groups, so that a search in each is a
// search.
struct Group {
  std::vector<ElementId> elements;  // ascending
  RunSet<Room> rooms;               // of the usable nodes
  RunSet<NodeEnd> ends;             // the known ends on its nodes, also those that are past
  RunSet<NodeId> endless;           // its nodes with ends that are not known

  bool is_of(ElementId element) const;
};

inline bool Node::is_of(ElementId element) const { return element == 0 || group->is_of(element); }

// Is it one of those that the demand may be met on, whatever room it has?
inline bool suits(const Node& node, const Demand& demand) {
  return node.is_of(demand.element) && node.id != demand.avoid && node.offers(demand.service) &&
         node.has(demand.features);
}

// Could an empty node serve the demand?
inline bool could_serve(const Node& node, const Demand& demand) {
  return suits(node, demand) && fits(demand.node, node.total);
}

class Ledger {
 public:
  // --- what there is
  void set_node(NodeId id, const std::string& name, const Capacity& capacity,
                std::vector<std::string> elements);
  void forget_node(NodeId id);
  void set_elements(std::vector<std::string> names);
  void set_connected(NodeId id, bool connected);
  void set_draining(NodeId id, bool draining);
  void set_clearing(NodeId id, bool clearing);
  void set_services(NodeId id, std::vector<std::string> types);
  Result<void> create(const NamedResource& resource);
  Result<void> remove(const std::string& name, const JobName& job_name);

  const std::map<NodeId, Node>& nodes() const { return nodes_; }
  const Node* node(NodeId id) const;
  const std::set<std::string>& elements() const { return elements_; }
  bool is_of(const Node& node, const std::string& element) const;   // any node is of ""
  bool offers(const Node& node, const std::string& service) const;  // any node offers ""
  // In which nodes of the element stand; all for 0.
  template <class Each>
  void each_group(ElementId element, const Each& each) const;
  // The created resource, of either kind, or null.
  const Named* named(std::string_view name) const;
  // In the order of their names; those of requests alone (not `exists`) included.
  using NamedKey = std::pair<std::string, NamedKind>;
  const std::map<NamedKey, Named>& all_named() const { return named_; }
  std::size_t dimensions() const { return kFirstCount + counts_.size(); }
  // Of a site-defined count that some node or request has named.
  std::size_t dimension(const std::string& count) const { return counts_.at(count); }

  // --- demands
  std::shared_ptr<const Demand> demand(const Likeness& like);
  std::vector<std::string> exclusives_of_part_0(JobNumber job, const Needs& needs) const;
  void count_waiting(const Demand& demand);
  // After the last one, the demand must not be used again: names that only it mentioned are gone.
  void uncount_waiting(const Demand& demand);

  // --- what changed
  // Where something may have become free, or is held until another time, since this was last asked;
  // a grant alone is no change.
  struct Changes {
    std::vector<const Node*> nodes;  // in the order of their first change
    bool named = false;              // of some named resource there is more
  };
  Changes take_changes();

  // --- what is free now
  bool named_free(const Demand& demand) const;
  // The usable node with the least left over, ties by id, that has room now and that `accepts`;
  // null for none. Least: of gpus, then of cpus, then of memory. The one that the demand would
  // rather not have comes after all others.
  template <class Accepts>
  const Node* best_fit(const Demand& demand, const Accepts& accepts) const;
  // Likewise so many nodes as the demand takes together, the first of them the one with the least
  // left over; none where there are not so many.
  template <class Accepts>
  std::optional<Place> place(const Demand& demand, const Accepts& accepts) const;
  // A usable node that could serve the demand when it is empty: of those without idle gpus that the
  // demand does not need, the one with the most free; null for none.
  const Node* roomiest(const Demand& demand) const;
  bool has_room(const Demand& demand) const;  // on nodes and of named resources, now

  // --- grants
  Grant take(RequestId id, const std::shared_ptr<const Demand>& demand, const Place& place,
             std::optional<Time> end);
  // The same with the gpus of an earlier life.
  void take_again(const Grant& grant, const std::shared_ptr<const Demand>& demand);
  bool give_back(RequestId id);
  const Holding* holding(RequestId id) const;
  // The same node by node: for each seat of what is held.
  template <class Each>
  void each_seat(const Holding& whole, const Each& each) const;
  bool set_end(RequestId id, std::optional<Time> end);
  Result<void> check_invariants() const;

 private:
  static Room room_of(const Node& node);
  template <class Accepts>
  const Node* tightest(const Demand& demand, const Accepts& accepts) const;
  template <class Accepts>
  const Room* best_room(const Group& group, const Demand& demand, const Accepts& accepts,
                        const Room* below, const Room* after = nullptr) const;
  template <class Accepts>
  std::optional<Place> place_several(const Demand& demand, const Accepts& accepts) const;

  Amounts amounts(std::uint32_t cpus, Bytes memory, std::uint32_t gpus,
                  const std::vector<Count>& counts);
  ElementId element(std::string name);
  ServiceId service(std::string type);
  std::vector<FeatureId> features(const std::vector<std::string>& names);
  Group& group_of(std::vector<std::string> elements);
  Node& known_node(NodeId id) const;
  Named& mention(const std::string& name, NamedKind kind);
  void forget_unused(const Named& named);
  const Holding& enter(Holding holding);
  void leave(RequestId id);
  bool set_end_of_seat(RequestId id, std::optional<Time> end);
  void note_change(Node& node);
  static void list_end(const Holding& holding);
  static void unlist_end(const Holding& holding);
  template <class Change>
  void change_node(Node& node, const Change& change);

  std::map<NodeId, Node> nodes_;
  std::vector<Node*> by_id_;  // the same, to be found at once; ids count up from 1
  std::map<std::vector<ElementId>, Group> groups_;
  std::set<std::string> elements_;                // there are
  std::map<std::string, ElementId> element_ids_;  // of all names that were ever given
  std::map<std::string, ServiceId> service_ids_;  // of all types that were ever given
  std::map<std::string, FeatureId> feature_ids_;  // of all features that were ever given
  std::map<NamedKey, Named> named_;
  std::size_t named_positions_ = 0;
  std::map<std::string, std::size_t> counts_;  // name -> dimension
  HoldingTable<Holding, RequestId> holdings_;
  std::vector<Node*> changed_;
  bool named_gained_ = false;
  std::uint64_t serial_ = 0;
};

template <class Each>
void Ledger::each_group(ElementId element, const Each& each) const {
  for (const auto& [elements, group] : groups_) {
    if (group.is_of(element)) each(group);
  }
}

template <class Accepts>
const Node* Ledger::best_fit(const Demand& demand, const Accepts& accepts) const {
  if (demand.rather_not) {
    const auto is_other = [&](const Node& node) { return node.id != demand.rather_not; };
    const auto others = [&](const Node& node) { return is_other(node) && accepts(node); };
    if (const Node* other = tightest(demand, others)) return other;
  }
  return tightest(demand, accepts);
}

template <class Accepts>
const Node* Ledger::tightest(const Demand& demand, const Accepts& accepts) const {
  const Room* best = nullptr;
  each_group(demand.element, [&](const Group& group) {
    if (const Room* room = best_room(group, demand, accepts, best)) best = room;
  });
  return best == nullptr ? nullptr : &known_node(std::get<NodeId>(*best));
}

template <class Accepts>
std::optional<Place> Ledger::place(const Demand& demand, const Accepts& accepts) const {
  if (!demand.takes_from_node()) return Place{};
  if (demand.takes_several_nodes()) return place_several(demand, accepts);
  const Node* node = best_fit(demand, accepts);
  return node == nullptr ? std::nullopt : std::optional(Place{node});
}

// The best of each group, and of these the best.
template <class Accepts>
std::optional<Place> Ledger::place_several(const Demand& demand, const Accepts& accepts) const {
  std::vector<std::pair<bool, Room>> found;
  each_group(demand.element, [&](const Group& group) {
    const Room* room = nullptr;
    for (std::size_t n = 0; n <= demand.needs.nodes; ++n) {  // one more: one may be unwelcome
      room = best_room(group, demand, accepts, nullptr, room);
      if (room == nullptr) return;
      found.emplace_back(std::get<NodeId>(*room) == demand.rather_not, *room);
    }
  });
  if (found.size() < demand.needs.nodes) return std::nullopt;
  std::ranges::sort(found);
  Place place;
  for (std::size_t n = 0; n < demand.needs.nodes; ++n) {
    const Node* node = &known_node(std::get<NodeId>(found[n].second));
    if (n == 0) place.node = node;
    if (n != 0) place.others.push_back(node);
  }
  return place;
}

template <class Each>
void Ledger::each_seat(const Holding& whole, const Each& each) const {
  each(whole);
  RequestId id = whole.id;
  for (id.seat = 1; id.seat < whole.demand->needs.nodes; ++id.seat) each(*holding(id));
}

// What a room that serves has at least of a dimension. Of what is not needed it may lack: a node
// that has shrunk holds more than it has.
inline Amount least_of(const Demand& demand, std::size_t dimension) {
  const Amount needed = at(demand.node, dimension);
  return needed > 0 ? needed : -kMostAmount;
}

// The first room that serves, is below one and after the other given one, if these are not null.
template <class Accepts>
const Room* Ledger::best_room(const Group& group, const Demand& demand, const Accepts& accepts,
                              const Room* below, const Room* after) const {
  const Amount cpus = least_of(demand, kCpus);
  const Amount memory = least_of(demand, kMemory);
  const RunSet<Room>& rooms = group.rooms;
  const Room* room = after != nullptr
                         ? rooms.after(*after)
                         : rooms.at_or_after(Room{least_of(demand, kGpus), cpus, memory, NodeId{}});
  while (room != nullptr && (below == nullptr || *room < *below)) {
    const auto& [gpus, free_cpus, free_memory, id] = *room;
    // Skip what lacks cpus, or memory, in one step: below a number of gpus and cpus, rooms are in
    // order.
    if (free_cpus < cpus) {
      room = rooms.at_or_after(Room{gpus, cpus, memory, NodeId{}});
    } else if (free_memory < memory) {
      room = rooms.at_or_after(Room{gpus, free_cpus, memory, NodeId{}});
    } else {
      const Node& node = known_node(id);
      if (suits(node, demand) && fits(demand.node, node.free) && accepts(node)) return room;
      room = rooms.after(*room);
    }
  }
  return nullptr;
}

}  // namespace jobq::resmgr
