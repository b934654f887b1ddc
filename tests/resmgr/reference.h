// SPDX-License-Identifier: Apache-2.0
// The rules of the resource manager once more, written to be read: no index, no early end of a
// pass, every question answered from the list of holders and the list of claims. Random tests
// compare the two.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "resmgr/resource_manager.h"
#include "tests/resmgr/reference_place.h"

namespace jobq::resmgr::test {

class Reference {
 public:
  struct Known {
    Capacity capacity;
    bool up = true;
    std::set<std::string> elements{};
  };
  struct Cap {
    std::uint64_t most = 0;
    std::uint64_t taken = 0;
  };
  struct Class {
    std::vector<CapId> caps;
    std::int64_t offset = 0;
  };
  struct Held {
    Request request;
    Grant grant;
    std::optional<Time> end;
  };

  std::map<NodeId, Known> nodes;
  std::map<std::string, NamedResource> named;
  std::map<RequestId, Request> waiting;
  std::map<RequestId, Held> held;
  std::map<CapId, Cap> caps;
  std::map<LimitClassId, Class> classes{{LimitClassId{}, {}}};

  Backfill backfill = Backfill::kConservative;

  // Passes, until nobody starts any more; with at most one reservation, one after the other.
  std::vector<Grant> schedule(Time now);
  // Has none of its caps been filled?
  bool open(const Request& request) const;
  // Would a wait of this request never end, because jobs wait for each other?
  bool closes_circle(const Request& request) const;

 private:
  struct Pass;
  std::vector<Grant> pass(Time now);
  std::int64_t rank(const Request& request) const;
  static bool is_asked(const Known& node, const Needs& needs);
  bool could_serve(NodeId id, const Needs& needs) const;  // is it up, and when empty?
  std::vector<Request> queue() const;
  std::vector<Grant> round(Time now);
  std::optional<Grant> start_one(Pass& pass, const Request& request);
  std::set<std::string> shared(const Request& request) const;

  // Jobs that hold something by part 0 while steps of theirs wait.
  struct Party {
    Held whole;
    std::vector<Request> waits;
  };
  using Parties = std::map<JobNumber, Party>;
  enum class Nodes { kUp, kKnown };
  Parties parties(const std::map<RequestId, Request>& asks) const;
  // The parties, if any, one of which must end before the request can be met.
  std::set<JobNumber> needed_by(const Request& request, const Parties& parties, Nodes which) const;
  std::vector<JobNumber> reduce(Parties& parties, Nodes which) const;
  std::vector<RequestId> before(const Request& request, const Parties& parties) const;
};

}  // namespace jobq::resmgr::test
