// SPDX-License-Identifier: Apache-2.0
// The keeper's rules about attempts, as in exec/steps.cc and exec/step_end.cc.
#include <algorithm>
#include <csignal>
#include <utility>

#include "sim/sim_node.h"

namespace jobq::sim {
namespace {

constexpr Millis kGrace{1000};
constexpr Millis kDiskPause{1000};
constexpr std::int64_t kQuickUs = 20;

sched::TaskEnd lost_its_controller() {
  sched::TaskEnd end;
  end.how = sched::TaskEnd::How::kLost;
  end.reason = "the node lost its controller";
  return end;
}

}  // namespace

Keeper::Keeper(Machine& machine, Timeline& timeline, Chance& chance, Tell tell)
    : machine_(machine),
      timeline_(timeline),
      chance_(chance),
      tell_(std::move(tell)),
      process_(timeline) {
  const bool other_boot = machine.was_restarted();
  for (const auto& [id, known] : machine_.open_log()) adopt(id, known);
  for (auto& [id, held] : held_) {
    if (held.phase == Phase::kEnded) continue;
    held.end.how = sched::TaskEnd::How::kLost;
    held.end.reason = other_boot ? "the machine was restarted" : "the keeper died";
    // What its predecessor left is ended, and seen to be gone.
    process_.after_us(chance_.between(100, 20'000), [this, lost = id] {
      machine_.kill(lost, SIGKILL);
      if (held_.contains(lost)) complete(lost, held_.at(lost));
    });
  }
  machine_.tell_exits_to([this](const AttemptId& id, const sched::TaskEnd& end) {
    process_.after_us(kQuickUs, [this, id, end] { exited(id, end); });
  });
}

Keeper::~Keeper() { machine_.tell_exits_to(nullptr); }

void Keeper::adopt(const AttemptId& id, const Recorded& known) {
  Held& held = held_[id];
  held.phase = Phase::kEnding;
  if (!known.end) return;
  held.phase = Phase::kEnded;
  held.end = *known.end;
  held.recorded = true;
}

std::vector<AttemptNews> Keeper::attempts() const {
  std::vector<AttemptNews> all;
  for (const auto& [id, held] : held_) {
    all.push_back({id, held.phase == Phase::kEnded ? std::optional(held.end) : std::nullopt});
  }
  return all;
}

// An attempt that is known is not started again: its present state is told instead.
void Keeper::start(const sched::Launch& launch) {
  const auto [at, is_new] = held_.try_emplace(launch.id);
  Held& held = at->second;
  if (!is_new) {
    tell_({launch.id, held.phase == Phase::kEnded ? std::optional(held.end) : std::nullopt});
    return;
  }
  if (launch.fenced && lease_is_over()) {
    held.end = lost_its_controller();
    held.recorded = true;  // nothing has to be: it was never started
    return complete(launch.id, held);
  }
  held.end.how = sched::TaskEnd::How::kNotStarted;
  if (!machine_.record_start(launch.id)) {
    held.end.reason = "the node's disk is full";
    held.recorded = true;  // nothing has to be
    complete(launch.id, held);
  } else if (chance_.one_in(40)) {
    held.end.reason = "calc: no such command in PATH";
    complete(launch.id, held);
  } else {
    held.fenced = launch.fenced;
    machine_.spawn(launch);
    tell_({launch.id, std::nullopt});
  }
}

void Keeper::order(const Order& order) {
  const auto at = held_.find(order.id);
  if (at == held_.end()) return;
  Held& held = at->second;
  switch (order.what) {
    case Order::What::kKill: kill(order.id, held); break;
    case Order::What::kSignal:
      if (held.phase != Phase::kEnded && chance_.one_in(2)) machine_.kill(order.id, order.signal);
      break;
    case Order::What::kSuspend:
      if (held.phase == Phase::kRunning) machine_.freeze(order.id);
      if (held.phase == Phase::kRunning) held.suspended = true;
      break;
    case Order::What::kResume:
      if (held.suspended) machine_.thaw(order.id);
      held.suspended = false;
      break;
    case Order::What::kForget:
      if (held.phase != Phase::kEnded) break;
      machine_.record_forgotten(order.id);
      held_.erase(at);
      break;
  }
}

// By the clock: where the keeper stood still, its own timer is late.
bool Keeper::lease_is_over() const {
  return lease_until_us_ && timeline_.now_us() >= *lease_until_us_;
}

void Keeper::renew_lease(Millis left) {
  lease_until_us_ = timeline_.now_us() + left.count * 1000;
  process_.after(std::max(left, Millis{0}), [this, mine = ++leases_] {
    if (mine == leases_) end_fenced();
  });
}

void Keeper::end_fenced() {
  for (auto& [id, held] : held_) {
    if (!held.fenced || held.phase == Phase::kEnded) continue;
    machine_.kill(id, SIGKILL);
    held.end = lost_its_controller();
    complete(id, held);
  }
}

void Keeper::kill(const AttemptId& id, Held& held) {
  if (held.phase != Phase::kRunning) return;
  if (held.suspended) machine_.thaw(id);
  held.suspended = false;
  held.phase = Phase::kEnding;
  machine_.terminate(id);
  process_.after(kGrace, [this, id] { machine_.kill(id, SIGKILL); });
}

void Keeper::exited(const AttemptId& id, const sched::TaskEnd& end) {
  const auto at = held_.find(id);
  if (at == held_.end() || at->second.phase == Phase::kEnded) return;
  if (at->second.end.how == sched::TaskEnd::How::kLost) return;  // of a predecessor
  at->second.end = end;
  complete(id, at->second);
}

void Keeper::complete(const AttemptId& id, Held& held) {
  if (held.phase == Phase::kEnded) return;
  held.phase = Phase::kEnded;
  record(id);
  tell_({id, held.end});
}

// An end that the disk does not take is told all the same, and tried again.
void Keeper::record(const AttemptId& id) {
  const auto at = held_.find(id);
  if (at == held_.end() || at->second.recorded) return;
  at->second.recorded = machine_.record_end(id, at->second.end);
  if (!at->second.recorded) process_.after(kDiskPause, [this, id] { record(id); });
}

}  // namespace jobq::sim
