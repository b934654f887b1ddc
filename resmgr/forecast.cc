// SPDX-License-Identifier: Apache-2.0
// A pass without grants, for the sake of one request.
#include "resmgr/explain.h"
#include "resmgr/pass.h"

namespace jobq::resmgr {
namespace {

// Watches whether the target still has room now, while requests above it are placed.
class RoomWatch {
 public:
  RoomWatch(const Ledger& ledger, const Plan& plan, const Demand& target)
      : plan_(&plan), target_(&target), had_room_(ledger.has_room(target)) {
    if (!had_room_ || !target.takes_from_node()) return;
    for (const auto& [id, node] : ledger.nodes()) {
      if (node.usable() && fits(target.node, node.free)) open_.push_back(&node);
    }
  }

  void placed(RequestId above) {
    if (!had_room_ || stopped_by_ || has_room()) return;
    stopped_by_ = above;
  }

  std::optional<RequestId> stopped_by() const { return stopped_by_; }

 private:
  bool has_room() {
    if (!plan_->may_take_named(*target_)) return false;
    if (!target_->takes_from_node()) return true;
    // What is reserved stays reserved: a node that closed stays closed.
    while (!open_.empty() && !plan_->may_start_on(*target_, *open_.back())) open_.pop_back();
    return !open_.empty();
  }

  const Plan* plan_;
  const Demand* target_;
  bool had_room_;
  std::vector<const Node*> open_;
  std::optional<RequestId> stopped_by_;
};

void place(Plan& plan, Walk& walk, const Walk::Stop& stop) {
  const Demand& demand = *walk.demand(stop);
  const auto start = stop.generation_end ? std::nullopt : plan.start(demand);
  if (start) {
    plan.begin(demand, *start);
    walk.started(stop);
  } else if (const auto reserved = plan.reserve(demand)) {
    walk.reserved(stop, reserved->at);
  }
}

}  // namespace

Forecast foresee(const Ledger& ledger, const Waiting& waiting, RequestId target, Time now) {
  Work work;
  Plan plan(ledger, now, work);
  Walk walk(waiting);
  const Demand& demand = *waiting.demand_of(target);
  RoomWatch watch(ledger, plan, demand);
  Forecast forecast;

  const QueueKey key = waiting.key_of(target);
  auto stop = walk.next();
  for (; stop && stop->key < key; stop = walk.next()) {
    if (exhausted(Work{}, work)) {
      forecast.passed_over = true;
      forecast.stopped_by = watch.stopped_by();
      return forecast;
    }
    place(plan, walk, *stop);
    watch.placed(stop->key.id());
  }
  forecast.stopped_by = watch.stopped_by();
  if (!stop || stop->key != key) return forecast;
  forecast.starts = !stop->generation_end && plan.start(demand);
  if (!forecast.starts) forecast.reservation = plan.reserve(demand);
  return forecast;
}

}  // namespace jobq::resmgr
