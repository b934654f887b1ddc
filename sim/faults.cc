// SPDX-License-Identifier: Apache-2.0
// The kinds of faults.
#include "sim/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace jobq::sim {
namespace {

constexpr Millis kLongestParting = kGivenUpAfter + seconds(50);

}  // namespace

const std::vector<Faults::Kind>& Faults::kinds() {
  static const std::vector<Kind> kAll{
      {"controller killed", &Faults::kill_controller, true},
      {"controller restarted", &Faults::restart_controller, true},
      {"power of the controller lost", &Faults::cut_power, true},
      {"controller killed in a turn", &Faults::crash_in_a_turn, true},
      {"controller killed in a write", &Faults::crash_in_a_write, true},
      {"controller stopped for a while", &Faults::stop_controller},
      {"disk full", &Faults::fill_disk},
      {"disk failing", &Faults::fail_disk},
      {"one call of the disk failed", &Faults::fail_a_call},
      {"disk slow", &Faults::slow_disk},
      {"clock set", &Faults::jump_clock},
      {"node cut off", &Faults::cut_off_node},
      {"node away for long", &Faults::part_from_node},
      {"connection broken", &Faults::break_connection},
      {"agent killed", &Faults::kill_agent},
      {"keeper killed", &Faults::kill_keeper},
      {"node rebooted", &Faults::reboot_node},
      {"state of a node lost", &Faults::lose_node_state},
      {"node gone for good", &Faults::take_node_away},
      {"agent stopped for a while", &Faults::stop_agent},
      {"keeper stopped for a while", &Faults::stop_keeper},
      {"disk of a node full", &Faults::fill_node_disk},
  };
  return kAll;
}

Faults::Faults(Victims victims) : on_(std::move(victims)) {
  const std::size_t one_in = 1 + on_.chance.below(4);
  for (const Kind& kind : kinds()) {
    if (on_.chance.one_in(one_in)) chosen_.push_back(kind);
  }
  pause_ = on_.chance.between(Millis{150}, Millis{3000});
  on_.network.set_doubling(on_.chance.one_in(3));
  on_.clients.set_lossy(!on_.chance.one_in(3));
}

void Faults::plan(Millis span) {
  if (chosen_.empty()) return;
  if (span >= kLongSpan) plan_parting(span);
  on_.timeline.after(on_.chance.between(Millis{0}, pause_), [this] { next(); });
  on_.timeline.after(span, [this] { stop(); });
}

// What comes too often brings nodes back too early, and a controller that ends counts anew when it
// is back: most do not, in a long world.
void Faults::plan_parting(Millis span) {
  pause_ = Millis{pause_.count * 10};
  const bool spared = !on_.chance.one_in(3);
  if (spared) std::erase_if(chosen_, [](const Kind& it) { return it.ends_controller; });
  on_.timeline.after(on_.chance.between(Millis{0}, span - kGivenUpAfter), [this] {
    if (!stopped_) part_from_node();
  });
}

void Faults::next() {
  if (stopped_ || chosen_.empty()) return;
  (this->*chosen_[on_.chance.below(chosen_.size())].fault)();
  on_.timeline.after(on_.chance.between(Millis{1}, Millis{2 * pause_.count}), [this] { next(); });
}

SimNode& Faults::some_node() { return *on_.nodes[on_.chance.below(on_.nodes.size())]; }

// Mostly shorter than what it takes for a silence to be noticed, at times much longer.
Millis Faults::a_while() {
  return on_.chance.one_in(4) ? on_.chance.between(seconds(2), seconds(20))
                              : on_.chance.between(Millis{1}, seconds(2));
}

void Faults::note(std::string_view kind, const std::string& what) {
  on_.witness.fault(kind, [&] { return what; });
}

// --- the controller and its host

void Faults::kill_controller() {
  if (!on_.controller()) return;
  note("controller killed", "");
  on_.kill_controller(false, a_while());
}

void Faults::restart_controller() {
  if (!on_.controller()) return;
  note("controller restarted", "");
  on_.controller()->stop();
}

void Faults::cut_power() {
  if (!on_.controller()) return;
  note("power of the controller lost", "");
  on_.kill_controller(true, a_while());
}

void Faults::crash_in_a_turn() {
  if (!on_.controller()) return;
  const auto at = static_cast<DeathAt>(on_.chance.below(kDeathPoints));
  note("controller killed in a turn", std::string(to_string(at)));
  on_.controller()->die_at(at, on_.chance.below(at == DeathAt::kAction ? 6 : 3));
}

void Faults::crash_in_a_write() {
  note("controller killed in a write", "");
  on_.disk.die_after(on_.chance.below(30));
}

void Faults::at_recovery() {
  if (stopped_ || !on_.chance.one_in(6)) return;
  note("controller killed in its recovery", "");
  on_.disk.die_after(on_.chance.below(12));
}

void Faults::stop_controller() {
  if (!on_.controller()) return;
  const Millis span = a_while();
  note("controller stopped for a while", format_duration(span));
  on_.controller()->pause(span);
}

void Faults::fill_disk() {
  note("disk full", "");
  on_.disk.set_full(true);
  on_.timeline.after(a_while(), [this] { on_.disk.set_full(false); });
}

void Faults::fail_disk() {
  note("disk failing", "");
  on_.disk.set_failing(true);
  on_.timeline.after(a_while(), [this] { on_.disk.set_failing(false); });
}

void Faults::fail_a_call() {
  note("one call of the disk failed", "");
  on_.disk.fail_after(on_.chance.below(30));
}

void Faults::slow_disk() {
  if (!on_.controller()) return;
  note("disk slow", "");
  on_.controller()->set_slow_disk(true);
  on_.timeline.after(a_while(), [this] {
    if (on_.controller()) on_.controller()->set_slow_disk(false);
  });
}

void Faults::jump_clock() {
  const Millis by = on_.chance.between(seconds(-300), seconds(300));
  note("clock set", fmt::format("by {} ms", by.count));
  on_.set_clock(by);
}

// --- the network and the nodes

void Faults::cut_off_node() {
  const std::string name = some_node().name();
  note("node cut off", name);
  on_.network.cut_off(name, true);
  on_.timeline.after(a_while(), [this, name] { on_.network.cut_off(name, false); });
}

// Long enough that the controller gives it up, unless something brings it back before.
void Faults::part_from_node() {
  SimNode& node = some_node();
  const Millis span = on_.chance.between(kGivenUpAfter, kLongestParting);
  note("node away for long", node.name());
  if (on_.chance.one_in(2)) return node.kill_agent(span, on_.other_capacity(node));
  on_.network.cut_off(node.name(), true);
  on_.timeline.after(span, [this, name = node.name()] { on_.network.cut_off(name, false); });
}

void Faults::break_connection() {
  note("connection broken", "");
  on_.network.break_one();
}

void Faults::kill_agent() {
  SimNode& node = some_node();
  note("agent killed", node.name());
  node.kill_agent(a_while(), on_.other_capacity(node));
}

void Faults::kill_keeper() {
  SimNode& node = some_node();
  note("keeper killed", node.name());
  node.kill_keeper();
}

void Faults::reboot_node() {
  SimNode& node = some_node();
  note("node rebooted", node.name());
  node.lose_power(a_while(), false);
}

void Faults::lose_node_state() {
  SimNode& node = some_node();
  note("state of a node lost", node.name());
  node.lose_power(a_while(), true);
}

// An operator who says that it does not come back tells the truth: else what he says breaks
// promises that jobq keeps.
void Faults::take_node_away() {
  SimNode& node = some_node();
  const auto is_left = [](const auto& one) { return !one->is_gone(); };
  if (node.is_gone() || std::ranges::count_if(on_.nodes, is_left) < 2) return;
  note("node gone for good", node.name());
  node.leave(on_.chance.one_in(2));
  on_.clients.forget(node.name());
}

void Faults::stop_agent() {
  SimNode& node = some_node();
  note("agent stopped for a while", node.name());
  node.pause_agent(a_while());
}

void Faults::stop_keeper() {
  SimNode& node = some_node();
  note("keeper stopped for a while", node.name());
  node.pause_keeper(a_while());
}

void Faults::fill_node_disk() {
  SimNode& node = some_node();
  note("disk of a node full", node.name());
  node.machine().set_disk_full(true);
  on_.timeline.after(a_while(), [&node] { node.machine().set_disk_full(false); });
}

}  // namespace jobq::sim
