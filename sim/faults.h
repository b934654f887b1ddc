// SPDX-License-Identifier: Apache-2.0
// What goes wrong, when, and how it is mended in the end. Each world has faults of some kinds only,
// at a rate of its own: faults that are always all there hide each other.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/chance.h"
#include "sim/clients.h"
#include "sim/controller_process.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/node_desk.h"
#include "sim/sim_node.h"
#include "sim/timeline.h"

namespace jobq::sim {

// What faults are done to. The world owns it all.
struct Victims {
  Timeline& timeline;
  Chance& chance;
  Witness& witness;
  Disk& disk;
  Network& network;
  Clients& clients;
  std::vector<std::unique_ptr<SimNode>>& nodes;
  std::function<ControllerProcess*()> controller;  // null while there is none
  // Kills it, with the power of its host or without; it comes back after a while.
  std::function<void(bool power_too, Millis down)> kill_controller;
  std::function<void(Millis)> set_clock;  // the wall clock, by so much
  std::function<resmgr::Capacity(const SimNode&)> other_capacity;
};

// In a world of at least this length a node is away once for long enough to be given up: it begins
// early enough before everything heals.
inline constexpr Millis kLongSpan = kGivenUpAfter + seconds(19);

class Faults {
 public:
  explicit Faults(Victims victims);

  // Faults until the span is over.
  void plan(Millis span);
  // The controller is about to open its journal: shall that go wrong, too?
  void at_recovery();
  void stop() { stopped_ = true; }

 private:
  using Fault = void (Faults::*)();
  struct Kind {
    std::string_view name;
    Fault fault;
    bool ends_controller = false;
  };
  static const std::vector<Kind>& kinds();

  void plan_parting(Millis span);
  void next();
  SimNode& some_node();
  Millis a_while();
  void note(std::string_view kind, const std::string& what);

  void kill_controller();
  void restart_controller();
  void cut_power();
  void crash_in_a_turn();
  void crash_in_a_write();
  void stop_controller();
  void fill_disk();
  void fail_disk();
  void fail_a_call();
  void slow_disk();
  void jump_clock();
  void cut_off_node();
  void part_from_node();
  void break_connection();
  void kill_agent();
  void kill_keeper();
  void reboot_node();
  void lose_node_state();
  void take_node_away();
  void stop_agent();
  void stop_keeper();
  void fill_node_disk();

  Victims on_;
  std::vector<Kind> chosen_;
  Millis pause_;  // between two, on average
  bool stopped_ = false;
};

}  // namespace jobq::sim
