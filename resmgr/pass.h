// SPDX-License-Identifier: Apache-2.0
// One pass through the queue: who starts now.
//
// The pass walks the queue in order. What may start starts; what may not is reserved, and what
// comes later starts around the reservations. Before a request is reserved that cannot be met until
// some job ends, the waiting steps of that job are placed, whatever their priority (see
// Precedence). A request any of
// whose caps is full, or was filled by this pass, is passed over.
//
// A pass that grants ends when nothing further down has room, so that in a busy cluster it costs
// what was freed and not what waits. Every pass ends when its bounds are reached: then nothing
// lower may start, because its effect on those above was not looked at.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "resmgr/ledger.h"
#include "resmgr/parties.h"
#include "resmgr/plan.h"
#include "resmgr/waiting.h"

namespace jobq::resmgr {

inline constexpr std::uint64_t kMostReservations = 1000;
// For all the questions that would_start() is asked with one count of work.
inline constexpr std::uint64_t kMostForeseen = 10'000;
// In glances at a node, which take about 30 ns; a visit takes forty times as long. This keeps the
// worst pass of a cluster of 10,000 nodes near 20 ms.
inline constexpr std::uint64_t kMostGlances = 600'000;
inline constexpr std::uint64_t kGlancesPerVisit = 40;

class Pass {
 public:
  // What became of one request: it starts, or is reserved, or neither where it fits at no time.
  struct Placed {
    QueueKey key;
    const std::shared_ptr<const Demand>* demand = nullptr;
    bool ahead = false;  // of its turn
    std::optional<Place> start;
    std::optional<Plan::Reservation> reservation;
  };
  // False ends the pass.
  using OnPlaced = std::function<bool(const Placed&)>;

  enum class Purpose {
    kGrant,      // on_placed grants from the ledger what starts
    kRehearsal,  // the same without granting, and it goes on where nobody can start
    // When does each start? Whoever cannot start now is reserved, also behind his like.
    kForesight
  };
  struct Rules {
    Purpose purpose = Purpose::kGrant;
    std::size_t depth = kMostReservations;  // so many that cannot start are reserved
    bool in_order = false;                  // nobody starts before those above him
    const Followers* followers = nullptr;   // of foresight; null for none
  };
  // `work` counts on from `before`, the work done when the bounds began to count.
  Pass(const Ledger& ledger, const Waiting& waiting, const Rules& rules, Time now,
       const Work& before, Work& work, OnPlaced on_placed);

  void run();
  const Plan& plan() const { return plan_; }
  bool overtook() const { return overtook_; }  // did anybody start around a reservation?
  bool exhausted() const;                      // were the bounds reached?

 private:
  bool is_open(const Demand& demand) const;
  bool place(const Walk::Stop& stop);
  bool place_later(const Walk::Stop& stop, Placed& placed);
  bool place_before(const Walk::Stop& stop);
  bool place_followers(const Walk::Stop& stop);
  bool start(Placed& placed);
  void reserve(Placed& placed);

  const Ledger* ledger_;
  const Waiting* waiting_;
  Rules rules_;
  Work before_;
  Work* work_;
  OnPlaced on_placed_;
  Plan plan_;
  Walk walk_;
  Foreseen foreseen_;  // of what starts in this pass
  std::set<RequestId> started_;
  std::set<RequestId> ahead_;
  std::optional<Precedence> precedence_;  // built when somebody cannot start
  std::optional<Time> reserved_;          // the latest start of a reservation
  bool all_known_ = true;                 // the starts of all reservations
  bool overtook_ = false;
};

// A request that starts now.
struct Starting {
  RequestId id;
  std::shared_ptr<const Demand> demand;
  Place place;
};
// It is held from now on, until its limit.
Grant take(Ledger& ledger, const Starting& starting, Time now);
// The same, and it waits no longer.
Grant grant(Ledger& ledger, Waiting& waiting, const Starting& starting, Time now);

// Grants all that may start now, in the order of their placing, and takes them out of the queue.
// What starts around reservations can change where these would be made, and so let others start:
// passes are repeated until nobody starts, within the bounds of one.
std::vector<Grant> run_passes(Ledger& ledger, Waiting& waiting, std::size_t depth, Time now,
                              Work& work);

}  // namespace jobq::resmgr
