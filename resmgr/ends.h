// SPDX-License-Identifier: Apache-2.0
// The earliest start by the known ends of what is held.
//
// Ends are looked at in the order of time until the demand fits somewhere: about as many as there
// will be before it starts, so that a request which waits long is looked for long, once, and one
// that starts soon is found at once.
#pragma once

#include <optional>
#include <vector>

#include "resmgr/ledger.h"
#include "resmgr/resource_manager.h"

namespace jobq::resmgr {

struct SureFit {
  const Node* node = nullptr;
  Time at;  // after now
};

// When the demand fits on the node by known ends alone, after now; none for never, or after `last`.
std::optional<Time> sure_fit_on(const Node& node, const Demand& demand, Time now, Time last);

// The first known end on the node after now.
std::optional<Time> first_end_after(const Node& node, Time now);

class Ends {
 public:
  // The node on which the demand fits first by known ends alone, of several the one with the
  // lowest id; it must not fit anywhere now.
  std::optional<SureFit> first_fit(const Ledger& ledger, const Demand& demand, Time now,
                                   Work& work);

 private:
  struct Gathered {
    std::uint64_t search = 0;  // which this is of
    Amounts free;
  };
  const Amounts& gather(const Holding& ended);

  std::uint64_t search_ = 0;
  std::vector<Gathered> gathered_;  // by Node::position
};

}  // namespace jobq::resmgr
