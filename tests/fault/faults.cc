// SPDX-License-Identifier: Apache-2.0
// The faults, each a function that begins it, waits and ends it.
#include "tests/fault/faults.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "tests/fault/clock.h"

namespace jobq::fault {
namespace {

constexpr std::int64_t kPatienceMs = 30'000;

// Of a thread: what is between two faults, on average, and how often there is peace for a while.
struct Pace {
  std::int64_t pause_ms;
  std::int64_t peace_ms;
  std::int64_t peace_one_in;
};
// A controller that was just started waits for lost nodes anew: sometimes it has the time to give
// one up.
constexpr Pace kPaceOfController{200, kLeaseMs + kLeaseMarginMs + 2'000, 16};
constexpr Pace kPaceOfNode{600, 3'000, 8};
constexpr Pace kPaceOfOperator{150, 3'000, 8};

// What a thread of faults works with.
struct Scene {
  Cluster& cluster;
  Load& load;
  Chronicle& chronicle;
  Chance chance;
  const std::atomic<bool>& over;
  Node* node = nullptr;  // of the thread of a node

  std::string who() const { return node == nullptr ? "controller" : node->name(); }
  void note(const std::string& what) { chronicle.note(who(), what); }
  // At most so long; less when the test is over.
  void wait(std::int64_t ms) const {
    const std::int64_t end_ms = steady_ms() + ms;
    while (!over && steady_ms() < end_ms) {
      wait_ms(std::min<std::int64_t>(end_ms - steady_ms(), 50));
    }
  }
};

using Fault = void (*)(Scene&);
struct Row {
  std::string name;
  int weight;
  Fault fault;
  unsigned does;  // of those below
};
constexpr unsigned kNothing = 0;
constexpr unsigned kKills = 1;  // daemons
constexpr unsigned kCuts = 2;   // nodes off the controller: all, or the one of the thread

void signal_daemon(Scene& scene, Process& daemon, int number) {
  if (daemon.signal(number)) return;
  scene.chronicle.broken("daemons stay", scene.who() + ": the daemon had ended by itself");
}

void kill_daemon(Scene& scene, Process& daemon) {
  signal_daemon(scene, daemon, SIGKILL);
  daemon.reap(kPatienceMs);
  scene.chronicle.killed_one();
}

void terminate_daemon(Scene& scene, Process& daemon) {
  signal_daemon(scene, daemon, SIGTERM);
  if (!daemon.reap(kPatienceMs)) {
    scene.chronicle.broken("daemons end on TERM", scene.who());
    daemon.signal(SIGKILL);
    daemon.reap(kPatienceMs);
  } else if (!WIFEXITED(daemon.status()) || WEXITSTATUS(daemon.status()) != 0) {
    scene.chronicle.broken("daemons end well on TERM", scene.who());
  }
}

void stop_daemon(Scene& scene, Process& daemon, std::int64_t ms) {
  signal_daemon(scene, daemon, SIGSTOP);
  scene.wait(ms);
  daemon.signal(SIGCONT);
}

// --- the controller ------------------------------------------------------------------------------

void start_controller(Scene& scene) {
  scene.cluster.controller().start();
  if (scene.cluster.controller_answers(kPatienceMs)) return;
  scene.chronicle.broken("the controller comes back", "it does not answer");
}

void kill_controller(Scene& scene) {
  const std::int64_t away_ms = scene.chance.one_in(4) ? scene.chance.between(100, 2000) : 0;
  scene.note(fmt::format("kill, away for {} ms", away_ms));
  kill_daemon(scene, scene.cluster.controller());
  scene.wait(away_ms);
  start_controller(scene);
}

void kill_controller_in_recovery(Scene& scene) {
  const std::int64_t after_ms = scene.chance.between(0, 60);
  scene.note(fmt::format("kill, and again {} ms after the start", after_ms));
  kill_daemon(scene, scene.cluster.controller());
  scene.cluster.controller().start();
  scene.wait(after_ms);
  kill_daemon(scene, scene.cluster.controller());
  start_controller(scene);
}

void terminate_controller(Scene& scene) {
  scene.note("terminate and start");
  terminate_daemon(scene, scene.cluster.controller());
  start_controller(scene);
}

void stop_controller(Scene& scene) {
  const std::int64_t ms = scene.chance.between(100, 2500);
  scene.note(fmt::format("stop for {} ms", ms));
  stop_daemon(scene, scene.cluster.controller(), ms);
}

// --- a node --------------------------------------------------------------------------------------

void kill_agent(Scene& scene) {
  const std::int64_t away_ms = scene.chance.one_in(2) ? scene.chance.between(50, 3500) : 0;
  scene.note(fmt::format("kill the agent, away for {} ms", away_ms));
  kill_daemon(scene, scene.node->agent());
  scene.wait(away_ms);
  scene.node->agent().start();
}

void terminate_agent(Scene& scene) {
  scene.note("terminate and start the agent");
  terminate_daemon(scene, scene.node->agent());
  scene.node->agent().start();
}

// Sometimes until it is given up: then what it has not read comes too late, and may run elsewhere.
void stop_agent(Scene& scene) {
  constexpr std::int64_t kGivenUpMs = kNodeTimeoutMs + kLeaseMs + kLeaseMarginMs;
  const std::int64_t ms = scene.chance.one_in(3)
                              ? scene.chance.between(kGivenUpMs, kGivenUpMs + 3'000)
                              : scene.chance.between(100, 4500);
  scene.note(fmt::format("stop the agent for {} ms", ms));
  stop_daemon(scene, scene.node->agent(), ms);
}

void harmed(Scene& scene, Harm harm, std::int64_t from_ms) {
  const std::string node = scene.node == nullptr ? std::string() : scene.node->name();
  scene.chronicle.add({node, harm, from_ms, wall_ms()});
}

// False where there is none at this moment.
bool kill_keeper_of(Scene& scene) {
  const pid_t keeper = scene.node->keeper();
  if (keeper == 0 || kill(keeper, SIGKILL) != 0) return false;
  scene.chronicle.killed_one();
  return true;
}

void kill_keeper(Scene& scene) {
  const std::int64_t from_ms = wall_ms();
  if (!kill_keeper_of(scene)) return scene.note("there is no keeper to kill");
  harmed(scene, Harm::kKeeperDied, from_ms);
  scene.note("kill the keeper");
}

// Not for long: a keeper that stands still cannot end what a lease wants ended.
void stop_keeper(Scene& scene) {
  const std::int64_t ms = scene.chance.between(20, 300);
  const pid_t keeper = scene.node->keeper();
  scene.note(fmt::format("stop the keeper for {} ms", ms));
  if (keeper == 0) return;
  kill(keeper, SIGSTOP);
  scene.wait(ms);
  kill(keeper, SIGCONT);
}

// It executes its own program again, and keeps its children.
void upgrade_keeper(Scene& scene) {
  scene.note("upgrade the keeper in place");
  if (const pid_t keeper = scene.node->keeper()) kill(keeper, SIGHUP);
}

void kill_agent_and_keeper(Scene& scene) {
  const std::int64_t away_ms = scene.chance.between(0, 300);
  scene.note(fmt::format("kill agent and keeper, away for {} ms", away_ms));
  kill_daemon(scene, scene.node->agent());
  const std::int64_t from_ms = wall_ms();
  if (kill_keeper_of(scene)) harmed(scene, Harm::kKeeperDied, from_ms);
  scene.wait(away_ms);
  scene.node->agent().start();
}

// The keeper first, or it would see the steps die.
void kill_all_of_node(Scene& scene, Harm harm) {
  const std::int64_t from_ms = wall_ms();
  kill_daemon(scene, scene.node->agent());
  kill_keeper_of(scene);
  for (auto left = scene.node->processes(); !left.empty(); left = scene.node->processes()) {
    for (const pid_t pid : left) kill(pid, SIGKILL);
  }
  harmed(scene, harm, from_ms);
}

void crash(Scene& scene) {
  const std::int64_t away_ms = scene.chance.between(0, 4000);
  scene.note(fmt::format("crash with all that runs there, away for {} ms", away_ms));
  kill_all_of_node(scene, Harm::kCrashed);
  scene.wait(away_ms);
  scene.node->agent().start();
}

void lose_state(Scene& scene) {
  scene.note("crash, and the state directory is lost");
  kill_all_of_node(scene, Harm::kStateLost);
  std::filesystem::remove_all(scene.node->state());
  scene.node->agent().start();
}

void with_wire(Scene& scene, const std::string& what, const Wire& wire, std::int64_t most_ms) {
  const std::int64_t ms = scene.chance.between(300, most_ms);
  scene.note(fmt::format("{} for {} ms", what, ms));
  scene.node->line().set(wire);
  scene.wait(ms);
  scene.node->line().set({});
  scene.note("the wire is well again");
}

void partition(Scene& scene) { with_wire(scene, "partition", {.up = false, .down = false}, 9000); }

void mute(Scene& scene) { with_wire(scene, "nothing goes to the controller", {.up = false}, 4000); }

void deafen(Scene& scene) {
  with_wire(scene, "nothing comes from the controller", {.down = false}, 4000);
}

void refuse(Scene& scene) { with_wire(scene, "connections refused", {.refuses = true}, 3000); }

void slow(Scene& scene) {
  const std::int64_t delay_ms = scene.chance.between(5, 250);
  with_wire(scene, fmt::format("everything {} ms late", delay_ms), {.delay_ms = delay_ms}, 3000);
}

void fray(Scene& scene) {
  with_wire(scene, "packets lost and out of order", {.frays = true, .delay_ms = 10}, 3000);
}

void reset(Scene& scene) {
  scene.note("connections are reset");
  scene.node->line().reset_connections();
}

// --- an operator ---------------------------------------------------------------------------------

void cancel_some(Scene& scene) {
  if (const auto job = scene.load.cancel_one(scene.chance)) {
    scene.chronicle.note("operator", "cancel " + *job);
  }
}

void hold_some(Scene& scene) {
  const auto job = scene.load.hold_one(scene.chance);
  if (!job) return;
  scene.chronicle.note("operator", "hold " + *job);
  scene.wait(scene.chance.between(50, 1500));
  scene.load.release(*job);
}

void drain_a_node(Scene& scene) {
  const std::string name = scene.chance.one_of(scene.cluster.nodes())->name();
  scene.chronicle.note("operator", "drain " + name);
  scene.cluster.insist({"node", "drain", name, "--reason", "fault test"});
  scene.wait(scene.chance.between(100, 2000));
  scene.cluster.insist({"node", "resume", name});
}

const std::vector<Row> kOfController = {
    {"kill-controller", 12, kill_controller, kKills | kCuts},
    {"kill-recovery", 3, kill_controller_in_recovery, kKills | kCuts},
    {"term-controller", 1, terminate_controller, kCuts},
    {"stop-controller", 2, stop_controller, kCuts},
};
const std::vector<Row> kOfNode = {
    {"kill-agent", 6, kill_agent, kKills | kCuts},
    {"term-agent", 2, terminate_agent, kCuts},
    {"stop-agent", 3, stop_agent, kCuts},
    {"kill-keeper", 3, kill_keeper, kKills},
    {"stop-keeper", 2, stop_keeper, kNothing},
    {"kill-both", 2, kill_agent_and_keeper, kKills | kCuts},
    {"crash", 3, crash, kKills | kCuts},
    {"lose-state", 1, lose_state, kKills | kCuts},
    {"upgrade-keeper", 2, upgrade_keeper, kNothing},
    {"partition", 4, partition, kCuts},
    {"mute", 2, mute, kCuts},
    {"deafen", 2, deafen, kCuts},
    {"refuse", 2, refuse, kCuts},
    {"slow", 2, slow, kCuts},
    {"fray", 2, fray, kCuts},
    {"reset", 2, reset, kCuts},
};
const std::vector<Row> kOfOperator = {
    {"cancel", 4, cancel_some, kNothing},
    {"hold", 3, hold_some, kNothing},
    {"drain", 1, drain_a_node, kNothing},
};

bool is_chosen(const Row& row, const std::vector<std::string>& only) {
  return only.empty() || std::find(only.begin(), only.end(), row.name) != only.end();
}

std::vector<Row> chosen(const std::vector<Row>& rows, const std::vector<std::string>& only) {
  std::vector<Row> result;
  for (const Row& row : rows) {
    if (is_chosen(row, only)) {
      result.insert(result.end(), static_cast<std::size_t>(row.weight), row);
    }
  }
  return result;
}

// One fault after the other, mostly close together; sometimes there is peace for a while.
void disturb(Scene scene, const std::vector<Row>& rows, const Pace& pace) {
  while (!rows.empty() && !scene.over) {
    scene.wait(scene.chance.one_in(pace.peace_one_in) ? pace.peace_ms
                                                      : scene.chance.between(0, 2 * pace.pause_ms));
    if (scene.over) break;
    const Row& row = scene.chance.one_of(rows);
    const std::int64_t from_ms = wall_ms();
    row.fault(scene);
    if ((row.does & kCuts) != 0) harmed(scene, Harm::kCutOff, from_ms);
    scene.chronicle.count("fault " + row.name);
  }
}

}  // namespace

std::vector<std::string> fault_names() {
  std::vector<std::string> names;
  for (const auto* rows : {&kOfController, &kOfNode, &kOfOperator}) {
    for (const Row& row : *rows) names.push_back(row.name);
  }
  return names;
}

bool any_kills(const std::vector<std::string>& only) {
  for (const auto* rows : {&kOfController, &kOfNode, &kOfOperator}) {
    for (const Row& row : *rows) {
      if ((row.does & kKills) != 0 && is_chosen(row, only)) return true;
    }
  }
  return false;
}

Faults::Faults(Cluster& cluster, Load& load, Chronicle& chronicle, const Plan& plan) {
  std::uint64_t stream = 0;
  const auto begin = [&](Node* node, const std::vector<Row>& rows, const Pace& pace) {
    const Scene scene{cluster, load, chronicle, Chance(plan.seed, ++stream), over_, node};
    threads_.emplace_back(disturb, scene, chosen(rows, plan.only), pace);
  };
  begin(nullptr, kOfController, kPaceOfController);
  begin(nullptr, kOfOperator, kPaceOfOperator);
  for (const auto& node : cluster.nodes()) begin(node.get(), kOfNode, kPaceOfNode);
}

Faults::~Faults() { heal(); }

void Faults::heal() {
  over_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace jobq::fault
