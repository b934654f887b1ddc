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
  Pass(Ledger& ledger, const Waiting& waiting, Time now, Work& work)
      : ledger_(ledger),
        now_(now),
        work_(work),
        before_(work),
        plan_(ledger, now, work),
        walk_(waiting) {}

  std::vector<Grant> run() {
    const auto has_room = [&](const Demand& demand) { return ledger_.has_room(demand); };
    while (const auto stop = walk_.next()) {
      if (!stop->generation_end && try_start(*stop)) continue;
      if (!walk_.another_could_start(has_room) || exhausted(before_, work_)) break;
      if (const auto reserved = plan_.reserve(*walk_.demand(*stop))) {
        walk_.reserved(*stop, reserved->at);
      }
    }
    return std::move(grants_);
  }

 private:
  bool try_start(const Walk::Stop& stop) {
    const auto& demand = walk_.demand(stop);
    const auto start = plan_.start(*demand);
    if (!start) return false;
    // Before the first reservation nobody asks the plan what will be free.
    if (work_.reservations != before_.reservations) plan_.begin(*demand, *start);
    const NodeId node = start->node == nullptr ? NodeId{} : start->node->id;
    const Holding& holding =
        ledger_.take(stop.key.id(), demand, node, known_end(now_, demand->limit));
    grants_.push_back(Grant{holding.id, node, holding.gpus});
    walk_.started(stop);
    return true;
  }

  Ledger& ledger_;
  Time now_;
  Work& work_;
  const Work before_;
  Plan plan_;
  Walk walk_;
  std::vector<Grant> grants_;
};

}  // namespace

bool exhausted(const Work& before, const Work& now) {
  return now.reservations - before.reservations >= kMostReservations ||
         now.visits - before.visits >= kMostVisits;
}

std::vector<Grant> run_pass(Ledger& ledger, Waiting& waiting, Time now, Work& work) {
  ++work.passes;
  std::vector<Grant> grants = Pass(ledger, waiting, now, work).run();
  for (const Grant& grant : grants) {
    waiting.remove(grant.id);
    ledger.uncount_waiting(*ledger.holding(grant.id)->demand);
  }
  return grants;
}

}  // namespace jobq::resmgr
