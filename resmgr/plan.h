// SPDX-License-Identifier: Apache-2.0
// The near future as one scheduling pass sees it: where a request may start now without touching
// what is reserved, and where it is reserved if it may not.
//
// A grant with a time limit ends at its limit. One without, or past it, may end at any moment, and
// so may any holder of a named resource, whatever its limit: it counts as ending one millisecond
// from now, so that nothing can be squeezed in before it (see outlook.h for what may be taken
// beside it). Where several such holders may be the first, the request cannot know on which node it
// will start: it keeps what it needs in reach on every node where it might start before the first
// node that is sure by time limits.
//
// Outlooks are built when first touched. While nothing is claimed on a node, what is free there now
// may be taken without looking further: amounts only grow by the ends of grants. So of the nodes
// without an outlook whose ends are all known, the first that serves is the first in a walk through
// these ends, and only the others are looked at one by one: a reservation costs what is reserved
// already, and how far off it is, not the size of the cluster.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "resmgr/ledger.h"
#include "resmgr/outlook.h"
#include "resmgr/resource_manager.h"
#include "resmgr/sweep.h"

namespace jobq::resmgr {

// How well a node suits: the least still missing first, then, as for a start, the least left over
// of gpus, cpus and memory.
bool suits_better(const Demand& demand, const Node& a, const Node& b);

class Plan {
 public:
  // The ledger may be changed meanwhile only by grants that begin() was told of first, or that were
  // made before the first reservation.
  Plan(const Ledger& ledger, Time now, Work& work);

  // Where the demand may start now: it fits until its limit, around everything reserved.
  std::optional<Place> start(const Demand& demand);
  // May it start on that node, or of the named resources?
  bool may_start_on(const Demand& demand, const Node& node) const;
  bool may_take_named(const Demand& demand) const;
  // It starts: from now on it is a holder like any other.
  void begin(const Demand& demand, const Place& place);

  struct Reservation {
    Time at;                         // the earliest start
    bool known = false;              // by time limits alone, without any "may end at any moment"
    std::vector<const Node*> nodes;  // where it keeps its needs in reach
  };
  // Keeps the demand in reach from the earliest time after now, and not before `from`; none where
  // it fits at no time.
  std::optional<Reservation> reserve(const Demand& demand, Time from = {});
  // Keeps the demand in reach on these nodes alone, as many as it takes, where it starts at that
  // time at the latest; none where it takes nothing from nodes.
  void keep(const Demand& demand, const std::vector<const Node*>& nodes, std::optional<Time> sure);

 private:
  struct Choice;
  // No node may serve this now, and so none that which needs more, or for longer.
  struct Refused {
    const Demand* demand = nullptr;
    Time until;
    bool covers(const Refused& other) const;
  };

  Outlook& outlook(const Node& node);
  Outlook& outlook(const Named& named);
  const Outlook* built(const Node& node) const;
  const Outlook* built(const Named& named) const;
  Outlook build(const Node& node) const;
  Outlook build(const Named& named) const;

  std::optional<Time> named_earliest(const Demand& demand, Time from, bool sure);
  std::optional<Time> earliest(const Demand& demand, const Outlook& on, bool sure,
                               const Choice& choice);
  bool could_start_before(const Demand& demand, const Node& node, Time last) const;
  bool was_refused(const Refused& asked) const;
  void note_refused(const Refused& asked);
  void glance(const Demand& demand, const Node& node, Choice& choice);
  void consider(const Demand& demand, const Node& node, Choice& choice);
  void consider_clear(const Demand& demand, Choice& choice);
  void consider_unclear(const Demand& demand, Choice& choice);
  static void admit(const Demand& demand, const Node& node, Time might, Time sure, Choice& choice);
  bool is_clear(const Node& node) const;
  const std::vector<const Node*>& unsure();
  Sweep& sweep(const Group& group);
  std::vector<const Node*> claim_nodes(const Demand& demand, const Choice& choice);
  void claim_named(const Demand& demand, Time at);
  std::optional<Reservation> reserve_named(const Demand& demand, Time from);
  // Of several nodes together, see plan_several.cc.
  std::vector<const Node*> able(const Demand& demand) const;
  std::optional<Time> room_on(const Node& node, const Demand& demand, Time from, bool sure,
                              std::optional<Millis> limit);
  std::optional<Time> together(const std::vector<const Node*>& nodes, const Demand& demand,
                               Time from, bool sure);
  std::vector<const Node*> tightest(const std::vector<const Node*>& nodes, const Demand& demand,
                                    Time at, bool sure);
  std::optional<Reservation> reserve_several(const Demand& demand, Time from);

  const Ledger* ledger_;
  Time now_;
  Time soon_;
  Work* work_;
  // An outlook that was built, and of which node.
  struct Built {
    const Node* node = nullptr;
    Outlook outlook;
  };
  std::deque<Built> built_;              // in the order of building
  std::vector<std::uint32_t> built_at_;  // by Node::position: its place there, counted from 1
  std::vector<Refused> refused_;         // none of them needs more, for longer, than another
  std::optional<std::vector<const Node*>> unsure_;  // see unsure()
  std::unordered_map<const Group*, Sweep> sweeps_;  // for look-up only
  std::map<std::size_t, Outlook> named_;            // by Named::position
};

}  // namespace jobq::resmgr
