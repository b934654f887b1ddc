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
      if (node.usable() && could_serve(node, target) && fits(target.node, node.free))
        open_.push_back(&node);
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
    const auto is_closed = [&](const Node* node) { return !plan_->may_start_on(*target_, *node); };
    if (target_->takes_several_nodes()) {
      std::erase_if(open_, is_closed);
      return open_.size() >= target_->needs.nodes;
    }
    while (!open_.empty() && is_closed(open_.back())) open_.pop_back();
    return !open_.empty();
  }

  const Plan* plan_;
  const Demand* target_;
  bool had_room_;
  std::vector<const Node*> open_;
  std::optional<RequestId> stopped_by_;
};

}  // namespace

Forecast foresee(const Ledger& ledger, const Waiting& waiting, const Pass::Rules& rules,
                 RequestId target, Time now, const Work& before, Work& work) {
  const QueueKey key = waiting.key_of(target);
  Forecast forecast;
  std::optional<RoomWatch> watch;
  const auto on_placed = [&](const Pass::Placed& placed) {
    if (placed.key == key) {
      forecast.starts = placed.start.has_value();
      forecast.reservation = placed.reservation;
      return false;
    }
    if (!placed.ahead && key < placed.key) return false;
    watch->placed(placed.key.id());
    return true;
  };
  Pass pass(ledger, waiting, rules, now, before, work, on_placed);
  watch.emplace(ledger, pass.plan(), *waiting.demand_of(target));
  pass.run();
  forecast.stopped_by = watch->stopped_by();
  forecast.passed_over = pass.exhausted();
  return forecast;
}

}  // namespace jobq::resmgr
