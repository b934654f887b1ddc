// SPDX-License-Identifier: Apache-2.0
// The pass.
#include "resmgr/pass.h"

#include <algorithm>
#include <utility>

namespace jobq::resmgr {

Pass::Pass(const Ledger& ledger, const Waiting& waiting, const Rules& rules, Time now,
           const Work& before, Work& work, OnPlaced on_placed)
    : ledger_(&ledger),
      waiting_(&waiting),
      rules_(rules),
      before_(before),
      work_(&work),
      on_placed_(std::move(on_placed)),
      plan_(ledger, now, work),
      walk_(waiting) {
  ++work.passes;
}

void Pass::run() {
  while (const auto stop = walk_.next()) {
    if (!place(*stop)) return;
  }
}

bool Pass::exhausted() const {
  const std::uint64_t visits = work_->visits - before_.visits;
  const std::uint64_t glances = work_->glances - before_.glances + kGlancesPerVisit * visits;
  return work_->reservations - before_.reservations >= kMostReservations || glances >= kMostGlances;
}

bool Pass::is_open(const Demand& demand) const {
  return foreseen_.open(waiting_->limit_class(demand.limit_class));
}

bool Pass::place(const Walk::Stop& stop) {
  if (ahead_.contains(stop.key.id())) {
    walk_.went_before(stop);
    return true;
  }
  if (!is_open(*walk_.demand(stop))) return true;
  Placed placed{stop.key, &walk_.demand(stop), false, {}, {}};
  if (!stop.generation_end && start(placed)) {
    walk_.started(stop);
    return on_placed_(placed) && place_followers(stop);
  }
  const auto has_room = [&](const Demand& demand) {
    return is_open(demand) && ledger_->has_room(demand);
  };
  if (rules_.purpose == Purpose::kGrant && !walk_.another_could_start(has_room)) return false;
  return place_later(stop, placed);
}

// It cannot start now. The first ones of these keep what they need in reach.
bool Pass::place_later(const Walk::Stop& stop, Placed& placed) {
  if (exhausted()) return false;
  if (rules_.depth == 0) return on_placed_(placed);
  if (!place_before(stop)) return false;
  reserve(placed);
  if (placed.reservation && rules_.purpose == Purpose::kForesight) {
    walk_.started(stop);
  } else if (placed.reservation) {
    walk_.reserved(stop, placed.reservation->at);
  }
  return on_placed_(placed) && place_followers(stop);
}

// Those who would come in its place when it started, until the bounds are reached.
bool Pass::place_followers(const Walk::Stop& stop) {
  if (rules_.followers == nullptr) return true;
  const std::shared_ptr<const Demand>& demand = walk_.demand(stop);
  for (std::uint64_t more = (*rules_.followers)(stop.key.id()); more > 0; --more) {
    if (exhausted()) return false;
    if (!is_open(*demand)) return true;
    Placed follower{stop.key, &demand, false, {}, {}};
    if (!start(follower)) reserve(follower);
    if (!follower.start && !follower.reservation) return true;
  }
  return true;
}

// Places those whose starts the request needs.
bool Pass::place_before(const Walk::Stop& stop) {
  if (!precedence_) precedence_.emplace(*ledger_, *waiting_, started_);
  for (const RequestId id : precedence_->before(*walk_.demand(stop))) {
    if (id == stop.key.id() || started_.contains(id) || !ahead_.insert(id).second) continue;
    Placed placed{waiting_->key_of(id), &waiting_->demand_of(id), true, {}, {}};
    if (!start(placed)) reserve(placed);
    if (!on_placed_(placed)) return false;
  }
  return true;
}

bool Pass::start(Placed& placed) {
  const Demand& demand = **placed.demand;
  if (rules_.in_order && reserved_) return false;
  placed.start = plan_.start(demand);
  if (!placed.start) return false;
  // Before the first reservation of a pass that grants, nobody asks the plan what will be free.
  if (reserved_ || rules_.purpose != Purpose::kGrant) plan_.begin(demand, *placed.start);
  started_.insert(placed.key.id());
  foreseen_.start(waiting_->limit_class(demand.limit_class));
  overtook_ = overtook_ || reserved_;
  return true;
}

void Pass::reserve(Placed& placed) {
  if (rules_.depth > 0) --rules_.depth;
  const Time from = rules_.in_order ? reserved_.value_or(Time{}) : Time{};
  placed.reservation = plan_.reserve(**placed.demand, from);
  all_known_ = all_known_ && placed.reservation && placed.reservation->known;
  if (placed.reservation && rules_.in_order) placed.reservation->known = all_known_;
  const Time at = placed.reservation ? placed.reservation->at : Time{};
  reserved_ = std::max(reserved_.value_or(at), at);
}

Grant take(Ledger& ledger, const Starting& starting, Time now) {
  const std::optional<Millis> limit = starting.demand->limit;
  const auto end = limit ? std::optional(end_of(now, limit)) : std::nullopt;
  return ledger.take(starting.id, starting.demand, starting.place, end);
}

namespace {

// It was granted: it waits no longer, and takes its caps.
void stop_waiting(Ledger& ledger, Waiting& waiting, RequestId id, const Demand& demand) {
  waiting.remove(id);
  waiting.enter(demand.limit_class);
  ledger.uncount_waiting(demand);
}

}  // namespace

Grant grant(Ledger& ledger, Waiting& waiting, const Starting& starting, Time now) {
  Grant given = take(ledger, starting, now);
  stop_waiting(ledger, waiting, starting.id, *starting.demand);
  return given;
}

std::vector<Grant> run_passes(Ledger& ledger, Waiting& waiting, std::size_t depth, Time now,
                              Work& work) {
  std::vector<Grant> grants;
  const auto on_placed = [&](const Pass::Placed& placed) {
    if (!placed.start) return true;
    grants.push_back(take(ledger, {placed.key.id(), *placed.demand, *placed.start}, now));
    return true;
  };
  const Work before = work;
  for (bool again = true; again;) {
    const std::size_t known = grants.size();
    Pass pass(ledger, waiting, {.depth = depth}, now, before, work, on_placed);
    pass.run();
    for (std::size_t i = known; i < grants.size(); ++i) {
      stop_waiting(ledger, waiting, grants[i].id, *ledger.holding(grants[i].id)->demand);
    }
    again = pass.overtook();
  }
  return grants;
}

}  // namespace jobq::resmgr
