// SPDX-License-Identifier: Apache-2.0
// Scheduling with at most one reservation: the first request of the queue that cannot start keeps
// what it needs in reach, and everything else may start around it (EASY; Lifka, 1995). Without
// backfilling nothing may.
//
// The cost of a round follows what changed and what starts. No request that was left waiting by one
// round could start then; so in the next one only these are looked at: the head of the queue; on
// each node that changed, the shapes that fit there; shapes that are new; and those that name
// resources, when some of these came back.
//
// The reservation stands on one node, or on as many as the head takes together: where the head fits
// first by the known ends of what is held and, where these say nothing, on the node with the most
// room, so that nobody is passed over for ever: there nobody but itself takes what comes free. It
// is kept from round to round, and moves when a node changes so that it could start there earlier,
// or has more room.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "resmgr/ends.h"
#include "resmgr/ledger.h"
#include "resmgr/plan.h"
#include "resmgr/waiting.h"

namespace jobq::resmgr {

class Easy {
 public:
  // Grants all that may start now, in the order of their starts, and takes them out of the queue.
  std::vector<Grant> schedule(Ledger& ledger, Waiting& waiting, Backfill backfill, Time now,
                              Work& work);

 private:
  class Round;

  // For whom something is kept in reach, and where.
  struct Kept {
    RequestId id;
    std::shared_ptr<const Demand> demand;
    // None where it takes nothing from nodes, or fits on none; else as many as it takes.
    std::vector<const Node*> nodes;
    bool has_room = false;          // there already: it waits for named resources
    std::optional<Time> at;         // by known ends; none: nobody knows
    std::optional<Time> holds_for;  // until the first known end on the node
    bool stood_in_the_way = false;  // of somebody who had room

    bool stands_on(const Node& node) const;
  };

  std::optional<Kept> kept_;
  Ends ends_;
};

}  // namespace jobq::resmgr
