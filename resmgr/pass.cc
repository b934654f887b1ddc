// SPDX-License-Identifier: Apache-2.0
// The pass.
#include "resmgr/pass.h"

namespace jobq::resmgr {
namespace {

std::optional<Time> known_end(Time now, std::optional<Millis> limit) {
  return limit ? std::optional(end_of(now, limit)) : std::nullopt;
}

class Pass {
 public:
  // `before` is the work done when the passes began whose bounds this one shares.
  Pass(Ledger& ledger, const Waiting& waiting, Time now, const Work& before, Work& work)
      : ledger_(ledger),
        now_(now),
        before_(before),
        work_(work),
        plan_(ledger, now, work),
        walk_(waiting) {}

  void run() {
    const auto has_room = [&](const Demand& demand) { return ledger_.has_room(demand); };
    while (const auto stop = walk_.next()) {
      if (!stop->generation_end && try_start(*stop)) continue;
      if (!walk_.another_could_start(has_room) || exhausted(before_, work_)) break;
      reserved_any_ = true;
      if (const auto reserved = plan_.reserve(*walk_.demand(*stop))) {
        walk_.reserved(*stop, reserved->at);
      }
    }
  }

  const std::vector<Grant>& grants() const { return grants_; }
  // Did anybody start around a reservation?
  bool overtook() const { return overtook_; }

 private:
  bool try_start(const Walk::Stop& stop) {
    const auto& demand = walk_.demand(stop);
    const auto start = plan_.start(*demand);
    if (!start) return false;
    // Before the first reservation nobody asks the plan what will be free.
    if (reserved_any_) plan_.begin(*demand, *start);
    overtook_ = reserved_any_;
    const NodeId node = start->node == nullptr ? NodeId{} : start->node->id;
    const Holding& holding =
        ledger_.take(stop.key.id(), demand, node, known_end(now_, demand->limit));
    grants_.push_back(Grant{holding.id, node, holding.gpus});
    walk_.started(stop);
    return true;
  }

  Ledger& ledger_;
  const Time now_;
  const Work& before_;
  Work& work_;
  Plan plan_;
  Walk walk_;
  std::vector<Grant> grants_;
  bool reserved_any_ = false;
  bool overtook_ = false;
};

}  // namespace

bool exhausted(const Work& before, const Work& now) {
  return now.reservations - before.reservations >= kMostReservations ||
         now.visits - before.visits >= kMostVisits;
}

std::vector<Grant> run_passes(Ledger& ledger, Waiting& waiting, Time now, Work& work) {
  const Work before = work;
  std::vector<Grant> grants;
  for (bool again = true; again;) {
    ++work.passes;
    Pass pass(ledger, waiting, now, before, work);
    pass.run();
    for (const Grant& grant : pass.grants()) {
      waiting.remove(grant.id);
      ledger.uncount_waiting(*ledger.holding(grant.id)->demand);
      grants.push_back(grant);
    }
    again = pass.overtook();
  }
  return grants;
}

}  // namespace jobq::resmgr
