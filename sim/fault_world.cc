// SPDX-License-Identifier: Apache-2.0
// The parts of a world, from its beginning to its end.
#include "sim/fault_world.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/check.h"
#include "sim/clients.h"
#include "sim/controller_process.h"
#include "sim/faults.h"
#include "sim/job_mix.h"
#include "sim/network.h"
#include "sim/sim_node.h"

namespace jobq::sim {
namespace {

constexpr Time kEpoch{1'700'000'000'000};
constexpr Millis kNudge{2000};
// Most worlds are short: more of them fit into a night. In a long one nodes may stay away until
// they are given up.
constexpr std::uint64_t kLongWorldsOneIn = 4;
constexpr Millis kLongestSpan = seconds(150);
constexpr Millis kPatience = seconds(1800);  // after the healing
constexpr int kVainBoots = 100;              // likewise: some were foreseen before

// A journal with a schema and nothing else in it, made once: most worlds begin with a copy.
const Disk& fresh_disk() {
  static const Disk kFresh = [] {
    Disk disk(0);
    {
      const DiskVfs vfs(disk);
      const auto made = store::JournalFile::open(kJournalPath, {}, vfs.name());
      check(made.has_value(), "a journal can be made on a healthy disk");
    }
    return Disk(disk);
  }();
  return kFresh;
}

class World {
 public:
  World(std::uint64_t seed, Promises::Trace trace);
  WorldReport run();

 private:
  void boot();
  void kill(bool power_too, Millis down);
  void take_away();
  void boot_again(Millis down);
  void plan_services();
  void heal();
  void nudge();
  bool is_over() const;
  bool run_until(Millis span);
  void finish();
  void say_what_waits();
  WorldReport report();

  resmgr::Capacity other_capacity(const SimNode& node);
  Time wall_clock() const { return kEpoch + Millis{timeline_.now_us() / 1000} + clock_offset_; }

  Chance chance_;
  Timeline timeline_;
  Promises promises_;
  Disk disk_;
  Network network_;
  Clients clients_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::vector<std::string> node_names_;
  std::unique_ptr<ControllerProcess> controller_;
  std::unique_ptr<Faults> faults_;
  Millis clock_offset_;
  Millis span_;
  bool healing_ = false;
  int vain_boots_ = 0;  // once healed
  std::map<std::string, std::uint64_t> counts_;
};

Disk disk_for(Chance& chance) {
  return chance.one_in(8) ? Disk(chance.next()) : Disk(fresh_disk(), chance.next());
}

World::World(std::uint64_t seed, Promises::Trace trace)
    : chance_(seed),
      promises_(timeline_, std::move(trace)),
      disk_(disk_for(chance_)),
      network_(timeline_, chance_),
      clients_(timeline_, chance_, promises_,
               [this](sched::Event event) {
                 if (controller_) controller_->post(std::move(event));
               }),
      span_(chance_.one_in(kLongWorldsOneIn) ? chance_.between(kLongSpan, kLongestSpan)
                                             : chance_.between(seconds(5), seconds(40))) {
  const std::size_t count = 1 + chance_.below(4);
  for (std::size_t i = 1; i <= count; ++i) {
    node_names_.push_back(fmt::format("n{}", i));
    const resmgr::Capacity capacity = random_capacity(chance_);
    promises_.node_may_have(node_names_.back(), capacity);
    nodes_.push_back(std::make_unique<SimNode>(node_names_.back(), capacity, timeline_, chance_,
                                               network_, promises_));
    nodes_.back()->offer(random_services(chance_));
  }
  faults_ = std::make_unique<Faults>(
      Victims{timeline_, chance_, promises_, disk_, network_, clients_, nodes_,
              [this] { return controller_.get(); },
              [this](bool power_too, Millis down) { kill(power_too, down); },
              [this](Millis by) { clock_offset_ = clock_offset_ + by; },
              [this](const SimNode& node) { return other_capacity(node); }});
}

resmgr::Capacity World::other_capacity(const SimNode& node) {
  resmgr::Capacity next = random_capacity(chance_);
  promises_.node_may_have(node.name(), next);
  return next;
}

// --- the controller's lives

void World::boot() {
  if (controller_) return;
  ++counts_["boots"];
  faults_->at_recovery();
  controller_ = std::make_unique<ControllerProcess>(ControllerProcess::Surroundings{
      timeline_, chance_, disk_, network_, promises_, [this] { return wall_clock(); },
      [this](const sched::Reply& reply) { clients_.on_reply(reply); },
      [this](const sched::EventManager& core) { promises_.after_turn(core, wall_clock()); },
      [this] { take_away(); }, counts_});
  const bool begun = controller_->begin();
  promises_.happened([&] { return begun ? "the controller serves" : "it could not begin"; });
  if (begun) return;
  if (healing_ && ++vain_boots_ > kVainBoots) {
    return promises_.broken("everything_ends_once_healed", "the controller cannot begin any more");
  }
  kill(chance_.one_in(2), chance_.between(Millis{1}, Millis{3000}));
}

void World::kill(bool power_too, Millis down) {
  ++counts_[power_too ? "losses of power" : "kills"];
  promises_.happened([&] { return power_too ? "power is lost" : "the controller is killed"; });
  disk_.die_now();
  controller_.reset();
  if (power_too) {
    disk_.lose_power();
  } else {
    disk_.restart();
  }
  promises_.after_crash(disk_);
  boot_again(down);
}

// It has stopped, or died by itself: with its host, perhaps.
void World::take_away() {
  if (!controller_) return;
  const Millis down = chance_.between(Millis{1}, Millis{3000});
  if (!controller_->has_stopped()) return kill(chance_.one_in(2), down);
  ++counts_["clean stops"];
  promises_.happened([] { return "the controller has stopped"; });
  controller_.reset();
  disk_.restart();
  promises_.after_crash(disk_);
  boot_again(down);
}

void World::boot_again(Millis down) {
  timeline_.after(healing_ ? Millis{1} : down, [this] { boot(); });
}

// --- its course

bool World::run_until(Millis span) {
  const std::int64_t until_us = timeline_.now_us() + span.count * 1000;
  while (!promises_.violation() && timeline_.now_us() < until_us) {
    if (healing_ && is_over()) return true;
    if (!timeline_.step()) return false;
  }
  return false;
}

bool World::is_over() const {
  return controller_ && clients_.all_answered() && controller_->core().live_count() == 0 &&
         controller_->is_idle();
}

// What nodes offer changes in the ordinary course of things.
void World::plan_services() {
  for (const auto& node : nodes_) {
    for (std::size_t left = chance_.below(3); left > 0; --left) {
      timeline_.after(chance_.between(Millis{0}, span_), [this, &node] {
        if (!healing_) node->offer(random_services(chance_));
      });
    }
  }
}

void World::heal() {
  promises_.happened([] { return "everything heals"; });
  healing_ = true;
  faults_->stop();
  disk_.heal();
  network_.heal();
  for (const auto& node : nodes_) {
    promises_.node_may_have(node->name(), whole_capacity());
    node->heal(whole_capacity());
    node->offer(all_services());
  }
  boot();
  nudge();
}

// Whoever held or drained something lets it go: again and again, for what was asked before the
// healing may still come through.
void World::nudge() {
  if (clients_.all_answered()) clients_.heal(node_names_);
  timeline_.after(kNudge, [this] { nudge(); });
}

void World::say_what_waits() {
  std::string text = clients_.all_answered() ? "" : "a client has no answer; ";
  if (!controller_) text += "there is no controller; ";
  if (controller_) {
    controller_->core().queue({}, wall_clock(), [&](const sched::JobSummary& job) {
      const auto why = controller_->core().why(job.job, wall_clock());
      text += fmt::format("job {} is {}: {}; ", job.job.value, code(job.state),
                          why ? why->summary : "");
      if (why && !why->blockers.empty()) text += why->blockers.front().text + "; ";
      return true;
    });
  }
  promises_.broken("everything_ends_once_healed", text);
}

void World::finish() {
  if (promises_.violation()) return;
  counts_["commits"] += controller_->journal().commits;
  disk_.die_now();
  controller_.reset();
  disk_.lose_power();
  promises_.at_the_end(disk_);
}

WorldReport World::run() {
  boot();
  for (const auto& node : nodes_) node->start_agent();
  clients_.plan(3 + chance_.below(22), span_, node_names_);
  plan_services();
  faults_->plan(span_);
  run_until(span_);
  if (!promises_.violation()) heal();
  if (!run_until(kPatience) && !promises_.violation()) say_what_waits();
  finish();
  return report();
}

WorldReport World::report() {
  counts_["events"] = timeline_.steps();
  counts_["requests"] = clients_.requests();
  counts_["copies of requests"] = clients_.copies();
  counts_["processes"] = promises_.processes();
  for (const auto& [what, count] : promises_.counts()) counts_[what] = count;
  counts_["connections"] = network_.counters().connections;
  counts_["messages"] = network_.counters().delivered;
  counts_["messages lost"] = network_.counters().lost;
  counts_["orders doubled"] = network_.counters().doubled;
  counts_["writes"] = disk_.counters().writes;
  counts_["syncs"] = disk_.counters().syncs;
  counts_["writes refused"] = disk_.counters().refused;
  counts_["writes lost"] = disk_.counters().lost;
  counts_["writes torn"] = disk_.counters().torn;
  return {promises_.violation(), promises_.fingerprint(), promises_.faults(), counts_};
}

}  // namespace

WorldReport run_world(std::uint64_t seed, Promises::Trace trace) {
  return World(seed, std::move(trace)).run();
}

}  // namespace jobq::sim
