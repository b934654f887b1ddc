// SPDX-License-Identifier: Apache-2.0
// Jobs that hold something by their part 0 while steps of theirs wait: the parties to a deadlock.
//
// What a step holds comes back when the step ends, which waits for nothing. What a job holds by its
// part 0 comes back only after all its steps. So of everything that is held, what parties hold
// comes back only if their waiting steps start; the rest comes back by itself. Tokens make it more
// than a graph: a step may be served by any of several holders. So the parties are reduced
// (Coffman, Elphick, Shoshani, 1971): one whose waiting requests can each be met from what is free
// or comes back ends in time and gives its own back; those left when nothing more can be given back
// wait for each other for ever.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "resmgr/ledger.h"
#include "resmgr/waiting.h"

namespace jobq::resmgr {

struct Party {
  const Holding* whole = nullptr;
  std::vector<std::pair<RequestId, const Demand*>> waits;
};

class Parties {
 public:
  // Whether nodes that may come back count as there: what only they can give does not close a
  // circle, but those who wait for it may need others to go first.
  enum class Of { kKnownNodes, kUsableNodes };

  // Requests in `started` wait no longer. `asking` is to be counted as one more waiting request.
  Parties(const Ledger& ledger, const Waiting& waiting, Of of, const std::set<RequestId>& started,
          std::optional<std::pair<RequestId, const Demand*>> asking = std::nullopt);

  bool empty() const { return parties_.empty(); }
  bool contains(JobNumber job) const { return parties_.contains(job); }
  const Party& at(JobNumber job) const { return parties_.at(job); }

  // What the demand cannot get before a party ends, by the name of the resource or node, and from
  // whom.
  struct Wait {
    std::string name;
    JobNumber on;
  };
  std::vector<Wait> waits_of(const Demand& demand) const;

  // Lets every party end that can, and takes it out; gives them in the order of their ends.
  std::vector<JobNumber> reduce();
  std::vector<JobNumber> jobs() const;

 private:
  void hold(const Holding& whole, Amount sign);
  const Node* stands_in_way(const Demand& demand, const Party& party) const;
  bool lacks(const NamedNeed& need) const;
  bool lacks_node(const Demand& demand) const;
  bool can_end(const Party& party) const;

  const Ledger* ledger_;
  Of of_;
  std::map<JobNumber, Party> parties_;
  std::map<Ledger::NamedKey, Amount> named_held_;  // by parties
  std::map<NodeId, Amounts> nodes_held_;
};

// Who must go before whom, lest a reservation stand in the way of what it waits for: while a
// request that cannot be met before some party ends keeps the rest of its needs in reach, the
// party's steps must not wait behind it for just that rest.
class Precedence {
 public:
  Precedence(const Ledger& ledger, const Waiting& waiting, const std::set<RequestId>& started);

  // The waiting requests of all parties whose end the demand needs, and of those whose end they
  // need; who can end first goes first.
  std::vector<RequestId> before(const Demand& demand) const;

 private:
  Parties parties_;
  std::vector<JobNumber> order_;
};

}  // namespace jobq::resmgr
