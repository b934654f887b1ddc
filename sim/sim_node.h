// SPDX-License-Identifier: Apache-2.0
// A simulated node: small models of the keeper (exec/steps.h) and the agent (exec/agent.h) that
// keep, tell and repeat what the real ones do, on a machine of their own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/machine.h"
#include "sim/network.h"
#include "sim/timeline.h"

namespace jobq::sim {

// What keeper and agent say to each other about an attempt.
struct AttemptNews {
  AttemptId id;
  std::optional<sched::TaskEnd> end;
};

// Starts, contains and reaps. Told of exits by its machine, and of nothing by the network.
class Keeper {
 public:
  using Tell = std::function<void(const AttemptNews&)>;
  Keeper(Machine& machine, Timeline& timeline, Chance& chance, Tell tell);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  Process& process() { return process_; }
  std::vector<AttemptNews> attempts() const;
  void start(const sched::Launch& launch);
  void order(const Order& order);
  // So long from now what is fenced may run on.
  void renew_lease(Millis left);

 private:
  enum class Phase : std::uint8_t { kRunning, kEnding, kEnded };
  struct Held {
    Phase phase = Phase::kRunning;
    bool suspended = false;
    bool fenced = false;
    sched::TaskEnd end;
    bool recorded = false;
  };
  void adopt(const AttemptId& id, const Recorded& known);
  void kill(const AttemptId& id, Held& held);
  void exited(const AttemptId& id, const sched::TaskEnd& end);
  void complete(const AttemptId& id, Held& held);
  void record(const AttemptId& id);
  void end_fenced();
  bool lease_is_over() const;

  Machine& machine_;
  Timeline& timeline_;
  Chance& chance_;
  Tell tell_;
  Process process_;
  std::map<AttemptId, Held> held_;
  std::uint64_t leases_ = 0;                    // the newest counts
  std::optional<std::int64_t> lease_until_us_;  // none where none was ever given
};

class SimNode final : private Peer {
 public:
  SimNode(std::string name, resmgr::Capacity capacity, Timeline& timeline, Chance& chance,
          Network& network, Witness& witness);
  ~SimNode() override;

  const std::string& name() const { return machine_.name(); }
  Machine& machine() { return machine_; }
  void start_agent();
  // Services of these types, ascending, from now on, also when its agent is another one.
  void offer(std::vector<std::string> types);

  // --- faults
  void kill_agent(Millis down, const resmgr::Capacity& next);
  void kill_keeper();  // its agent starts another one
  void lose_power(Millis down, bool state_too);
  void leave(bool state_too);  // without power until everything heals
  bool is_gone() const { return gone_; }
  void pause_agent(Millis span);
  void pause_keeper(Millis span);
  void heal(const resmgr::Capacity& capacity);

 private:
  struct Known {
    std::optional<sched::TaskEnd> end;
    bool confirmed = true;
  };

  // The agent and its keeper.
  void look_for_keeper();
  void attach();
  void on_keeper_state(const std::vector<AttemptNews>& attempts);
  void on_attempt(const AttemptNews& news);
  void to_keeper(std::function<void(Keeper&)> what);
  void from_keeper(std::function<void()> what);
  void end_agent();
  void end_all(bool state_too);

  // The agent and the controller.
  void call();
  void call_again();
  void hang_up();
  void beat(std::uint64_t of);
  void on_heartbeat(const Heartbeat& answered);
  void renew_lease(std::int64_t since_us);
  void on_connected(ConnectionId connection) override;
  void on_message(ConnectionId connection, const Message& message) override;
  void on_lost(ConnectionId connection, const std::string& reason) override;
  void on_welcome(const Welcomed& welcome);
  void on_launch(const sched::Launch& launch);
  void on_order(const Order& order);
  void tell(const AttemptId& id, const Known& known);

  Timeline& timeline_;
  Chance& chance_;
  Network& network_;
  Machine machine_;
  resmgr::Capacity capacity_;
  std::vector<std::string> services_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<Process> agent_;
  std::uint64_t link_ = 0;    // between agent and keeper: what was said on an older one is dropped
  std::uint64_t starts_ = 0;  // planned ones of the agent: the newest counts
  std::map<AttemptId, Known> attempts_;
  std::optional<ConnectionId> connection_;
  bool joined_ = false;
  bool gone_ = false;  // for good, as far as operators know
  Millis heartbeat_{1000};
  int silent_beats_ = 0;
  std::uint64_t beats_ = 0;  // of which connection
  Millis lease_{0};
  std::map<std::uint64_t, std::int64_t> sent_us_;  // heartbeats that are not answered
  std::uint64_t last_number_ = 0;
  std::int64_t joined_at_us_ = 0;
  Millis pause_;
};

}  // namespace jobq::sim
